/** The upstream's files, by the shapes that the cases ask for. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Text of exactly `bytes` bytes. */
export function textOf(bytes) {
  return 'The quick brown fox jumps over the lazy dog. '.repeat(Math.ceil(bytes / 45)).slice(0, bytes)
}

/** A JSON object of about `bytes` bytes: an order with lines, as APIs send it. */
export function jsonOf(bytes) {
  const order = { id: 4711, name: 'Ada Lovelace', total: 1234.5, open: true, tags: ['a', 'b'], lines: [] }
  let size = JSON.stringify(order).length
  for (let i = 0; size < bytes - 60; i++) {
    const line = {
      sku: `A-${1000 + i}`,
      quantity: (i % 7) + 1,
      price: 9.99 + i,
      note: 'left at the door',
      gift: i % 3 === 0,
      tax: null
    }
    order.lines.push(line)
    size += JSON.stringify(line).length + 1
  }
  const text = JSON.stringify(order)
  if (text.length >= bytes) return text
  return `${text.slice(0, -1)},"rest":"${'x'.repeat(Math.max(0, bytes - text.length - 10))}"}`
}

/** The upstream's files: texts by name. */
export function bodies() {
  const small = name => JSON.stringify({ [`${name}Id`]: 17, [`${name}Name`]: 'Grace Hopper', [`${name}Text`]: 'x'.repeat(90) })
  return {
    '150.txt': textOf(150),
    '16k.txt': textOf(16 * 1024),
    '1m.txt': textOf(1024 * 1024),
    '150.json': jsonOf(150),
    '16k.json': jsonOf(16 * 1024),
    '1m.json': jsonOf(1024 * 1024),
    'a.json': small('a'),
    'b.json': small('b'),
    'c.json': small('c')
  }
}

/** Writes the files into `folder`, which the upstream serves. */
export function writeBodies(folder) {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(bodies())) writeFileSync(path.join(folder, name), text)
}
