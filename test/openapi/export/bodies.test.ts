import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoint, exported } from '../support.js'

const operation = async (options: object, more: object = {}, service: object = {}) => {
  const { document } = await exported({
    ...service,
    endpoints: [
      endpoint('/x', {
        method: 'POST',
        ...more,
        extra_config: { 'documentation/openapi': options, ...(more as { extra_config?: object }).extra_config }
      })
    ]
  })
  return { operation: document.paths['/x']!.post!, document }
}

test('the schema that bodies must fit wins over what is described', async () => {
  const schema = { type: 'object', required: ['a'] }
  const request_definition = [
    { content_type: 'application/json', description: 'New', example: { a: 1 } },
    { content_type: 'text/plain' }
  ]
  const { operation: found } = await operation({ request_definition }, { extra_config: { 'validation/json-schema': schema } })
  assert.deepEqual(found.requestBody, {
    description: 'New',
    required: true,
    content: { 'application/json': { schema, example: { a: 1 } } }
  })
  assert.equal(found.responses['400']!.description, 'The body does not fit its schema')
})

test('bodies and responses as they are described: by reference, schema, base64 and example', async () => {
  const Pet = { type: 'object', properties: { parent: { $ref: '#/components/schemas/Pet' } } }
  const service = { extra_config: { 'documentation/openapi': { components_schemas: { Pet } } } }
  const { operation: found, document } = await operation(
    {
      request_definition: [
        { content_type: 'application/json', ref: 'Pet' },
        { content_type: 'multipart/form-data', example_schema: { type: 'object' }, examples: { one: { a: 1 } } }
      ],
      response_definition: {
        '201': {
          description: 'Made',
          content_type: 'application/json',
          example_schema: Buffer.from('{"type":"array"}').toString('base64')
        },
        '404': { example: { error: 'none' }, '@comment': 'x' },
        default: { description: 'Odd' }
      }
    },
    {},
    service
  )
  assert.deepEqual(found.requestBody!.content, {
    'application/json': { schema: { $ref: '#/components/schemas/Pet' } },
    'multipart/form-data': { schema: { type: 'object' }, examples: { one: { value: { a: 1 } } } }
  })
  assert.deepEqual(found.responses, {
    201: { description: 'Made', content: { 'application/json': { schema: { type: 'array' } } } },
    404: { description: 'Status 404', content: { 'application/json': { example: { error: 'none' } } } },
    500: { description: 'The backends do not respond as they should' },
    default: { description: 'Odd' }
  })
  assert.deepEqual(document.components!.schemas, { Pet })
})

test('responses have the type of the output, and an example where one is given', async () => {
  const content = async (output_encoding: string) =>
    (await operation({ example: 'e' }, { output_encoding, method: 'POST' })).operation.responses['200']!.content
  assert.deepEqual(await content('string'), { 'text/plain': { schema: { type: 'string' }, example: 'e' } })
  assert.deepEqual(Object.keys((await content('negotiate'))!), ['application/json', 'application/xml', 'application/yaml'])
  assert.deepEqual(await content('json-collection'), {
    'application/json': { schema: { type: 'array', items: {} }, example: 'e' }
  })
  assert.deepEqual(Object.keys((await content('no-op'))!), ['*/*'])
})

test('statuses follow from limits and from router.error_status; without defaults only what is described', async () => {
  const limited = { extra_config: { 'qos/ratelimit/router': { max_rate: 5, client_max_rate: 2, strategy: 'ip' } } }
  const http = { extra_config: { router: { error_status: 'http' } } }
  assert.deepEqual(Object.keys((await operation({}, limited)).operation.responses), ['200', '429', '500', '503'])
  assert.deepEqual(Object.keys((await operation({}, {}, http)).operation.responses), ['200', '502', '503', '504'])
  const none = { extra_config: { 'documentation/openapi': { disable_default_response_definitions: true } } }
  assert.deepEqual((await operation({}, limited, none)).operation.responses, { default: { description: 'Any response' } })
})
