/** Large bodies: every step lets others have their turn, and makes what it makes of small ones. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { decoderFor } from '../../src/encoding/decoders.js'
import { mergeObjects } from '../../src/encoding/json/merge.js'
import { rendererFor } from '../../src/encoding/renderers.js'
import { compileShape, type ShapeConfig } from '../../src/encoding/shape/shape.js'
import type { ObjectNode } from '../../src/message/json/node.js'
import { runSliced } from '../../src/message/slices.js'
import { slowClock } from '../support/time.js'
import { parseJsonObject } from './at-once.js'

const ROWS = 150_000
const rows = Array.from({ length: ROWS }, (_, i) => ({ b: i, x: 'v' }))
const LIST = Buffer.from(JSON.stringify({ a: rows }))
const fields = Object.fromEntries(rows.map((row, i) => [`k${i}`, row]))
const FIELDS = Buffer.from(JSON.stringify(fields))
const TEXT = `line "of" text é \u{1f600}\n`.repeat(150_000)

const XML_ESCAPES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  '\u0001': '\ufffd'
}

/** Does the work; returns what it made, and how many turns others had meanwhile. */
async function withOthers<T>(t: TestContext, work: () => T | Promise<T>): Promise<{ made: T; turns: number }> {
  slowClock(t)
  let turns = 0
  let over = false
  const others = (): void => {
    turns++
    if (!over) setImmediate(others)
  }
  setImmediate(others)
  const made = await work()
  over = true
  return { made, turns }
}

const decode = (name: string, bytes: Buffer, isCollection = false) => decoderFor(name)(bytes, { contentType: '', isCollection })

for (const [name, encoding, bytes, isCollection, expected] of [
  ['json', 'json', LIST, false, { a: rows }],
  ['json of many fields', 'json', FIELDS, false, fields],
  ['is_collection', 'json', Buffer.from(JSON.stringify(rows)), true, { collection: rows }],
  ['safejson', 'safejson', Buffer.from(JSON.stringify(rows)), false, { collection: rows }],
  ['string', 'string', Buffer.from(TEXT), false, { content: TEXT }]
] as const) {
  test(`decodes ${name} in slices`, async t => {
    const { made, turns } = await withOthers(t, () => decode(encoding, bytes, isCollection))
    const { body } = await rendererFor('json', undefined)(made, '')
    assert.deepEqual(JSON.parse(body.toString()), expected)
    assert.ok(turns >= 1, `${turns} turns`)
  })
}

const NONE: ShapeConfig = {
  target: '',
  allow: [],
  deny: [],
  mapping: [],
  group: '',
  proxy: { shadow: false, shadowTimeoutMs: 0, flatmapFilter: [] }
}
const flat = (type: 'move' | 'append' | 'del', ...args: string[]): Partial<ShapeConfig> => ({
  proxy: { ...NONE.proxy, flatmapFilter: [{ type, args }] }
})
const { k7, k9, ...others } = fields

for (const [name, part, bytes, expected] of [
  ['a rename within a wildcard', flat('move', 'a.*.b', 'a.*.d'), LIST, { a: rows.map(({ b, x }) => ({ d: b, x })) }],
  ['a move down', flat('move', 'a.*.b', 'a.*.n.b'), LIST, { a: rows.map(({ b, x }) => ({ x, n: { b } })) }],
  ['a move up', flat('move', 'a.*.b', 'a.*'), LIST, { a: [...rows.map(({ x }) => ({ x })), ...rows.map(({ b }) => b)] }],
  ['a move of all onto one key', flat('move', 'a.*.b', 'b'), LIST, { a: rows.map(({ x }) => ({ x })), b: ROWS - 1 }],
  ['del within a wildcard', flat('del', 'a.*.b'), LIST, { a: rows.map(({ x }) => ({ x })) }],
  [
    'append of a wildcard',
    flat('append', 'a.*.b', 'a'),
    LIST,
    { a: [...rows.map(({ x }) => ({ x })), ...rows.map(({ b }) => b)] }
  ],
  ['a wildcard over fields', flat('del', '*.b'), FIELDS, Object.fromEntries(rows.map(({ x }, i) => [`k${i}`, { x }]))],
  ['allow', { allow: ['k7', 'k9.b'] }, FIELDS, { k7, k9: { b: k9!.b } }],
  ['deny', { deny: ['k7', 'k9'] }, FIELDS, others],
  [
    'mapping',
    {
      mapping: [
        ['k7', 'x'],
        ['k9', 'k9']
      ]
    },
    FIELDS,
    { ...others, x: k7 }
  ]
] as [string, Partial<ShapeConfig>, Buffer, unknown][]) {
  test(`shapes in slices: ${name}`, async t => {
    const shape = compileShape({ ...NONE, ...part })!
    const data = parseJsonObject(bytes)
    const { made, turns } = await withOthers(t, () => runSliced(shape(data), undefined))
    const { body } = await rendererFor('json', undefined)(made, '')
    assert.deepEqual(JSON.parse(body.toString()), expected)
    assert.ok(turns >= 2, `${turns} turns`)
  })
}

