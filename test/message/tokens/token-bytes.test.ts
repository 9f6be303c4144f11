import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Token } from '../../../src/message/public.js'
import { TokenBytes } from '../../../src/message/tokens/token-bytes.js'
import { TokenWriter } from '../../../src/message/tokens/token-writer.js'

const stringOf = (value: string): string => {
  const writer = new TokenBytes()
  writer.token({ name: 'stringValue', value })
  return writer.take()!.toString()
}

test('writes every character as JSON.stringify does, in short strings and in long ones', () => {
  for (let code = 0; code <= 0xffff; code++) {
    const value = `a${String.fromCharCode(code)}b`
    if (stringOf(value) !== JSON.stringify(value)) assert.fail(`U+${code.toString(16)}`)
  }
  for (const one of ['', 'x', 'é', '"', '\u0001', '\u2028', '😀', '\ud800', '\udc00x']) {
    for (const count of [1, 30, 95, 96, 97, 5000]) {
      for (const value of [one.repeat(count), `${'x'.repeat(count)}${one}`])
        assert.equal(stringOf(value), JSON.stringify(value), `${count} × ${JSON.stringify(one)}`)
    }
  }
})

test('grows with what it is given, and hands over copies', () => {
  const writer = new TokenBytes()
  writer.reserve(3)
  const tokens: Token[] = [
    { name: 'startObject' },
    { name: 'keyValue', value: 'é'.repeat(40) },
    { name: 'startArray' },
    { name: 'numberValue', value: '1'.repeat(300) },
    { name: 'trueValue', value: true },
    { name: 'falseValue', value: false },
    { name: 'nullValue', value: null },
    { name: 'stringValue', value: 'ß'.repeat(9000) },
    { name: 'endArray' },
    { name: 'endObject' }
  ]
  assert.equal(writer.take(), undefined)
  const parts = tokens.map(t => {
    writer.token(t)
    return writer.take()!
  })
  writer.end()
  const text = new TokenWriter()
  for (const t of tokens) text.token(t)
  assert.equal(Buffer.concat(parts).toString(), text.take())
  assert.equal(parts[0]!.toString(), '{')
})
