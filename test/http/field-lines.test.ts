import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FieldLines } from '../../src/http/field-lines.js'

const fresh = (): FieldLines => new FieldLines(new Set(['content-length']))

test('a field is a line, spelled as it came', () => {
  const lines = fresh()
  for (const name of ['X-A', 'x-a', "!#$%&'*+-.^_`|~9"])
    for (const value of ['', 'b', 'b: c', '\xfc\xff', ' \t', 'v'.repeat(5000)])
      for (let i = 0; i < 3; i++) assert.equal(lines.of(name, value), `${name}: ${value}\r\n`)
})

test('each value has its own line, however often another one came before', () => {
  const lines = fresh()
  const values = ['a', 'b', 'a', 'a', 'a', 'b', 'b', 'c', ...Array.from({ length: 100 }, (_, i) => `v${i >> 1}`), 'a']
  for (const value of values) assert.equal(lines.of('X-A', value), `X-A: ${value}\r\n`)
})

test('what is no field has no line, also after the name or the value was met', () => {
  const lines = fresh()
  for (const name of ['', 'X A', 'X:', 'X\r\nY', 'X\xfc', 'X\u0142']) assert.equal(lines.of(name, 'a'), undefined, name)
  for (const good of ['a', 'a', 'a'])
    for (const value of ['a\r\nX-B: b', '\n', '\0', '\x7f', '\u0142', `${good}\r`]) {
      assert.equal(lines.of('X-A', value), undefined)
      assert.equal(lines.of('X-A', good), 'X-A: a\r\n')
    }
})

test('a name that is left to others has no line, however it is spelled', () => {
  const lines = fresh()
  for (let i = 0; i < 3; i++)
    for (const name of ['content-length', 'Content-Length', 'CONTENT-LENGTH']) assert.equal(lines.of(name, '1'), undefined)
})

test('names beyond those that are remembered have lines as well', () => {
  const lines = fresh()
  for (let i = 0; i < 1200; i++) assert.equal(lines.of(`X-${i}`, 'a'), `X-${i}: a\r\n`)
  for (let i = 0; i < 2; i++) {
    assert.equal(lines.of('X-1199', 'b'), 'X-1199: b\r\n')
    assert.equal(lines.of('X-1199', 'b\n'), undefined)
    assert.equal(lines.of(`X-${'n'.repeat(200)}`, 'b'), `X-${'n'.repeat(200)}: b\r\n`)
    assert.equal(lines.of('content-LENGTH', '1'), undefined)
  }
})

test('credentials are not remembered', () => {
  const lines = fresh()
  for (let i = 0; i < 40; i++)
    for (const name of ['Authorization', 'cookie', 'Set-Cookie', 'proxy-authorization']) lines.of(name, 'a-secret')
  assert.doesNotMatch(JSON.stringify([...(lines as unknown as { known: Map<string, unknown> }).known]), /a-secret/)
})
