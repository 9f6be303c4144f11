import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configSchema, lintConfig } from '../../src/config/lint.js'
import { configFile } from './support.js'

const lint = async (config: object, options = {}) =>
  (await lintConfig(await configFile('c.json', JSON.stringify(config, null, 2)), options)).map(p => [
    p.pointer,
    p.message,
    p.suggestion
  ])

const NAMESPACES = [
  {
    namespace: 'own/limit',
    scopes: ['endpoint' as const],
    schema: {
      $defs: { rate: { type: 'number' } },
      type: 'object',
      properties: { rate: { $ref: '#/$defs/rate' } },
      additionalProperties: false
    }
  },
  { namespace: 'own/free', scopes: ['service' as const] }
]

test('tells unknown keys, wrong types and forms, with suggestions and places', async () => {
  const config = {
    version: 3,
    timeot: '2s',
    cache_ttl: 'soon',
    '@note': 1,
    endpoints: [{ endpoint: '/a', method: 'FETCH', backend: [], extra_config: { proxy: { sequental: true }, 'own/any': 5 } }]
  }
  const found = await lint(config)
  assert.deepEqual(found.sort(), [
    ['/cache_ttl', found.find(([pointer]) => pointer === '/cache_ttl')![1], undefined],
    ['/endpoints/0/backend', `'backend' must NOT have fewer than 1 items`, undefined],
    ['/endpoints/0/extra_config/own~1any', `'own/any' must be object,array`, undefined],
    ['/endpoints/0/extra_config/proxy/sequental', `unknown key 'sequental'`, 'did you mean `sequential`?'],
    ['/endpoints/0/method', `'method' must be one of "GET", "POST", "PUT", "PATCH", "DELETE", "*"`, undefined],
    ['/timeot', `unknown key 'timeot'`, 'did you mean `timeout`?']
  ])
  assert.match(found[0]![1]!, /^'cache_ttl' has a form that is not allowed; wanted: A time span/)
  const file = await configFile('c.yaml', 'version: 2\nendpoints: []\n')
  assert.deepEqual(await lintConfig(file), [
    { level: 'error', file, pointer: '/version', message: `'version' must be 3`, line: 1, column: 1 }
  ])
})

test('schemas of components are merged in at their scopes', async () => {
  const endpoints = [{ endpoint: '/a', backend: [{}], extra_config: { 'own/limit': { rate: 'x' } } }]
  assert.deepEqual(await lint({ version: 3, endpoints }), [])
  assert.deepEqual(await lint({ version: 3, endpoints }, { namespaces: NAMESPACES }), [
    ['/endpoints/0/extra_config/own~1limit/rate', `'rate' must be number`, undefined]
  ])
  const schema = (await configSchema(NAMESPACES)) as { $defs: { endpoint_extra: { properties: object } } }
  assert.ok('own/limit' in schema.$defs.endpoint_extra.properties)
})

test('another schema may be given', async () => {
  const schema = await configFile('s.json', '{"type":"object","required":["owner"]}')
  assert.deepEqual(await lint({}, { schema }), [['', `must have required property 'owner'`, undefined]])
  await assert.rejects(lint({}, { schema: await configFile('s.json', '[]') }), /the schema must be an object/)
})

test('no document but an object fits', async () => {
  assert.deepEqual(await lint([]), [['', 'must be object', undefined]])
})

test('the schema is draft 2020-12 and describes every key', async () => {
  const schema = await configSchema()
  const missing: string[] = []
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, child] of Object.entries(value)) {
      if (key === 'properties') {
        for (const [name, option] of Object.entries(child as Record<string, { description?: string; $ref?: string }>)) {
          if (option.description === undefined && option.$ref === undefined) missing.push(`${path}/${name}`)
        }
      }
      walk(child, `${path}/${key}`)
    }
  }
  walk(schema, '')
  assert.deepEqual(missing, [])
  assert.equal((schema as { $schema: string }).$schema, 'https://json-schema.org/draft/2020-12/schema')
})
