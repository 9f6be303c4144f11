import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { lintConfig } from '../../src/config/lint.js'
import { findTomlOffsets } from '../../src/config/source/toml-places.js'
import type { ServiceConfig } from '../../src/config/types.js'
import { ConfigError, type ConfigProblem } from '../../src/errors.js'
import { loadConfigFile, loadConfigObject } from '../support/load-config.js'
import { configFile, errorsOf, findingsOf, load } from './support.js'

const FIXTURES = fileURLToPath(new URL('../../fixtures/configs/', import.meta.url))

function fixture(name: string, env: NodeJS.ProcessEnv = {}): Promise<ServiceConfig> {
  return loadConfigFile(FIXTURES + name, { namespaces: [], env })
}

async function refusal(name: string, text: string): Promise<ConfigProblem> {
  const file = await configFile(name, text)
  const error = await loadConfigFile(file, { namespaces: [], env: {} }).then(
    () => assert.fail('accepted'),
    (e: unknown) => e
  )
  assert.ok(error instanceof ConfigError)
  assert.equal(error.problems.length, 1, error.message)
  return error.problems[0]!
}

test('every fixture loads without a finding', async () => {
  for (const name of await readdir(FIXTURES)) assert.deepEqual((await fixture(name)).problems, [], name)
})

test('fixtures written in canonical form pass the schema', async () => {
  assert.deepEqual(await lintConfig(`${FIXTURES}shop.json`), [])
  assert.deepEqual(await lintConfig(`${FIXTURES}discovery.toml`), [])
})

test('inherits, cleans and converts', async () => {
  const { endpoints, ...service } = await fixture('shop.json')
  assert.equal(service.timeoutMs, 3000)
  assert.equal(service.cacheTtlMs, 300_000)
  assert.equal(service.transport.maxIdleConnectionsPerHost, 100)
  assert.deepEqual(service.router.errorBody404, { error: 'nothing here' })
  const [page, invoice, order] = endpoints
  assert.equal(page!.timeoutMs, 800)
  assert.equal(page!.cacheTtlMs, 300_000)
  assert.equal(page!.ginPath, '/products/:product/page')
  assert.deepEqual(page!.params, ['product'])
  assert.deepEqual(page!.backends[0]!.hosts, ['http://catalogue.internal:8081'])
  assert.deepEqual(page!.backends[1]!.hosts, ['http://reviews-a.internal:8080', 'http://reviews-b.internal:8080'])
  assert.deepEqual(page!.backends[0]!.mapping, [['sku', 'id']])
  assert.equal(page!.backends[1]!.goPattern, '/reviews?product={{.Product}}')
  assert.equal(page!.backends[2]!.timeoutMs, 800)
  assert.equal(invoice!.proxy.sequential, true)
  assert.deepEqual(invoice!.proxy.static, { data: { invoice: null }, strategy: 'incomplete' })
  assert.equal(invoice!.backends[1]!.goPattern, '/invoices/{{.Resp0_invoice_id}}')
  assert.equal(order!.method, 'POST')
  assert.equal(order!.backends[0]!.method, 'POST')
  assert.equal(order!.backends[0]!.http.returnErrorCode, true)
  assert.deepEqual(order!.backends[1]!.proxy, { shadow: true, shadowTimeoutMs: 5000, flatmapFilter: [] })
})

test('reads YAML, and forces no-op on the backends of a no-op endpoint', async () => {
  const config = await fixture('stream.yaml')
  assert.equal(config.port, 9000)
  assert.deepEqual(config.server.tls!.keys, [{ publicKey: './cert.pem', privateKey: './key.pem', pointer: '/tls/keys/0' }])
  assert.equal(config.server.tls!.minVersion, 'TLSv1.2')
  assert.equal(config.server.tls!.maxVersion, 'TLSv1.3')
  assert.deepEqual(config.plugin, {
    folder: './plugins/',
    pattern: '.js',
    modules: [],
    onError: 'fail',
    maxGuestMemory: 512_000_000
  })
  assert.deepEqual(config.router.trustedProxies, ['10.0.0.0/8', '::1'])
  assert.deepEqual(
    config.endpoints.map(endpoint => endpoint.backends[0]!.encoding),
    ['no-op', 'no-op']
  )
  assert.equal(config.endpoints[1]!.maxBodyBytes, 1_048_576)
  assert.equal(config.endpoints[1]!.backends[0]!.hosts[0], 'http://store.internal:8080/base')
})

test('reads TOML, with parameters anywhere under disable_rest', async () => {
  const config = await fixture('discovery.toml')
  assert.deepEqual(config.endpoints[0]!.params, ['year', 'month', 'format'])
  assert.equal(config.endpoints[0]!.ginPath, '/reports/:year-:month.:format')
  assert.equal(config.endpoints[0]!.backends[0]!.sd, 'dns')
  assert.deepEqual(config.endpoints[0]!.backends[0]!.hosts, ['reports.service.internal'])
  assert.equal(config.transport.dnsCacheTtlMs, 10_000)
})

