import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldName, fieldValue } from '../../src/client/field-texts.js'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

test('a name tells its spelling, its lower case and whether it is hop-by-hop, each time', () => {
  for (let turn = 0; turn < 40; turn++) {
    for (const text of ['Content-Type', 'content-type', 'CONTENT-TYPE', 'Keep-Alive', 'X-\xe9', '', `X-${'a'.repeat(100)}`]) {
      const name = fieldName(latin1(text))
      assert.equal(name.text, text)
      assert.equal(name.lower, text.toLowerCase())
      assert.equal(name.isHopByHop, text === 'Keep-Alive')
    }
  }
})

test('names and values that come again are the same object', () => {
  for (let turn = 0; turn < 40; turn++) fieldName(latin1('X-Comes-Again'))
  assert.equal(fieldName(latin1('X-Comes-Again')), fieldName(latin1('X-Comes-Again')))
})

test('values are told apart by each of their bytes, whatever shares their place', () => {
  const base = 'Mon, 30 Nov 2026 08:26:20 GMT'
  const texts = [base, '', 'a'.repeat(48), 'a'.repeat(49), 'a'.repeat(5000)]
  for (let i = 0; i < base.length; i++) {
    for (const byte of ['\0', '\x7f', '\xff', 'x']) texts.push(base.slice(0, i) + byte + base.slice(i + 1))
  }
  for (let turn = 0; turn < 20; turn++) for (const text of texts) assert.equal(fieldValue(latin1(text)), text)
})

test('random heads come back as they were', () => {
  let seed = 1
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return seed % below
  }
  for (let turn = 0; turn < 20_000; turn++) {
    const text = String.fromCharCode(...Array.from({ length: random(6) }, () => 250 + random(6)))
    assert.equal(fieldValue(latin1(text)), text)
    assert.equal(fieldName(latin1(text)).text, text)
  }
})

test('the bytes may be used again afterwards', () => {
  const bytes = latin1('X-Kept')
  const name = fieldName(bytes)
  const value = fieldValue(bytes)
  bytes.fill(0x41)
  assert.equal(name.text, 'X-Kept')
  assert.equal(value, 'X-Kept')
  assert.equal(fieldValue(bytes), 'AAAAAA')
})
