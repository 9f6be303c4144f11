import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorsOf, load, loadBackend, loadEndpoint } from './support.js'

test('scalars convert into each other at the root, in endpoints and backends', () => {
  const config = load({ version: '3', name: 5, port: 80.5, max_header_bytes: '0x1000', debug_endpoint: 1, echo_endpoint: 'T' })
  assert.equal(config.name, '5')
  assert.equal(config.port, 80)
  assert.equal(config.server.maxHeaderBytes, 4096)
  assert.equal(config.debugEndpoint, true)
  assert.equal(config.echoEndpoint, true)
  assert.equal(load({ max_header_bytes: '010' }).server.maxHeaderBytes, 8)
  assert.equal(load({ max_header_bytes: '' }).server.maxHeaderBytes, 1024 * 1024)
  assert.equal(load({ max_idle_connections: true }).transport.maxIdleConnections, 1)
  const endpoint = loadEndpoint({ input_headers: 'X-A', input_query_strings: {}, concurrent_calls: '-3' })
  assert.deepEqual(endpoint.inputHeaders, ['X-A'])
  assert.deepEqual(endpoint.inputQueryStrings, [])
  assert.equal(endpoint.concurrentCalls, 1)
  assert.deepEqual(loadBackend({ allow: [1, true, null], mapping: [] }).allow, ['1', '1', ''])
})

test('null counts as missing, an exact key wins over other letter case', () => {
  const config = load({ name: null, timeout: null, endpoints: null, Port: 1, port: 2 })
  assert.deepEqual([config.name, config.timeoutMs, config.endpoints.length, config.port], ['', 2000, 0, 2])
})

test('a bare number is nanoseconds, zero inherits', () => {
  const config = load({
    timeout: 1_500_000_000,
    cache_ttl: '90m',
    endpoints: [{ endpoint: '/x', timeout: '0s', cache_ttl: 0, backend: [{}] }]
  })
  assert.equal(config.timeoutMs, 1500)
  assert.equal(config.endpoints[0]!.timeoutMs, 1500)
  assert.equal(config.endpoints[0]!.cacheTtlMs, 5_400_000)
})

test('what does not convert is told in the words of KrakenD, all at once, also to a tolerant load', () => {
  const run = () =>
    load(
      {
        port: 'eighty',
        debug_endpoint: 'maybe',
        echo_endpoint: [],
        name: {},
        read_timeout: true,
        extra_config: 'text',
        tls: 'x',
        host: [{}],
        endpoints: ['a', null, { endpoint: '/x', timeout: '5', backend: [null, { timeout: 'soon', extra_config: 1 }] }]
      },
      { tolerant: true }
    )
  assert.deepEqual(errorsOf(run), [
    `/extra_config: 'extra_config' expected type 'config.ExtraConfig', got unconvertible type 'string'`,
    `/host: 'host' [0] expected type 'string', got unconvertible type 'map[string]interface {}'`,
    `/endpoints/0: 'endpoints[0]' expected a map or struct, got "string"`,
    `/endpoints/1: 'endpoints[1]' is null`,
    `/endpoints/2/timeout: 'endpoints[2].timeout' time: missing unit in duration`,
    `/endpoints/2/backend/0: 'endpoints[2].backend[0]' is null`,
    `/endpoints/2/backend/1/extra_config: 'endpoints[2].backend[1].extra_config' expected type 'config.ExtraConfig', got unconvertible type 'float64'`,
    `/endpoints/2/backend/1/timeout: 'endpoints[2].backend[1].timeout' time: invalid duration`,
    `/name: 'name' expected type 'string', got unconvertible type 'map[string]interface {}'`,
    `/port: 'port' cannot parse value as 'int': strconv.ParseInt: invalid syntax`,
    `/read_timeout: 'read_timeout' expected type 'time.Duration', got unconvertible type 'bool'`,
    `/tls: 'tls' expected a map or struct, got "string"`,
    `/debug_endpoint: 'debug_endpoint' cannot parse value as 'bool': strconv.ParseBool: invalid syntax`,
    `/echo_endpoint: 'echo_endpoint' expected type 'bool', got unconvertible type '[]interface {}'`
  ])
})

test('lists of objects take one object, and an extra_config may be a list of them', () => {
  const config = load({
    extra_config: [{ router: { auto_head: true } }, { own: {} }],
    endpoints: { endpoint: '/one', backend: { url_pattern: '/b' } }
  })
  assert.equal(config.router.autoHead, true)
  assert.equal(config.endpoints[0]!.pointer, '/endpoints')
  assert.equal(config.endpoints[0]!.backends[0]!.urlPattern, '/b')
})

test('negative durations, sizes and ports are refused', () => {
  const run = () => load({ timeout: '-1s', max_header_bytes: -1, port: 70_000 })
  assert.deepEqual(errorsOf(run), [
    `/timeout: 'timeout' is a negative duration`,
    '/port: listen tcp: address 70000: invalid port',
    `/max_header_bytes: 'max_header_bytes' must not be negative`
  ])
  const tolerant = load(
    { timeout: '-1s', read_timeout: '-1s', endpoints: [{ endpoint: '/a', backend: [{}] }] },
    { tolerant: true }
  )
  assert.equal(tolerant.endpoints[0]!.broken, 'context deadline exceeded')
  assert.equal(tolerant.server.readTimeoutMs, 0)
})
