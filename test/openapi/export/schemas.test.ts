import assert from 'node:assert/strict'
import { test } from 'node:test'
import { embedSchema } from '../../../src/openapi/export/json-schema.js'
import { endpoint, exported } from '../support.js'

test('named parts of a schema become schemas of the document, once each', async () => {
  const body = (more: object) => ({
    definitions: { node: { type: 'object', properties: { next: { $ref: '#/definitions/node' }, ...more } } },
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { first: { $ref: '#/definitions/node' }, raw: { $ref: '#/definitions/node/properties/next' } }
  })
  const at = (path: string, schema: object) =>
    endpoint(path, { method: 'POST', extra_config: { 'validation/json-schema': schema } })
  const { document } = await exported({
    endpoints: [
      at('/a', body({})),
      at('/b', body({})),
      at('/c', body({ id: true })),
      at('/d', { properties: { a: { $ref: '#' } } })
    ]
  })
  const schemaOf = (path: string) => document.paths[path]!.post!.requestBody!.content['application/json']!.schema
  const own = {
    type: 'object',
    properties: { first: { $ref: '#/components/schemas/node' }, raw: { $ref: '#/components/schemas/node/properties/next' } }
  }
  assert.deepEqual(schemaOf('/a'), own)
  assert.deepEqual(schemaOf('/b'), own)
  assert.deepEqual(schemaOf('/d'), { $ref: '#/components/schemas/postD_request' })
  assert.deepEqual(document.components!.schemas, {
    node: { type: 'object', properties: { next: { $ref: '#/components/schemas/node' } } },
    postC_request_node: { type: 'object', properties: { next: { $ref: '#/components/schemas/postC_request_node' }, id: true } },
    postD_request: { properties: { a: { $ref: '#/components/schemas/postD_request' } } }
  })
})

test('keywords of earlier drafts are those of 2020-12', () => {
  const keep = (reference: string): string => reference
  const schema = {
    $schema: 'http://json-schema.org/draft-04/schema#',
    items: [
      { minimum: 1, exclusiveMinimum: true },
      { maximum: 5, exclusiveMaximum: false }
    ],
    additionalItems: { exclusiveMaximum: 3 },
    dependencies: { a: ['b'], c: { required: ['d'] } },
    enum: [{ items: [1] }],
    properties: { $ref: { type: 'string' }, dependencies: { const: { id: 'x' } } }
  }
  assert.deepEqual(embedSchema(schema, keep), {
    prefixItems: [{ exclusiveMinimum: 1 }, { maximum: 5 }],
    items: { exclusiveMaximum: 3 },
    dependentRequired: { a: ['b'] },
    dependentSchemas: { c: { required: ['d'] } },
    enum: [{ items: [1] }],
    properties: { $ref: { type: 'string' }, dependencies: { const: { id: 'x' } } }
  })
})
