/** Nothing in a schema makes a body expensive, and no body ends more than its own validation. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSchema } from '../../../../plugins/validation/json-schema/schema.js'
import { DRAFT_7, DRAFT_2019, faults, fits, textFits } from './validate.js'

const deep = (depth: number, inner = ''): unknown => JSON.parse('['.repeat(depth) + inner + ']'.repeat(depth))

test('a recursive schema ends with the value, and refuses one that is nested too deep', async () => {
  const schemas = [
    { items: { $ref: '#' } },
    { $dynamicAnchor: 'x', items: { $dynamicRef: '#x' } },
    { $schema: DRAFT_2019, $recursiveAnchor: true, items: { $recursiveRef: '#' } },
    { uniqueItems: true }
  ]
  for (const schema of schemas) {
    const { validate } = await compileSchema(schema)
    assert.equal(validate(deep(300)), undefined)
    assert.throws(() => validate([deep(1_000_000), 1]), /nested too deep/)
    assert.equal(validate(deep(300)), undefined, 'the next value is validated')
  }
  assert.equal(await fits({ type: 'array' }, deep(1_000_000)), true, 'only what a schema follows counts')
})

test('a schema that leads back to itself refuses, and ends', async () => {
  for (const schema of [
    { $ref: '#' },
    { allOf: [{ $ref: '#' }] },
    { $defs: { a: { $ref: '#/$defs/b' }, b: { anyOf: [{ $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' },
    { $dynamicAnchor: 'x', $dynamicRef: '#x' },
    { $schema: DRAFT_2019, $recursiveAnchor: true, $recursiveRef: '#' },
    { $schema: DRAFT_7, if: { $ref: '#' }, else: false }
  ]) {
    for (const value of [1, {}, []])
      assert.match((await faults(schema, value)) ?? '', /leads back to itself|false schema/, JSON.stringify(schema))
  }
  assert.equal(await fits({ anyOf: [{ $ref: '#' }, { type: 'number' }] }, 1), true)
})

test('alternatives that repeat the work at every level do not multiply it', async () => {
  const list = (more: object): object => ({ type: 'array', items: { $ref: '#/$defs/x' }, ...more })
  const x = { anyOf: [list({ minItems: 9 }), list({ maxItems: 0 }), list({ minItems: 2 }), { const: 7 }] }
  const { validate } = await compileSchema({ $ref: '#/$defs/x', $defs: { x } })
  assert.match(validate(deep(200, '1'))!, /'anyOf' failed/)
  const one = { oneOf: [list({}), list({ uniqueItems: true }), { const: 1 }] }
  assert.match((await compileSchema({ $ref: '#/$defs/x', $defs: { x: one } })).validate(deep(200, '1'))!, /'oneOf' failed/)
})

test('many faults make a text that is short, and do not hide that the value does not fit', async () => {
  const list = Array.from({ length: 100_000 }, () => 1)
  const text = (await faults({ items: { type: 'string' } }, list))!
  assert.ok(text.startsWith("- at '/0': got number, want string\n- at '/1':"), text.slice(0, 100))
  assert.ok(text.split('\n').length <= 201 && text.length < 20_000)
  const choice = { items: { anyOf: [{ type: 'string' }, { minimum: 1 }] } }
  assert.equal(await fits(choice, list), true, 'faults of alternatives that were not taken are none')
  assert.equal(
    await faults(choice, [...list, 0]),
    "- at '/100000': 'anyOf' failed\n  - at '/100000': got number, want string\n  - at '/100000': minimum: got 0, want 1"
  )
  const names = Object.fromEntries(list.map((_, i) => [`k${i}`, 1]))
  assert.ok((await faults({ additionalProperties: false }, names))!.length < 1000)
})

test('long texts, names and numbers take time that grows with them alone', async () => {
  const bomb = `${'a'.repeat(200_000)}!`
  for (const pattern of ['^(a+)+$', '(a|aa)+$', '(.*a){20}$']) assert.equal(await fits({ pattern }, bomb), false)
  const digits = `1${'0'.repeat(500_000)}1`
  assert.equal(await textFits('{"items":{"multipleOf":7,"maximum":1e400}}', `[${digits}]`), false)
  assert.equal(await textFits('{"uniqueItems":true}', `[${digits},${digits}]`), false)
  for (const format of [
    'email',
    'idn-email',
    'hostname',
    'idn-hostname',
    'uri',
    'iri',
    'uri-template',
    'duration',
    'json-pointer',
    'regex',
    'time'
  ]) {
    const { validate } = await compileSchema({ $schema: DRAFT_7, format })
    for (const piece of ['a.', 'a@', '::', '1', '{a}', '/~0', '%41', '(?:', 'é', 'xn--a-'])
      validate(`${piece.repeat(100_000)}\u0000`)
  }
})
