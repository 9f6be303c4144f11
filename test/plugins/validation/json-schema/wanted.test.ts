/** A part of a value fits exactly when the whole does. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partOf } from '../../../../plugins/validation/json-schema/part.js'
import { compileSchema } from '../../../../plugins/validation/json-schema/schema.js'
import { wantedBy } from '../../../../plugins/validation/json-schema/wanted.js'
import { parseJsonValue } from '../../../../src/message/json/exact-json.js'
import { GatewayResponse, type LazyArray, type LazyObject } from '../../../../src/plugin/index.js'
import { createRandom, pick, type Random, SEED } from '../../../encoding/json/random.js'
import { countedView } from '../../counted-view.js'

async function viewOf(text: string): Promise<LazyObject | LazyArray> {
  const response = new GatewayResponse(200)
  response.body.set(text)
  const value = await response.body.lazyJson()
  assert.ok(typeof value === 'object' && value !== null)
  return value
}

const NAMES = ['a', 'b', 'c', 'id', '__proto__', 'é']
const SCALARS = ['1', '2.50', '9007199254740993', '"x"', '"xyz"', 'true', 'null', '""']

function value(random: Random, depth: number): string {
  const kind = depth <= 0 ? 0 : random()
  if (kind < 0.4) return pick(random, SCALARS)
  const parts = Array.from({ length: Math.floor(random() * 4) }, () => value(random, depth - 1))
  if (kind < 0.6) return `[${parts.join()}]`
  return `{${parts.map(part => `${JSON.stringify(pick(random, NAMES))}:${part}`).join()}}`
}

function schema(random: Random, depth: number): string {
  if (depth <= 0 || random() < 0.1)
    return pick(random, ['true', 'false', '{}', '{"type":"string"}', '{"type":["object","integer"]}'])
  const sub = (): string => schema(random, depth - 1)
  const map = (): string => `{${NAMES.filter(() => random() < 0.4).map(name => `${JSON.stringify(name)}:${sub()}`)}}`
  const list = (): string => `[${sub()},${sub()}]`
  const keywords: (() => string)[] = [
    () => `"type":${pick(random, ['"object"', '"array"', '"number"', '["object","array","null"]'])}`,
    () => `"properties":${map()}`,
    () => `"required":["${pick(random, ['a', 'b', 'é'])}"]`,
    () => `"additionalProperties":${sub()}`,
    () => `"patternProperties":{"${pick(random, ['^a', '[bc]', ''])}":${sub()}}`,
    () => `"propertyNames":{"maxLength":${pick(random, ['1', '2'])}}`,
    () => `"maxProperties":${Math.floor(random() * 4)}`,
    () => `"minProperties":${Math.floor(random() * 3)}`,
    () => `"items":${sub()}`,
    () => `"prefixItems":${list()}`,
    () => `"minItems":${Math.floor(random() * 3)}`,
    () => `"maxItems":${Math.floor(random() * 3)}`,
    () => `"uniqueItems":${pick(random, ['true', 'false'])}`,
    () => `"contains":${sub()}`,
    () => `"const":${value(random, 1)}`,
    () => `"enum":[${value(random, 1)},${value(random, 1)}]`,
    () => `"allOf":${list()}`,
    () => `"anyOf":${list()}`,
    () => `"oneOf":${list()}`,
    () => `"not":${sub()}`,
    () => `"if":${sub()},"then":${sub()},"else":${sub()}`,
    () => `"dependentRequired":{"a":["b"]}`,
    () => `"dependentSchemas":{"b":${sub()}}`,
    () => '"$ref":"#/$defs/one"',
    () => '"$ref":"#"',
    () => `"unevaluatedProperties":${sub()}`,
    () => `"unevaluatedItems":false`,
    () => `"dependencies":{"a":${sub()}}`,
    () => `"minimum":2,"maxLength":1,"multipleOf":0.5`,
    () => '"unknown":{"properties":{"a":false}}'
  ]
  const chosen = new Map<string, string>()
  for (let i = 0; i < 1 + Math.floor(random() * 3); i++) {
    const text = pick(random, keywords)()
    const name = text.slice(0, text.indexOf(':'))
    if (!chosen.has(name)) chosen.set(name, text)
  }
  return `{${[...chosen.values()].join()}}`
}

test(`random schemas and values (seed ${SEED})`, async () => {
  const random = createRandom(SEED)
  let inPart = 0
  let fitting = 0
  for (let round = 0; round < 500; round++) {
    const inner = schema(random, 3)
    const text =
      inner.startsWith('{}') || !inner.startsWith('{') ? inner : `{"$defs":{"one":${schema(random, 1)}},${inner.slice(1)}`
    const parsed = parseJsonValue(text)
    const wanted = wantedBy(parsed)
    if (wanted === undefined) continue
    const { validate } = await compileSchema(parsed)
    for (let i = 0; i < 12; i++) {
      const body = pick(random, [
        `{"a":${value(random, 2)},"b":${value(random, 2)},"z":${value(random, 1)}}`,
        `[${value(random, 3)}]`
      ])
      const whole = verdictOf(() => validate(parseJsonValue(body)))
      const part = partOf(await viewOf(body), wanted)
      assert.equal(
        verdictOf(() => validate(parseJsonValue(part))),
        whole,
        `${text} on ${body}, of which ${part}`
      )
      inPart++
      if (whole === 'fits') fitting++
    }
  }
  assert.ok(inPart > 500 && fitting > inPart / 10, `${inPart} in part, ${fitting} of them fit`)
})

function verdictOf(work: () => string | undefined): string {
  try {
    return work() === undefined ? 'fits' : 'does not'
  } catch (error) {
    return (error as Error).name
  }
}

test('of a large object only what the schema names is there', async () => {
  const big = { type: 'object', required: ['id', 'user'], properties: { id: { type: 'integer' }, user: { required: ['name'] } } }
  const wanted = wantedBy(big)!
  const view = await viewOf('{"id":12345678901234567890,"rest":[1,{"x":[]}],"user":{"name":"Ada","more":{}},"tail":"x"}')
  assert.equal(partOf(view, wanted), '{"id":12345678901234567890,"user":{"name":"Ada"}}')
})

test('nothing but what the schema names is read of a large body', async () => {
  const lines = Array.from({ length: 180 }, (_, i) => ({ sku: `A-${i}`, note: { text: 'left at the door' } }))
  const text = JSON.stringify({ id: 1, lines, user: { name: 'Ada', more: { deep: lines } }, rest: lines })
  const big = {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'integer' }, user: { properties: { name: { type: 'string' } } }, absent: { type: 'string' } }
  }
  const reads: string[] = []
  const view = countedView(await viewOf(text), reads) as LazyObject
  assert.equal(partOf(view, wantedBy(big)!), '{"id":1,"user":{"name":"Ada"}}')
  assert.deepEqual([...new Set(reads)].sort(), ['absent', 'id', 'user', 'user.name'])
  reads.length = 0
  assert.equal(partOf(view, wantedBy({ properties: { lines: { minItems: 1 } } })!), `{"lines":[${'0,'.repeat(179)}0]}`)
  assert.deepEqual(reads, ['lines'], 'the items are counted and none is read')
})

test('keys that count are there, with as little as can be', async () => {
  const closed = { properties: { a: { type: 'string' }, list: { maxItems: 3 } }, additionalProperties: false, maxProperties: 4 }
  const view = await viewOf('{"a":"x","list":[{"deep":1},2],"other":{"deep":[1]},"more":"y"}')
  assert.equal(partOf(view, wantedBy(closed)!), '{"a":"x","list":[0,0],"other":{},"more":"y"}')
})

test('what needs all of a value gets it', () => {
  for (const all of [
    { const: {} },
    { enum: [1, []] },
    { unevaluatedProperties: false },
    { $ref: 'other.json' },
    { $ref: '#' },
    { $dynamicRef: '#x' },
    { dependencies: { a: ['b'] } },
    { strange: true },
    { $defs: { a: { $id: 'http://x/', type: 'object' } }, $ref: '#/$defs/a' }
  ])
    assert.equal(wantedBy(all), undefined, JSON.stringify(all))
  for (const inner of [{ items: { type: 'object' } }, { uniqueItems: true }, { contains: {} }])
    assert.equal(wantedBy({ properties: { a: inner } })!.members.get('a')!.whole, true, JSON.stringify(inner))
})

test('a schema whose parts refer to each other again and again is given up', () => {
  const $defs: Record<string, unknown> = { d0: { properties: { x: {} } } }
  for (let i = 1; i < 23; i++) $defs[`d${i}`] = { allOf: [{ $ref: `#/$defs/d${i - 1}` }, { $ref: `#/$defs/d${i - 1}` }] }
  assert.equal(wantedBy({ $defs, $ref: '#/$defs/d22' }), undefined)
})
