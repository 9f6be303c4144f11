/** Only the vocabulary of the draft that `$schema` names acts. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020, fits } from '../validate.js'

const DRAFTS = [DRAFT_4, DRAFT_6, DRAFT_7, DRAFT_2019, DRAFT_2020]

/** Asserts that a keyword refuses the value from the given draft on, and does nothing before. */
async function since(first: string, schema: object, value: unknown): Promise<void> {
  for (const draft of DRAFTS) {
    const acts = DRAFTS.indexOf(draft) >= DRAFTS.indexOf(first)
    assert.equal(await fits({ $schema: draft, ...schema }, value), !acts, `${JSON.stringify(schema)} in ${draft}`)
  }
}

test('a keyword of a later draft does nothing in an earlier one', async () => {
  await since(DRAFT_6, { const: 1 }, 2)
  await since(DRAFT_6, { contains: { type: 'string' } }, [1])
  await since(DRAFT_6, { propertyNames: { maxLength: 1 } }, { ab: 1 })
  await since(DRAFT_7, { if: { type: 'number' }, ...JSON.parse('{"then":{"minimum":5}}') }, 1)
  await since(DRAFT_2019, { dependentRequired: { a: ['b'] } }, { a: 1 })
  await since(DRAFT_2019, { dependentSchemas: { a: { required: ['b'] } } }, { a: 1 })
  await since(DRAFT_2019, { unevaluatedProperties: false }, { a: 1 })
  await since(
    DRAFT_2019,
    { contains: { type: 'number' }, maxContains: 1, minContains: 0, $comment: 'x', unevaluatedItems: true },
    [1, 2]
  )
  await since(DRAFT_2020, { prefixItems: [{ type: 'string' }] }, [1])
})

test('what was dropped from a draft does nothing in it', async () => {
  const items = [{ type: 'string' }]
  assert.equal(await fits({ $schema: DRAFT_2019, items, additionalItems: false }, ['a', 1]), false)
  assert.equal(await fits({ $schema: DRAFT_2020, prefixItems: items, additionalItems: false }, ['a', 1]), true)
  assert.equal(await fits({ $schema: DRAFT_4, minimum: 3, exclusiveMinimum: true }, 3), false)
  assert.equal(await fits({ $schema: DRAFT_4, id: 'http://x.test/a', $id: 'http://x.test/b', not: { $ref: 'a' } }, 1), false)
})

test('no keyword is the validator’s own', async () => {
  const own = {
    nullable: true,
    discriminator: { propertyName: 'a' },
    $async: true,
    $data: 'x',
    formatMaximum: '2000-01-01',
    instanceof: 'Date'
  }
  for (const draft of DRAFTS) {
    assert.equal(await fits({ $schema: draft, type: 'string', ...own }, null), false, draft)
    assert.equal(await fits({ $schema: draft, type: 'string', ...own }, 'x'), true, draft)
  }
})

test('what stands beside $ref counts from 2019-09 on', async () => {
  for (const draft of DRAFTS) {
    const schema = {
      $schema: draft,
      definitions: { text: { type: 'string' } },
      properties: { a: { $ref: '#/definitions/text', maxLength: 1 } }
    }
    assert.equal(await fits(schema, { a: 1 }), false, draft)
    assert.equal(await fits(schema, { a: 'xx' }), DRAFTS.indexOf(draft) < DRAFTS.indexOf(DRAFT_2019), draft)
  }
})

test('without $schema the draft is 2020-12', async () => {
  assert.equal(await fits({ prefixItems: [{ type: 'string' }] }, [1]), false)
  assert.equal(await fits({ format: 'date' }, 'x'), true)
  assert.equal(await fits({ $schema: 'http://json-schema.org/schema#', prefixItems: [{ type: 'string' }] }, [1]), false)
})

test('a part with an identifier may be of another draft', async () => {
  const old = { $id: 'http://x.test/old', $schema: DRAFT_7, items: [{ type: 'string' }], additionalItems: false }
  const schema = { $schema: DRAFT_2020, $ref: 'http://x.test/old', $defs: { old } }
  assert.equal(await fits(schema, ['a']), true)
  assert.equal(await fits(schema, ['a', 1]), false)
})

test('members with the names of object prototypes are members like others', async () => {
  const schema = JSON.parse(
    '{"properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}},"additionalProperties":false}'
  )
  assert.equal(await fits(schema, JSON.parse('{"__proto__":1}')), false)
  assert.equal(await fits(schema, JSON.parse('{"__proto__":"a","constructor":"b"}')), true)
  assert.equal(await fits(schema, { toString: 1 }), false)
  assert.equal(await fits({ required: ['__proto__', 'toString'] }, {}), false)
  assert.equal(await fits({ dependentRequired: { toString: ['a'] } }, {}), true)
})

test('unevaluated keywords see what conditions, references and contains have seen', async () => {
  const conditional = JSON.parse(
    '{"if":{"properties":{"a":{"const":1}},"required":["a"]},"else":{"properties":{"b":true}},"unevaluatedProperties":false}'
  )
  assert.equal(await fits(conditional, { a: 1 }), true)
  assert.equal(await fits(conditional, { a: 1, b: 2 }), false)
  assert.equal(await fits(conditional, { b: 2 }), true)
  const items = { contains: { type: 'string' }, unevaluatedItems: false }
  assert.equal(await fits({ $schema: DRAFT_2020, ...items }, ['a', 'b']), true)
  assert.equal(await fits({ $schema: DRAFT_2020, ...items }, ['a', 1]), false)
  assert.equal(await fits({ $schema: DRAFT_2019, ...items }, ['a', 'b']), false)
  const cousins = { allOf: [{ properties: { a: true } }, { unevaluatedProperties: false }] }
  assert.equal(await fits(cousins, { a: 1 }), false)
  const any = { anyOf: [{ properties: { a: { type: 'number' } } }, { properties: { b: true } }], unevaluatedProperties: false }
  assert.equal(await fits(any, { a: 1, b: 1 }), true)
  assert.equal(await fits(any, { a: 'x', b: 1 }), false)
})

test('enum may be empty where the draft allows it, and then nothing fits', async () => {
  assert.equal(await fits({ enum: [] }, 1), false)
  await assert.rejects(fits({ $schema: DRAFT_4, enum: [] }, 1), /not a valid JSON Schema/)
})