test('takes long names, other letter case, scalars for lists and missing slashes', async () => {
  const config = await fixture('long-names.json')
  assert.equal(config.port, 8085)
  assert.equal(config.router.disableAccessLog, true)
  assert.deepEqual(Object.keys(config.extra), ['router', 'telemetry/logging'])
  const endpoint = config.endpoints[0]!
  assert.equal(endpoint.path, '/legacy/{id}')
  assert.equal(endpoint.method, 'GET')
  assert.deepEqual(endpoint.inputQueryStrings, ['page'])
  assert.equal(endpoint.backends[0]!.urlPattern, '/item/{id}')
  assert.deepEqual(endpoint.backends[0]!.hosts, ['http://backend.internal:8080'])
  assert.deepEqual(endpoint.backends[0]!.proxy.flatmapFilter, [{ type: 'del', args: ['secret'] }])
})

test('the result is frozen to the bottom and the object handed in is not', () => {
  const input = { endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/', extra_config: { own: { list: [{}] } } }] }] }
  const config = load(input)
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    assert.ok(Object.isFrozen(value))
    Object.values(value).forEach(walk)
  }
  walk(config)
  assert.ok(!Object.isFrozen(input.endpoints[0]!.backend[0]!.extra_config.own.list))
})

test('keys of a configuration that are named __proto__ are data', () => {
  const text = '{"version":3,"extra_config":{"own":{"__proto__":{"polluted":1}},"__proto__":{"a":1}}}'
  const config = loadConfigObject(JSON.parse(text), { namespaces: [] })
  assert.deepEqual(Object.keys(config.extra.own as object), ['__proto__'])
  assert.equal(({} as { polluted?: number }).polluted, undefined)
  assert.equal((config.extra as { a?: number }).a, undefined)
})

test('the port: wanted over environment over file over 8080', async () => {
  const file = await configFile('c.json', '{"version":3,"port":1111}')
  const options = { namespaces: [] }
  assert.equal((await loadConfigFile(file, { ...options, env: { KRAKEND_PORT: '2222' }, port: 3333 })).port, 3333)
  assert.equal((await loadConfigFile(file, { ...options, env: { KRAKEND_PORT: '2222' } })).port, 2222)
  assert.equal((await loadConfigFile(file, { ...options, env: {} })).port, 1111)
  assert.equal(load({}).port, 8080)
  assert.equal(load({}, { port: 0 }).port, 0)
  assert.equal(load({}, { debug: true }).debugEndpoint, true)
})

test('environment variables override known root keys, members of objects included; others are listed', () => {
  const env = {
    KRAKEND_TIMEOUT: '150ms',
    KRAKEND_HOST: 'other:81',
    KRAKEND_DEBUG_ENDPOINT: 'true',
    'KRAKEND_PLUGIN.FOLDER': './p/',
    KRAKEND_ENDPOINTS: 'x',
    KRAKEND_EXTRA_CONFIG: 'x',
    'KRAKEND_TLS.__PROTO__': 'x',
    PATH: '/bin'
  }
  const config = load({ plugin: { pattern: '.mjs' } }, { env })
  assert.equal(config.timeoutMs, 150)
  assert.deepEqual(config.hosts, ['http://other:81'])
  assert.equal(config.debugEndpoint, true)
  assert.deepEqual(config.plugin, { folder: './p/', pattern: '.mjs', modules: [], onError: 'fail', maxGuestMemory: 512_000_000 })
  assert.deepEqual(config.ignoredEnv, ['KRAKEND_ENDPOINTS', 'KRAKEND_EXTRA_CONFIG', 'KRAKEND_TLS.__PROTO__'])
  assert.deepEqual(
    errorsOf(() => load({}, { env: { KRAKEND_TIMEOUT: 'x' } })),
    [`/timeout: 'timeout' time: invalid duration`]
  )
})

test('text that is not well-formed is refused with its place', async () => {
  assert.match((await refusal('a.json', '')).message, /^the file is empty$/)
  const comma = await refusal('a.json', '{\n  "version": 3,\n  "endpoints": [],\n}')
  assert.deepEqual([comma.line, comma.column, comma.message], [4, 1, `a trailing comma before '}'`])
  assert.equal(comma.suggestion, 'remove the comma before it')
  const comment = await refusal('a.json', '{"version":3, // c\n"port":1}')
  assert.deepEqual([comment.line, comment.column], [1, 15])
  assert.match(comment.suggestion!, /no comments/)
  assert.match((await refusal('a', 'this is { not json')).message, /^invalid character 'h' in JSON$/)
  const yaml = await refusal('a.yaml', 'version: 3\nname: [a\n')
  assert.ok(yaml.line! >= 2)
  assert.equal((await refusal('a.yaml', 'version: 3\n---\nversion: 3\n')).message, 'Source contains multiple documents')
  const toml = await refusal('a.toml', 'version = 3\nname = \n')
  assert.equal(toml.line, 2)
  assert.match((await refusal('a.yaml', 'a: &x\n  b: *x\n')).message, /contains itself/)
})