test('merges in slices', async t => {
  const parts = [parseJsonObject(FIELDS), parseJsonObject(Buffer.from('{"k7":1,"z":2}'))]
  const { made, turns } = await withOthers(t, () => runSliced(mergeObjects(parts), undefined))
  const { body } = await rendererFor('json', undefined)(made, '')
  assert.deepEqual(JSON.parse(body.toString()), { ...fields, k7: 1, z: 2 })
  assert.ok(turns >= 2, `${turns} turns`)
})

test('renders XML in slices, fields sorted', async t => {
  const data = parseJsonObject(FIELDS) as ObjectNode
  const { made, turns } = await withOthers(t, () => rendererFor('xml', undefined)(data, ''))
  const keys = Object.keys(fields).sort()
  const expected = `<doc>${keys.map(key => `<${key}><b>${fields[key]!.b}</b><x>v</x></${key}>`).join('')}</doc>`
  assert.ok(made.body.toString() === expected, 'the elements of all fields, sorted')
  assert.ok(turns >= 2, `${turns} turns`)
})

test('renders one large text in slices', async t => {
  const data = parseJsonObject(Buffer.from(JSON.stringify({ content: TEXT })))
  for (const name of ['string', 'xml']) {
    const { made, turns } = await withOthers(t, () => rendererFor(name, undefined)(data, ''))
    const text = made.body.toString()
    const expected = name === 'string' ? TEXT : `<content>${TEXT.replaceAll('"', '&quot;')}</content>`
    assert.ok(text === expected, `${name}: the whole text`)
    assert.ok(turns >= 1 || name === 'xml', `${name}: ${turns} turns`)
  }
})

test('a long text is written as a short one is, wherever it is cut', async () => {
  const units = ['\\ud83d\\ude00', '\u{1f600}', 'é', '\\u00e9', '\\\\', '\\\\\\"', '\\n', 'a: b', '<&>', '\\u0001']
  for (const unit of units) {
    for (let shift = 0; shift < 13; shift++) {
      const json = `{"content":"${'x'.repeat(shift)}${unit.repeat(70_000 / Buffer.byteLength(unit))}y"}`
      const { content } = JSON.parse(json) as { content: string }
      const data = parseJsonObject(Buffer.from(json))
      const yaml = (await rendererFor('yaml', undefined)(data, '')).body.toString()
      assert.ok((parse(yaml) as { content: string }).content === content, `YAML of ${unit}, shifted by ${shift}`)
      const xml = (await rendererFor('xml', undefined)(data, '')).body.toString()
      const escaped = content.replace(/[<>&"\u0001]/g, char => XML_ESCAPES[char]!)
      assert.ok(xml === `<content>${escaped}</content>`, `XML of ${unit}, shifted by ${shift}`)
    }
  }
})

test('a long text of several lines is a block in YAML', async () => {
  for (const end of ['', '\n', '\n\n', '\n\n\n']) {
    const content = `${'a line\n'.repeat(30_000)}last${end}`
    const data = parseJsonObject(Buffer.from(JSON.stringify({ a: { content } })))
    const yaml = (await rendererFor('yaml', undefined)(data, '')).body.toString()
    assert.match(yaml, /^a:\n {2}content: \|[-+]?\n {4}a line\n/)
    assert.ok((parse(yaml) as { a: { content: string } }).a.content === content, JSON.stringify(end))
  }
})

test('checks one long string in slices', async t => {
  const json = `{"a":"${'\\n\\u00e9x'.repeat(1_000_000)}"}`
  const { made, turns } = await withOthers(t, () => decode('json', Buffer.from(json)))
  assert.ok((await rendererFor('json', undefined)(made, '')).body.toString() === json)
  assert.ok(turns >= 1, `${turns} turns`)
  for (const bad of ['"', '\\x"', '\\u12"', '\u0001"', '\\']) {
    for (let shift = 0; shift < 8; shift++) {
      const text = `{"a":"${'x'.repeat(64 * 1024 * 3 - 6 - shift)}${bad}`
      await assert.rejects(async () => decode('json', Buffer.from(text)), `${bad} at ${shift} from the border`)
    }
  }
})

test('work on one body stops when its scope is cancelled', async () => {
  const shape = compileShape({ ...NONE, ...flat('move', 'a.*.b', 'a.*.n.b') })!
  const scope: { reason: Error | undefined } = { reason: undefined }
  const made = runSliced(shape(parseJsonObject(LIST)), scope as never)
  scope.reason = new Error('gone')
  await assert.rejects(made as Promise<unknown>, /gone/)
})
