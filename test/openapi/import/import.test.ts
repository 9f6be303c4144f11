import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { readConfigObject } from '../../../src/config/load.js'
import { createGateway } from '../../../src/index.js'
import { exportOpenApi } from '../../../src/openapi/export/export.js'
import { type Imported, type ImportOptions, importOpenApi } from '../../../src/openapi/import/import.js'
import { loadComponents } from '../../../src/plugin/load/shipped.js'
import { startUpstream } from '../../plugins/scripted-upstream.js'
import { assertValid, fileOf } from '../support.js'

const { namespaces } = await loadComponents()
const OK = { responses: { 200: { description: 'ok' } } }

/** Imports a document; what it makes must start as it is. */
async function imported(t: TestContext, document: object, options: ImportOptions = {}): Promise<Imported> {
  const whole = {
    openapi: '3.1.0',
    info: { title: 'Pets', version: '1' },
    servers: [{ url: 'https://pets.test/v1' }],
    ...document
  }
  const result = await importOpenApi(fileOf(t, 'openapi.json', whole), options)
  const loaded = readConfigObject(structuredClone(result.config), { env: {}, namespaces, tolerant: false })
  assert.deepEqual(loaded.conclude().problems, [])
  return JSON.parse(JSON.stringify(result)) as Imported
}

const noted = ({ notes }: Imported): string[] =>
  notes.map(({ line, message }) => `${line === undefined ? '?' : 'line'} ${message}`)

test('each operation is a pass-through endpoint on its own path, in front of the server', async t => {
  const result = await imported(t, {
    paths: {
      '/pets/{pet-id}': {
        parameters: [{ name: 'pet-id', in: 'path', required: true, schema: { type: 'integer' } }],
        get: {
          operationId: 'getPet',
          summary: 'One pet',
          tags: ['pets'],
          parameters: [
            { name: 'full', in: 'query', schema: { type: 'boolean' } },
            { name: 'X-Trace', in: 'header', schema: { type: 'string' } },
            { name: 'sid', in: 'cookie', schema: { type: 'string' } }
          ],
          responses: { 200: { description: 'ok', content: { 'application/json': {}, 'text/csv': {} } } }
        }
      }
    }
  })
  assert.deepEqual(result.notes, [])
  assert.deepEqual(result.config.endpoints, [
    {
      endpoint: '/v1/pets/{pet-id}',
      method: 'GET',
      output_encoding: 'no-op',
      input_headers: ['X-Trace', 'Accept', 'Cookie'],
      input_query_strings: ['full'],
      backend: [{ host: ['https://pets.test'], url_pattern: '/v1/pets/{pet-id}', encoding: 'no-op' }],
      extra_config: {
        'documentation/openapi': {
          summary: 'One pet',
          operation_id: 'getPet',
          tags: ['pets'],
          param_definition: [{ name: 'pet-id', type: 'integer' }],
          query_definition: [{ name: 'full', type: 'boolean', required: false }],
          header_definition: [{ name: 'X-Trace', type: 'string', required: false }],
          response_definition: { 200: { description: 'ok', content_type: 'application/json' } }
        }
      }
    }
  ])
})

test('parameters of one place have one name, names that the gateway takes, and may stand within a segment', async t => {
  const param = (name: string) => ({ name, in: 'path', required: true, schema: { type: 'string' } })
  const { config } = await imported(t, {
    paths: {
      '/users/{id}': { get: { parameters: [param('id')], ...OK } },
      '/users/{user.id}/posts/{id}': { get: { parameters: [param('user.id'), param('id')], ...OK } },
      '/files/{name}.{type}': { get: { parameters: [param('name'), param('type')], ...OK } }
    }
  })
  assert.deepEqual(
    config.endpoints.map(one => one.endpoint),
    ['/v1/users/{id}', '/v1/users/{id}/posts/{id_2}', '/v1/files/{name}.{type}']
  )
  assert.equal(config.disable_rest, true)
})

test('bodies that must be there are checked, with what their schemas refer to', async t => {
  const schemas = {
    Pet: {
      type: 'object',
      required: ['id', 'name'],
      properties: {
        id: { type: 'integer', readOnly: true, minimum: 0, exclusiveMinimum: true },
        name: { type: 'string', nullable: true, enum: ['a'] },
        parent: { $ref: '#/components/schemas/Pet' }
      },
      example: { name: 'x' },
      xml: { name: 'pet' }
    }
  }
  const json = (schema: object) => ({ 'application/json': { schema } })
  const body = { $ref: '#/components/schemas/Pet' }
  const result = await imported(t, {
    openapi: '3.0.3',
    paths: {
      '/a': { post: { requestBody: { required: true, content: json(body) }, ...OK } },
      '/b': { post: { requestBody: { content: json(body) }, ...OK } },
      '/c': { put: { requestBody: { required: true, content: { ...json(body), 'text/plain': {} } }, ...OK } }
    },
    components: { schemas }
  })
  const checks = result.config.endpoints.map(one => (one.extra_config as Record<string, unknown>)['validation/json-schema'])
  assert.deepEqual(checks, [
    {
      $ref: '#/$defs/Pet',
      $defs: {
        Pet: {
          type: 'object',
          required: ['name'],
          properties: {
            id: { type: 'integer', readOnly: true, exclusiveMinimum: 0 },
            name: { type: ['string', 'null'], enum: ['a', null] },
            parent: { $ref: '#/$defs/Pet' }
          }
        }
      }
    },
    undefined,
    undefined
  ])
  assert.deepEqual(noted(result), [
    'line the body may be missing: it is not checked',
    'line the body may be of several types: it is not checked'
  ])
})

