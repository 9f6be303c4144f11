import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { GatewayError } from '../../../../src/errors.js'
import { SOURCE_HASH } from '../../../../src/message/json/assembly/check-module.js'
import { checkJson, checkJsonInParts, PART_BYTES } from '../../../../src/message/json/assembly/json-checker.js'
import type { JsonSpan } from '../../../../src/message/json/json-span.js'
import { MAX_JSON_DEPTH, readJsonText, validateJson, validateShortJson } from '../../../../src/message/json/validate.js'
import { runWhole } from '../../../../src/message/slices.js'

/** Numbers from 0 to `limit` - 1, the same in each run. */
function randomOf(seed: number): (limit: number) => number {
  let state = seed
  return limit => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** What the loop in JavaScript says; undefined for a text that is not valid. */
function readPlain(bytes: Buffer): JsonSpan | undefined {
  try {
    return runWhole(readJsonText(bytes))
  } catch (cause) {
    assert.ok(cause instanceof GatewayError)
    return undefined
  }
}

function assertAlike(text: string | Buffer): JsonSpan | undefined {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
  const expected = readPlain(bytes)
  const actual = bytes.length > PART_BYTES ? runWhole(checkJsonInParts(bytes)) : checkJson(bytes)
  assert.deepEqual(actual, expected, `${JSON.stringify(text.toString('latin1').slice(0, 300))} (${bytes.length} bytes)`)
  return expected
}

const TOKENS = [
  ...'{}[],:"\\-.+e01x \n\t\0\x1f\x7f\x80\xff',
  ...['"a"', '\\u00e9', '\\"', '\\x', '"\\ud8', '-1', '1.5', '1e5', '1E+9', '-0.0', '00', '1.', '.5', '1e', '1e+', '--1', '-a'],
  ...[
    'true',
    'false',
    'null',
    'tru',
    'nulll',
    'True',
    '"key":',
    '"b":1',
    '{}',
    '[]',
    '"a text that is longer than a register of 16 bytes"'
  ],
  ...['123456789012345', '1234567890123456', '12345678901234567', '1.2345678901234567', '123456789012345.5', '12345678901234.5']
]
const NUMBERS = [
  '1',
  '0',
  '-0',
  '1.5',
  '-2.25e10',
  '1E5',
  '1e-3',
  '0.1',
  '-123456789012345',
  '1234567890123456',
  '1.0000000000000001'
]
const PIECES = ['a', 'b', ' ', ',', ':', '{', ']', '\\n', '\\"', '\\\\', '\\u12Af', '\\/', '\xc3\xa9', '0', 'a longer piece']

/** Makes valid JSON text with every kind of value, and white space here and there. */
function documentOf(random: (limit: number) => number, depth = 0): string {
  const space = (): string => (random(6) === 0 ? [' ', '\n', '  ', '\t\r\n', ' '.repeat(random(140))][random(5)]! : '')
  const list = (most: number, one: () => string): string => Array.from({ length: random(most) }, one).join(`,${space()}`)
  const string = (): string =>
    `"${Array.from({ length: random(random(4) === 0 ? 150 : 12) }, () => PIECES[random(PIECES.length)]).join('')}"`
  const kind = random(depth > 4 ? 5 : 8)
  if (kind < 2) return NUMBERS[random(NUMBERS.length)]!
  if (kind === 2) return ['true', 'false', 'null'][random(3)]!
  if (kind < 5) return string()
  const value = (): string => documentOf(random, depth + 1) + space()
  if (kind === 5) return `[${space()}${list(7, value)}]`
  return `{${space()}${list(6, () => `${string()}${space()}:${space()}${value()}`)}}`
}

/** One byte or token more, less or other. */
function mutate(text: string, random: (limit: number) => number): string {
  const at = random(text.length)
  const token = TOKENS[random(TOKENS.length)]!
  return [
    text.slice(0, at) + text.slice(at + 1),
    text.slice(0, at) + token + text.slice(at),
    text.slice(0, at) + token + text.slice(at + 1),
    text.slice(0, at)
  ][random(4)]!
}

test('the module was compiled from the source beside it: else run node scripts/assembly.mjs', () => {
  const source = readFileSync(new URL('../../../../src/message/json/assembly/check.as', import.meta.url))
  assert.equal(createHash('sha256').update(source).digest('hex'), SOURCE_HASH)
})

test('tokens in any order: accepts what the loop in JavaScript accepts, with the same places', () => {
  const random = randomOf(1)
  for (let i = 0; i < 40_000; i++) {
    assertAlike(Array.from({ length: random(14) }, () => TOKENS[random(TOKENS.length)]).join(''))
  }
})

test('documents, and documents with one fault', () => {
  const random = randomOf(2)
  let valid = 0
  for (let i = 0; i < 6000; i++) {
    const text = documentOf(random)
    if (assertAlike(text) !== undefined) valid++
    for (let n = 0; n < 4; n++) assertAlike(mutate(text, random))
  }
  assert.equal(valid, 6000)
})

test('each byte at each place of a register, in and outside of a string', () => {
  for (let byte = 0; byte < 256; byte++) {
    const char = String.fromCharCode(byte)
    for (let at = 0; at < 66; at++) {
      assertAlike(`"${'a'.repeat(at)}${char}b"`)
      assertAlike(`${' '.repeat(at)}${char}1`)
      assertAlike(`[${' '.repeat(at)}1${char}]`)
    }
  }
})

test('escapes, numbers and literals that span two steps', () => {
  for (let at = 50; at < 70; at++) {
    for (const one of ['\\u00e9', '\\u00g9', '\\"', '\\\\', '\\\\\\"', '\\\\\\\\', '\\', '\\\\\\']) {
      assertAlike(`"${'a'.repeat(at)}${one}"`)
      assertAlike(`"${'a'.repeat(at)}${one}`)
    }
    for (const one of [
      'true',
      'false',
      'null',
      'nul',
      '-12.50e+10',
      '12345678901234567890',
      '1.',
      '01',
      '{"a":1}',
      '{ }',
      '{  1',
      '[ ]',
      '"a":1'
    ]) {
      assertAlike(`[${' '.repeat(at)}${one}]`)
      assertAlike(`[${' '.repeat(at)}${one}`)
    }
  }
})

test('fields of a root object: up to 255 have their places', () => {
  for (const count of [0, 1, 2, 254, 255, 256, 300]) {
    const fields = Array.from({ length: count }, (_, i) => `"k${i}" : {"a": [${i}, {"b": 1}]} `)
    const span = assertAlike(` { ${fields.join(', ')}}\n`)
    assert.equal(span?.fields?.length, count < 256 ? 3 * count : undefined)
  }
})

test('nesting up to the limit', () => {
  for (const depth of [1, 2, 63, 64, 65, MAX_JSON_DEPTH - 1, MAX_JSON_DEPTH, MAX_JSON_DEPTH + 1]) {
    assertAlike('['.repeat(depth) + ']'.repeat(depth))
    assertAlike('{"a":'.repeat(depth) + 1 + '}'.repeat(depth))
    assertAlike('[{"a":'.repeat(depth) + 1 + '}]'.repeat(depth))
    assertAlike('['.repeat(depth) + ']'.repeat(depth - 1))
    assertAlike(`${'['.repeat(depth)}${']'.repeat(depth - 1)}}`)
  }
})

test('texts in parts: whatever spans two of them', () => {
  const random = randomOf(3)
  const samples = [
    '"\\u00e9"',
    '"\\\\"',
    '"\\""',
    'true',
    '-1.5e10',
    '{"a":1}',
    '{ "a" : [ ] }',
    '"some text"',
    '[1,2]',
    '"a":1',
    ',',
    '\\'
  ]
  for (const sample of samples) {
    for (let before = 0; before <= sample.length + 2; before++) {
      const fill = PART_BYTES - before
      assertAlike(`[${' '.repeat(fill - 1)}${sample}, 1]`)
      assertAlike(`["${'x'.repeat(fill - 4)}",${sample},{"a":"b"}]`)
      assertAlike(`{"k":"${'x'.repeat(fill - 8)}",${sample}:1}`)
    }
  }
  for (let i = 0; i < 60; i++) {
    const parts: string[] = []
    for (let size = 0; size < 3 * PART_BYTES; size += parts.at(-1)!.length) parts.push(documentOf(random))
    const text = `{"a": [${parts.join(',')}], "b": ${documentOf(random)}}`
    assert.ok(assertAlike(text) !== undefined)
    assertAlike(mutate(text, random))
    assertAlike(text.slice(0, PART_BYTES))
    assertAlike(text.slice(0, 2 * PART_BYTES))
  }
})

test('what a part cannot tell for sure is left to the loop: a number, white space behind a brace, longer than is looked ahead', () => {
  for (const [open, long, close] of [
    ['[', '1'.repeat(1000), ']'],
    ['[{', ' '.repeat(1000), '}]']
  ] as const) {
    const bytes = Buffer.from(`["${'x'.repeat(PART_BYTES - 100)}",${open}${long}${close}]`)
    assert.equal(runWhole(checkJsonInParts(bytes)), undefined)
    assert.deepEqual(runWhole(validateJson(bytes)), { start: 0, end: bytes.length, fields: undefined })
  }
})

test('many texts in parts by turns do not touch one another, and more than there are checkers for', () => {
  const bytesOf = (n: number): Buffer =>
    Buffer.from(JSON.stringify({ [`k${n}`]: 'x'.repeat(PART_BYTES), list: Array(2 * PART_BYTES).fill(n) }))
  const works = Array.from({ length: 40 }, (_, n) => ({ n, work: validateJson(bytesOf(n)) }))
  const broken = validateJson(Buffer.from(`[${'1,'.repeat(PART_BYTES)}`))
  assert.throws(() => runWhole(broken), { code: 'SLUICE_ERR_UPSTREAM_DECODE' })
  let open = works.length
  for (let turn = 0; open > 0; turn++) {
    assert.ok(turn < 20)
    for (const { n, work } of works) {
      if (n % 7 === 6) {
        work.return(undefined as never)
        if (turn === 0) open--
        continue
      }
      const step = work.next()
      if (step.done !== true) continue
      if (step.value !== undefined) {
        assert.deepEqual(step.value, readPlain(bytesOf(n)))
        open--
      }
    }
  }
  const all = Array.from({ length: 16 }, (_, n) => checkJsonInParts(bytesOf(n)))
  for (const one of all) assert.equal(one.next().done, false)
  assert.deepEqual(checkJsonInParts(bytesOf(1)).next(), { done: true, value: undefined })
  for (const one of all) one.return(undefined)
  const again = checkJsonInParts(bytesOf(1))
  assert.equal(again.next().done, false)
  again.return(undefined)
})

test('a fault has the same words as without WebAssembly', () => {
  for (const text of ['', ' ', '{"a":1,}', '[1 2]', '{"a"}', '"a', '["\\x"]', '[01]', '\x80', '[1]]']) {
    const bytes = Buffer.from(text, 'latin1')
    const messageOf = (run: () => unknown): string => {
      try {
        run()
      } catch (cause) {
        return (cause as Error).message
      }
      return 'valid'
    }
    const expected = messageOf(() => runWhole(readJsonText(bytes)))
    assert.notEqual(expected, 'valid')
    assert.equal(
      messageOf(() => validateShortJson(bytes)),
      expected
    )
  }
})
