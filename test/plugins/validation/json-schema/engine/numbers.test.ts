/** Numbers have all the digits that they were written with. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  canonicalDecimal,
  compareDecimals,
  isMultipleOf,
  isWhole,
  NumberRangeError,
  parseDecimal
} from '../../../../../plugins/validation/json-schema/engine/decimal.js'
import { boundOf, isMultiple } from '../../../../../plugins/validation/json-schema/engine/numbers.js'
import { DRAFT_4, textFits } from '../validate.js'

/** Asserts which of the texts fit, as the value itself and as a member. */
async function decides(schema: string, good: readonly string[], bad: readonly string[]): Promise<void> {
  for (const [texts, wanted] of [
    [good, true],
    [bad, false]
  ] as const) {
    for (const text of texts) {
      assert.equal(await textFits(schema, text), wanted, `${text} against ${schema}`)
      assert.equal(await textFits(`{"properties":{"a":${schema}}}`, `{"a":${text}}`), wanted, `${text} as a member`)
      assert.equal(await textFits(`{"items":${schema}}`, `[${text}]`), wanted, `${text} as an item`)
    }
  }
}

test('bounds are exact beyond what a double holds', async () => {
  await decides(
    '{"maximum":9007199254740992}',
    ['9007199254740992', '9007199254740992.0', '-1e400'],
    ['9007199254740993', '1e400']
  )
  await decides('{"minimum":0}', ['0', '-0', '-0.0', '1e-400', '0e999999'], ['-1e-400', '-0.000000000000000000000001'])
  await decides('{"exclusiveMinimum":0}', ['1e-400'], ['0', '-0', '0e5', '-1e-400'])
  await decides('{"exclusiveMaximum":1e400}', ['1e399', '9.9e399'], ['1e400', '10e399', '1e401'])
  await decides('{"minimum":12345678901234567891}', ['12345678901234567891'], ['12345678901234567890'])
  await decides('{"maximum":0.1}', ['0.1', '0.1000', '1e-1'], ['0.1000000000000000000000001', '0.10000000000000001'])
  assert.equal(await textFits(`{"$schema":"${DRAFT_4}","minimum":1e-400,"exclusiveMinimum":true}`, '1e-400'), false)
})

test('multipleOf is exact', async () => {
  await decides('{"multipleOf":0.01}', ['1234567.89', '8.61', '0', '4.35', '1e30', '1.10'], ['0.075', '0.0100000000001', '1e-3'])
  await decides('{"multipleOf":1e-400}', ['1', '3e-400', '-1e-400'], ['1e-401', '15e-401'])
  await decides('{"multipleOf":123456789}', ['123456789', '1.23456789e8', '123456789e300'], ['1e308', '123456790', '1.5'])
  await decides('{"multipleOf":3}', ['3e100', `${'3'.repeat(1000)}`], ['1e100', `${'3'.repeat(1000)}1`])
  await decides('{"multipleOf":2.5}', ['7.5', '1e1000000'], ['7'])
})

test('integers are told by value', async () => {
  await decides(
    '{"type":"integer"}',
    ['1', '1.0', '-1.50e1', '1e400', '9007199254740993.0', '0e-5'],
    ['1.5', '1e-400', '9007199254740993.5']
  )
})

test('const, enum and uniqueItems compare by value', async () => {
  await decides(
    '{"const":9007199254740993}',
    ['9007199254740993', '9007199254740993.00'],
    ['9007199254740992', '"9007199254740993"']
  )
  await decides(
    '{"enum":[1e400,"x",[1.0,{"a":0.10}]]}',
    ['1e400', '10e399', '"x"', '[1,{"a":1e-1}]'],
    ['1e401', '[1,{"a":0.1000000000000000001}]']
  )
  const unique = '{"uniqueItems":true}'
  await decides(
    unique,
    ['[9007199254740992,9007199254740993]', '[1,true]', '[0,false]', '["1",1]', '[[1],["1"]]', '[1e400,1e401]'],
    []
  )
  await decides(unique, [], ['[1,1.0]', '[0,-0.0]', '[1e2,100]', '[0.1,0.10000000000000000000]', '[1e400,10e399]', '[0.3,3E-1]'])
  await decides(
    unique,
    ['[{"a":1},{"a":2}]', '[{"a":[]},{"a":{}}]'],
    ['[{"a":1,"b":2},{"b":2.0,"a":1}]', '[[1,[2]],[1.0,[2e0]]]']
  )
})

test('short decimals are divided as long ones are', () => {
  const decimal = fc
    .tuple(fc.integer({ min: -999_999_999, max: 999_999_999 }), fc.integer({ min: 0, max: 9 }))
    .map(([coefficient, fraction]) => (coefficient / 10 ** fraction).toFixed(fraction))
  const divisor = fc.oneof(
    decimal,
    fc.constantFrom('0.01', '0.1', '0.5', '2.5', '1e3', '3e-5', '1e-12', '7', '1e20', '123456789012345678')
  )
  fc.assert(
    fc.property(decimal, divisor, (text, by) => {
      if (Number(by) === 0) return
      assert.equal(isMultiple(Number(text), text, boundOf(Number(by), by)), isMultipleOf(parseDecimal(text), parseDecimal(by)))
    }),
    { numRuns: 1000 }
  )
})

test('an exponent that is too large to be compared is refused', async () => {
  await assert.rejects(textFits('{"minimum":0}', '1e1000000000000000'), NumberRangeError)
  await assert.rejects(textFits('{"minimum":1e1000000000000000}', '1'), /exponent has more than 15 digits/)
  assert.equal(await textFits('{}', '1e1000000000000000'), true)
})

test('decimals behave as fractions of big integers do', () => {
  const digits = fc.tuple(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.integer({ min: -12, max: 12 }))
  const scaled = ([coefficient, exponent]: [bigint, number]): bigint => coefficient * 10n ** BigInt(exponent + 12)
  const decimal = ([coefficient, exponent]: [bigint, number]) => parseDecimal(`${coefficient}e${exponent}`)
  fc.assert(
    fc.property(digits, digits, (a, b) => {
      const [x, y] = [scaled(a), scaled(b)]
      assert.equal(Math.sign(compareDecimals(decimal(a), decimal(b))), x < y ? -1 : x > y ? 1 : 0)
      assert.equal(canonicalDecimal(decimal(a)) === canonicalDecimal(decimal(b)), x === y)
      assert.equal(isWhole(decimal(a)), x % 10n ** 12n === 0n)
      if (y !== 0n) assert.equal(isMultipleOf(decimal(a), decimal(b)), x % y === 0n)
    })
  )
})