test('a missing file is refused', async () => {
  await assert.rejects(loadConfigFile('no-such-file.json', { namespaces: [] }), {
    message: 'no-such-file.json: open no-such-file.json: no such file or directory'
  })
})

test('findings carry line and column, in JSON and in YAML; a missing key the place of its object', async () => {
  const json = '{\n  "version": 4,\n  "timeout": "1x",\n  "endpoints": [\n    { "endpoint": "/a" }\n  ]\n}'
  const yaml = 'version: 4\ntimeout: 1x\nendpoints:\n  - endpoint: /a\n'
  const places = async (name: string, text: string) => {
    const error = await loadConfigFile(await configFile(name, text), { namespaces: [], env: {} }).catch((e: unknown) => e)
    assert.ok(error instanceof ConfigError)
    return error.problems.map(problem => [problem.pointer, problem.line, problem.column])
  }
  assert.deepEqual(await places('a.json', json), [
    ['/version', 2, 3],
    ['/timeout', 3, 3],
    ['/endpoints/0', 5, 5]
  ])
  assert.deepEqual(await places('a.yaml', yaml), [
    ['/version', 1, 1],
    ['/timeout', 2, 1],
    ['/endpoints/0', 4, 5]
  ])
  const aliased = 'version: 3\nx-a: &a\n  - endpoint: /a\n    method: 7\n    backend: []\nendpoints: *a\n'
  assert.deepEqual((await places('b.yml', aliased)).at(-1)?.slice(0, 2), ['/x-a', 2])
  const toml = '# [[endpoints]]\nversion = 4\ntimeout = "x" # = [\n\n[[endpoints]]\nendpoint = "/a"\nbackend = []\n'
  assert.deepEqual(await places('a.toml', toml), [
    ['/version', 2, 1],
    ['/timeout', 3, 1],
    ['/endpoints/0', 5, 1]
  ])
})

test('places in TOML: tables, elements, dotted and quoted keys, texts that look like markup', () => {
  const text = [
    'a.b."c.d" = 1',
    'x = [\'\'\'[y]\n\n\'\'\', { z = [1, [2, 3]], "q" = 1979-05-27 07:32:00 }, """a\\""""", # ]',
    '  5]',
    '[[list]]',
    'n = 1',
    '[[list]] # }',
    'n = { m.o = "]" }',
    '  [list."in.ner"]',
    '  p = 2'
  ].join('\n')
  const offsets = findTomlOffsets(text)
  const line = (...path: string[]): number => text.slice(0, offsets(path)).split('\n').length
  const at = (...path: string[]): string => text.slice(offsets(path), offsets(path) + 6)
  assert.equal(at('a', 'b', 'c.d'), 'a.b."c')
  assert.deepEqual([at('x', '1', 'z', '1', '1'), at('x', '1', 'q'), at('x', '3')], ['3]], "', '"q" = ', '5]\n[[l'])
  assert.deepEqual([line('list', '0', 'n'), line('list', '1'), line('list', '1', 'n', 'm', 'o')], [7, 8, 9])
  assert.deepEqual([line('list', '1', 'in.ner', 'p'), line('list', '1', 'missing'), line('nothing')], [11, 8, 1])
})

test('a document that is no object is refused', async () => {
  assert.match((await refusal('a.json', '[]')).message, /cannot unmarshal array/)
  assert.match((await refusal('a.yaml', '~')).message, /cannot unmarshal nil/)
  assert.deepEqual(
    errorsOf(() => loadConfigObject('x', { namespaces: [] })),
    [': cannot unmarshal string into a configuration']
  )
})

test('functions and cycles in an object are refused with their pointer', () => {
  const loop: Record<string, unknown> = {}
  loop.self = loop
  const of = (value: unknown) => findingsOf(() => load({ extra_config: { 'a/b': value } }))[0]!
  assert.deepEqual([of(loop).pointer, of(loop).message], ['/extra_config/a~1b/self', 'the value contains itself'])
  assert.equal(of([() => 1]).message, 'a function is no configuration value')
})

test('5,000 endpoints load, each as its own', () => {
  const endpoints = Array.from({ length: 5000 }, (_, i) => ({
    endpoint: `/s${i}/{id}`,
    backend: [{ url_pattern: `/${i}/{id}` }]
  }))
  const config = load({ endpoints })
  assert.equal(config.endpoints.length, 5000)
  assert.equal(config.endpoints[4999]!.backends[0]!.goPattern, '/4999/{{.Id}}')
})

test('a document nested beyond the stack is refused in one line', async () => {
  const text = `{"version":3,"extra_config":{"router":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`
  const found = await refusal('deep.json', text)
  assert.equal(found.message, 'the document is nested too deeply')
  assert.throws(() => loadConfigObject(JSON.parse(text), { namespaces: [] }), /nested too deeply/)
})