test('tokens are checked where every client needs one, and refused until the keys are known', async t => {
  const securitySchemes = {
    jwt: { type: 'http', scheme: 'bearer' },
    oauth: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://i.test/t', scopes: { r: 'read' } } } },
    key: { type: 'apiKey', in: 'header', name: 'X-Key' },
    opaque: { type: 'http', scheme: 'bearer', bearerFormat: 'opaque' }
  }
  const security = (...alternatives: object[]) => ({ get: { security: alternatives, ...OK } })
  const paths = {
    '/token': { get: OK },
    '/scope': security({ oauth: ['r'] }),
    '/either': security({ jwt: [] }, { oauth: ['r'] }),
    '/key': security({ key: [] }),
    '/both': security({ jwt: [], key: [] }),
    '/or-key': security({ jwt: [] }, { key: [] }),
    '/maybe': security({ jwt: [] }, {}),
    '/opaque': security({ opaque: [] }),
    '/open': security()
  }
  const document = { paths, security: [{ jwt: [] }], components: { securitySchemes } }
  const result = await imported(t, document, { jwkUrl: 'https://i.test/keys' })
  const validators = Object.fromEntries(
    result.config.endpoints.map(one => [one.endpoint, (one.extra_config as Record<string, unknown>)['auth/validator']])
  )
  const plain = { alg: 'RS256', jwk_url: 'https://i.test/keys', cache: true }
  assert.deepEqual(validators, {
    '/v1/token': plain,
    '/v1/scope': { ...plain, scopes: ['r'], scopes_key: 'scope', scopes_matcher: 'all' },
    '/v1/either': plain,
    '/v1/key': undefined,
    '/v1/both': plain,
    '/v1/or-key': undefined,
    '/v1/maybe': undefined,
    '/v1/opaque': undefined,
    '/v1/open': undefined
  })
  assert.deepEqual(
    noted(result).map(text => text.replace('line the gateway does not check who calls: ', '')),
    [
      'key (a key in the header)',
      'key (a key in the header)',
      'key (a key in the header)',
      'security is optional',
      'opaque (HTTP bearer)'
    ]
  )
  assert.deepEqual(result.config.endpoints[4]!.input_headers, ['Authorization', 'X-Key'])
  const unknown = await imported(t, { ...document, paths: { '/token': { get: OK } } })
  assert.match(noted(unknown)[0]!, /^line the document does not say where the keys of its tokens are/)
  assert.match(JSON.stringify(unknown.config.endpoints), /https:\/\/issuer\.example\//)
})

test('servers: the innermost counts, variables have their defaults, --host wins', async t => {
  const servers = [
    {
      url: '{scheme}://eu.test:{port}/{base}/',
      variables: { scheme: { default: 'http' }, port: { default: '81' }, base: { default: 'v2' } }
    }
  ]
  const paths = { '/a': { get: { ...OK, servers: [{ url: 'https://other.test' }] }, post: OK } }
  const backends = async (options: ImportOptions) =>
    (await imported(t, { servers, paths }, options)).config.endpoints.map(one => {
      const [{ host, url_pattern }] = one.backend as unknown as [{ host: string[]; url_pattern: string }]
      return `${host[0]}${url_pattern}`
    })
  assert.deepEqual(await backends({}), ['https://other.test/a', 'http://eu.test:81/v2/a'])
  assert.deepEqual(await backends({ host: 'http://127.0.0.1:8081' }), ['http://127.0.0.1:8081/a', 'http://127.0.0.1:8081/v2/a'])
  assert.deepEqual(await backends({ host: 'http://127.0.0.1:8081/api/' }), [
    'http://127.0.0.1:8081/api/a',
    'http://127.0.0.1:8081/api/a'
  ])
})

test('what endpoints do not have is left out, and said', async t => {
  const result = await imported(t, {
    servers: [{ url: 'https://pets.test' }],
    paths: {
      '/a': {
        head: OK,
        trace: OK,
        get: { ...OK, parameters: [{ name: 'filter', in: 'query', style: 'deepObject', schema: { type: 'object' } }] }
      },
      '/__health': { get: OK },
      'x-internal': {}
    }
  })
  assert.deepEqual(
    result.config.endpoints.map(one => [one.endpoint, one.input_query_strings]),
    [['/a', ['*']]]
  )
  assert.deepEqual(noted(result), [
    'line endpoints have no HEAD: the operation is left out',
    'line endpoints have no TRACE: the operation is left out',
    'line the parameter filter is an object: every query string goes on to the backend',
    "line the path /__health is the gateway's own: the operation is left out"
  ])
})

test('an imported document serves, and its export says the same again', async t => {
  const host = await startUpstream(t, async (req, res) => void res.end(`${req.method} ${req.url}`))
  const { config } = await imported(
    t,
    {
      tags: [{ name: 'pets', description: 'Animals' }],
      paths: {
        '/pets/{id}': {
          get: {
            operationId: 'getPet',
            tags: ['pets'],
            parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
            responses: {
              200: { description: 'A pet', content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } } }
            }
          }
        }
      },
      components: { schemas: { Pet: { type: 'object', properties: { name: { type: 'string' } } } } }
    },
    { host }
  )
  const gateway = await createGateway(structuredClone(config) as never, { env: {} })
  t.after(() => gateway.close({ graceMs: 1 }))
  assert.equal((await gateway.request('/v1/pets/7')).text(), 'GET /v1/pets/7')
  const { document } = exportOpenApi(gateway.config)
  await assertValid(JSON.parse(JSON.stringify(document)))
  const { get } = document.paths['/v1/pets/{id}']!
  assert.equal(get!.operationId, 'getPet')
  assert.deepEqual(get!.responses['200'], {
    description: 'A pet',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } }
  })
  assert.deepEqual(document.tags, [{ name: 'pets', description: 'Animals' }])
})

