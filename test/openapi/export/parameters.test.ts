import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoint, exported } from '../support.js'

const parametersOf = async (path: string, options: object, more: object = {}) => {
  const { document } = await exported({
    endpoints: [endpoint(path, { ...more, extra_config: { 'documentation/openapi': options } })]
  })
  return Object.values(document.paths)[0]!.get!.parameters
}

test('what an endpoint lets through is a parameter; what it does not is none', async () => {
  const found = await parametersOf(
    '/x/{id}',
    {
      param_definition: [
        { name: 'id', description: 'Number', type: 'integer', format: 'int64', example: 7, required: false, hide: true }
      ],
      query_definition: [{ name: 'page', type: 'float', enum: [1, 2] }, { name: 'secret', hide: true }, { name: 'stray' }],
      header_definition: [{ name: 'x-trace', required: true, type: 'date-time' }]
    },
    {
      input_query_strings: ['page', 'size', 'secret'],
      input_headers: ['X-Trace', 'Accept', 'Authorization', 'content-type', 'x-TRACE']
    }
  )
  assert.deepEqual(found, [
    { name: 'id', in: 'path', required: true, description: 'Number', schema: { type: 'integer', format: 'int64' }, example: 7 },
    { name: 'page', in: 'query', required: true, schema: { type: 'number', format: 'float', enum: [1, 2] } },
    { name: 'size', in: 'query', required: false, schema: { type: 'string' } },
    { name: 'X-Trace', in: 'header', required: true, schema: { type: 'string', format: 'date-time' } }
  ])
})

test('where everything goes through, what is described is named, and the others are one parameter', async () => {
  const found = await parametersOf(
    '/x',
    { query_definition: [{ name: 'page', required: false, example: '1' }], header_definition: [{ name: 'X-A', type: 'array' }] },
    { input_query_strings: ['*'], input_headers: ['*'] }
  )
  assert.deepEqual(
    found!.map(one => `${one.in} ${one.name} ${one.required}`),
    ['query page false', 'query query false', 'header X-A false']
  )
  assert.equal(found![1]!.explode, true)
})
