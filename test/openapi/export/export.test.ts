import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoint, exported } from '../support.js'

const OPENAPI = 'documentation/openapi'
const docs = (options: object, more: object = {}) => ({ extra_config: { [OPENAPI]: options, ...more } })

test('a configuration without documentation is a valid document', async () => {
  const { document, problems } = await exported({ endpoints: [endpoint('/users/{id}'), endpoint('/b', { method: 'POST' })] })
  assert.deepEqual(problems, [])
  assert.deepEqual(document, {
    openapi: '3.1.1',
    info: { title: 'API gateway', version: '1.0.0' },
    servers: [{ url: 'http://localhost:8080' }],
    paths: {
      '/users/{id}': {
        get: {
          operationId: 'getUsersById',
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
          responses: {
            200: { description: 'Success', content: { 'application/json': { schema: { type: 'object' } } } },
            500: { description: 'The backends do not respond as they should' }
          }
        }
      },
      '/b': {
        post: {
          operationId: 'postB',
          requestBody: { content: { '*/*': {} } },
          responses: {
            200: { description: 'Success', content: { 'application/json': { schema: { type: 'object' } } } },
            500: { description: 'The backends do not respond as they should' }
          }
        }
      }
    }
  })
  assert.deepEqual((await exported({})).document.paths, {})
})

test('the API says what it is and where', async () => {
  const { document } = await exported({
    name: 'Shop',
    tls: { public_key: 'a', private_key: 'b' },
    ...docs({
      description: 'Sells **things**',
      version: '2.1',
      terms_of_service: 'https://shop.test/terms',
      contact_name: 'Ann',
      contact_email: 'ann@shop.test',
      license_url: 'https://shop.test/license',
      host: 'api.shop.test',
      base_path: 'v1/',
      tag_definition: [{ name: 'a', description: 'First' }]
    }),
    endpoints: [endpoint('/x', docs({ tags: ['b', 'a'] }))]
  })
  assert.deepEqual(document.info, {
    title: 'Shop',
    version: '2.1',
    description: 'Sells **things**',
    termsOfService: 'https://shop.test/terms',
    contact: { name: 'Ann', email: 'ann@shop.test' },
    license: { name: 'https://shop.test/license', url: 'https://shop.test/license' }
  })
  assert.deepEqual(document.servers, [{ url: 'https://api.shop.test/v1' }])
  assert.deepEqual(document.tags, [{ name: 'a', description: 'First' }, { name: 'b' }])
})

test('servers: given ones win over declared ones, those over host and address', async () => {
  const servers = async (options: object, more: object = {}, given: string[] = []) =>
    (await exported({ ...docs(options), ...more }, { servers: given })).document.servers
  const declared = [
    { url: 'https://{env}.test:{port}', description: 'All', variables: { env: 'live', port: { default: '443', enum: ['443'] } } }
  ]
  assert.deepEqual(await servers({ servers: declared, host: 'no' }), [
    {
      url: 'https://{env}.test:{port}',
      description: 'All',
      variables: { env: { default: 'live' }, port: { default: '443', enum: ['443'] } }
    }
  ])
  assert.deepEqual(await servers({ servers: declared }, {}, ['https://x.test']), [{ url: 'https://x.test' }])
  assert.deepEqual(await servers({ host: 'a.test', schemes: ['https', 'http'] }), [
    { url: 'https://a.test' },
    { url: 'http://a.test' }
  ])
  assert.deepEqual(await servers({ base_path: '/v1' }), [{ url: '/v1' }])
  assert.deepEqual(await servers({}, { listen_ip: '::1', port: 9000 }), [{ url: 'http://[::1]:9000' }])
  assert.deepEqual(await servers({}, { listen_ip: '0.0.0.0' }), [{ url: 'http://localhost:8080' }])
})

test('endpoints of an audience, those for all, and no others', async () => {
  const config = {
    endpoints: [
      endpoint('/gold', docs({ audience: ['gold', 'silver'] })),
      endpoint('/all', docs({ audience: ['*'] })),
      endpoint('/none')
    ]
  }
  assert.deepEqual(Object.keys((await exported(config)).document.paths), ['/gold', '/all', '/none'])
  assert.deepEqual(Object.keys((await exported(config, { audience: ['gold'] })).document.paths), ['/gold', '/all'])
  assert.deepEqual(Object.keys((await exported(config, { audience: ['lead'] })).document.paths), ['/all'])
})

test('names of operations are unique, whatever the endpoints say', async () => {
  const { document } = await exported({
    endpoints: [
      endpoint('/a', { method: ['GET', 'POST'], ...docs({ operation_id: 'same' }) }),
      endpoint('/b', docs({ operation_id: 'same' })),
      endpoint('/a-b'),
      endpoint('/a/b')
    ]
  })
  const ids = Object.values(document.paths).flatMap(path => Object.values(path).map(one => one.operationId))
  assert.deepEqual(ids, ['same', 'same-post', 'same-get', 'getAB', 'getAB-get'])
})

test('options of a wrong type are told with their place, and the rest is written', async () => {
  const { document, problems } = await exported({
    ...docs({ description: 7, components_schemas: { A: 'no base64 of a schema' } }),
    endpoints: [endpoint('/x', docs({ summary: 'Reads x', tags: 'b', response_definition: { 700: {} } }))]
  })
  assert.equal(document.paths['/x']!.get!.summary, 'Reads x')
  assert.deepEqual(
    problems.map(({ level, pointer }) => `${level} ${pointer}`),
    [
      'warning /extra_config/documentation~1openapi/description',
      'warning /extra_config/documentation~1openapi/components_schemas/A',
      'warning /endpoints/0/extra_config/documentation~1openapi/tags',
      'warning /endpoints/0/extra_config/documentation~1openapi/response_definition'
    ]
  )
})