test('a path that holds a query is the path without it; what would stand there twice is left out, with a note', async t => {
  const result = await imported(t, {
    paths: {
      '/things?beta=true&x=1': { get: OK, post: OK },
      '/things': { get: OK },
      '/a/{id}': { get: { ...OK, parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] } },
      '/a/{name}': { get: { ...OK, parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }] } }
    }
  })
  assert.deepEqual(
    result.config.endpoints.map(({ method, endpoint, input_query_strings }) => [method, endpoint, input_query_strings]),
    [
      ['GET', '/v1/things', undefined],
      ['GET', '/v1/a/{id}', undefined],
      ['POST', '/v1/things', ['beta', 'x']]
    ]
  )
  assert.deepEqual(noted(result), [
    'line there is an endpoint GET /v1/a/{id} already: the operation is left out',
    'line there is an endpoint GET /v1/things already: the operation is left out',
    'line no path of an endpoint holds a query: it is /v1/things, which lets beta, x through'
  ])
})

test('an operation whose own server is none is left out, with a note', async t => {
  const result = await imported(t, {
    paths: { '/upload': { put: { ...OK, servers: [{ url: 'https://' }] }, get: OK } }
  })
  assert.deepEqual(
    result.config.endpoints.map(({ method }) => method),
    ['GET']
  )
  assert.match(noted(result)[0]!, /the server https:\/\/ has no host: the operation is left out/)
})

test('keywords of older drafts that 2020-12 does not know are not taken over', async t => {
  const schema = { type: 'object', $recursiveAnchor: true, properties: { of: { type: 'array', items: { $recursiveRef: '#' } } } }
  const result = await imported(t, {
    paths: { '/a': { post: { ...OK, requestBody: { required: true, content: { 'application/json': { schema } } } } } }
  })
  const { extra_config } = result.config.endpoints[0] as { extra_config: Record<string, unknown> }
  assert.deepEqual(extra_config['validation/json-schema'], { type: 'object', properties: { of: { type: 'array', items: {} } } })
})

test('a document that calls itself 3.1 and writes bounds as 3.0 does starts', async t => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false } }
  }
  const body = { required: true, content: { 'application/json': { schema } } }
  const result = await imported(t, { paths: { '/a': { post: { requestBody: body, ...OK } } } })
  const [endpoint] = result.config.endpoints as unknown as [{ extra_config: Record<string, { properties: object }> }]
  assert.deepEqual(endpoint.extra_config['validation/json-schema']!.properties, {
    a: { type: 'number', exclusiveMinimum: 0, maximum: 9 }
  })
})

test('keys that are asked for over http start, with a note', async t => {
  const document = {
    components: { securitySchemes: { jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    security: [{ jwt: [] }],
    paths: { '/a': { get: OK } }
  }
  const result = await imported(t, document, { jwkUrl: 'http://127.0.0.1:8090/jwks' })
  assert.deepEqual(noted(result), ['line the keys of tokens come over http: who stands between can sign tokens of their own'])
  assert.deepEqual(noted(await imported(t, document, { jwkUrl: 'https://a.test/jwks' })), [])
})

test('calls of the backend to its clients are left out, and named', async t => {
  const result = await imported(t, {
    paths: { '/streams': { post: { ...OK, callbacks: { onData: { '{$request.query.to}': { post: OK } } } } } },
    webhooks: { 'new/pet': { post: OK } }
  })
  assert.equal(result.config.endpoints.length, 1)
  assert.deepEqual(noted(result), [
    'line a callback is a call of the backend to its client, and does not pass the gateway',
    'line a webhook is a call of the backend to its clients: it is left out'
  ])
  assert.deepEqual(
    result.notes.map(({ pointer }) => pointer),
    ['/paths/~1streams/post/callbacks', '/webhooks/new~1pet']
  )
})
