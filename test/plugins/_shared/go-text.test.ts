import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimText, goJson, goValue, sortJson } from '../../../plugins/_shared/go-text.js'

test('writes claims as KrakenD does in headers', () => {
  const cases: [unknown, string][] = [
    ['text', 'text'],
    ['', ''],
    [42, '42'],
    [-3, '-3'],
    [1.5, '1.500000'],
    [2.00000001, '2'],
    [12345678901, '12345678901'],
    [1e20, '100000000000000000000'],
    [true, 'true'],
    [null, 'null'],
    [undefined, ''],
    [[], ''],
    [['a', 'b'], 'a,b'],
    [[1, 2.5, 'x', true, null], '1,2.5,x,true,<nil>'],
    [{ k: 'v', deep: { role: ['r'] }, n: 3 }, '{"deep":{"role":["r"]},"k":"v","n":3}']
  ]
  for (const [value, text] of cases) assert.equal(claimText(value), text)
})

test('writes items of lists as %v does', () => {
  const cases: [unknown, string][] = [
    [100000, '100000'],
    [1000000, '1e+06'],
    [123456789, '1.23456789e+08'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-2.5, '-2.5'],
    [1e100, '1e+100'],
    [0, '0'],
    [{ b: 1, a: ['x', 'y'] }, 'map[a:[x y] b:1]'],
    [undefined, '<nil>'],
    [false, 'false']
  ]
  for (const [value, text] of cases) assert.equal(goValue(value), text)
})

test('sorts keys by their bytes and escapes what HTML could take for its own', () => {
  assert.equal(
    goJson({ b: '<a&b>', a: [1, { z: null, y: 'é' }], '\u{1f600}': 1, '\uffff': 2 }),
    '{"a":[1,{"y":"é","z":null}],"b":"\\u003ca\\u0026b\\u003e","\uffff":2,"\u{1f600}":1}'
  )
  assert.equal(goJson('\u2028\u2029'), '"\\u2028\\u2029"')
})

test('keeps how numbers were written, takes the last of two equal keys, and treats __proto__ as a name', () => {
  assert.equal(sortJson(' { "n" : 1.10 , "b" : 12345678901234567890, "b": [ ] , "a":{ } }'), '{"a":{},"b":[],"n":1.10}')
  assert.equal(sortJson('{"x":{"__proto__":1,"\\u0061":"\\"}"}}'), '{"x":{"__proto__":1,"a":"\\"}"}}')
  assert.throws(() => sortJson('{"a":'), SyntaxError)
})
