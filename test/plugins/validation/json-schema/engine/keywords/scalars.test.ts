/** The short way for members of one type comes to the same as the checks. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DRAFT_4, DRAFT_7, DRAFT_2020, faults } from '../../validate.js'

const VALUES: readonly unknown[] = [
  '',
  'a',
  'ab',
  'abc',
  'abcdef',
  '😀',
  '😀😀',
  'a😀',
  '\ud83d',
  0,
  1.5,
  -0,
  true,
  false,
  null,
  [],
  ['a'],
  {},
  { a: 1 }
]
const SCHEMAS = [
  { type: 'string' },
  { type: 'string', maxLength: 2 },
  { type: 'string', minLength: 2 },
  { type: 'string', minLength: 1, maxLength: 1 },
  { type: 'string', minLength: 3, maxLength: 1 },
  { type: 'string', title: 't', description: 'd', default: 'x' },
  { type: 'number' },
  { type: 'boolean' },
  { type: 'integer' },
  { type: 'null' },
  { type: ['string', 'null'] }
]

test('members and items by a schema of one type', async () => {
  for (const $schema of [DRAFT_4, DRAFT_7, DRAFT_2020]) {
    for (const schema of SCHEMAS) {
      // a keyword that says nothing here, for which the short way is not taken
      const long = { ...schema, maxProperties: 1000 }
      for (const value of VALUES) {
        const told = `${JSON.stringify(schema)} of ${JSON.stringify(value)} in ${$schema}`
        const members = (of: object): object => ({ $schema, type: 'object', properties: { m: of } })
        assert.equal(await faults(members(schema), { m: value }), await faults(members(long), { m: value }), told)
        const items = (of: object): object => ({ $schema, type: 'array', items: of })
        assert.equal(await faults(items(schema), ['x', value]), await faults(items(long), ['x', value]), told)
      }
    }
  }
})

test('members are told by their own order, whatever order came before', async () => {
  const schema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' }, toString: { type: 'string' } } }
  const list = { type: 'array', items: schema }
  const value = [
    { a: 'x', b: 'y' },
    { b: 1, a: 2 },
    { other: 1, a: 'x' },
    { a: 3, other: 4, b: 5 },
    JSON.parse('{"__proto__":1,"b":6}')
  ]
  assert.equal(
    await faults(list, value),
    [
      "- at '/1': validation failed",
      "  - at '/1/b': got number, want string",
      "  - at '/1/a': got number, want string",
      "- at '/3': validation failed",
      "  - at '/3/a': got number, want string",
      "  - at '/3/b': got number, want string",
      "- at '/4/b': got number, want string"
    ].join('\n')
  )
  assert.equal(
    (await faults({ ...schema, additionalProperties: false }, JSON.parse('{"a":"x","__proto__":1}'))) !== undefined,
    true
  )
})
