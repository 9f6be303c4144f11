import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileAddress } from '../../src/backend/address.js'
import { createBalancer } from '../../src/backend/balancer.js'
import type { OriginPool } from '../../src/client/pool.js'
import type { UpstreamPools } from '../../src/client/pools.js'
import { loadConfigObject } from '../support/load-config.js'

/** The address of one backend, over pools that are their origins. */
function addressOf(backend: object) {
  const config = loadConfigObject(
    {
      version: 3,
      endpoints: [{ endpoint: '/x/{id}', backend: [{ host: ['http://a:8080'], url_pattern: '/b/{id}', ...backend }] }]
    },
    { env: {}, namespaces: [] }
  )
  const pools = {
    get: (origin: string) => ({ origin }) as OriginPool,
    reach: (origin: string) => ({ origin }) as OriginPool
  } as UpstreamPools
  const [only] = config.endpoints[0]!.backends
  return compileAddress(only!, pools, createBalancer(only!.hosts), 'Sluice')
}

describe('the address of a backend', () => {
  test('resolves a host to its pool and the path it carries, once', () => {
    const { resolve } = addressOf({})
    const plain = resolve('http://a:8080')
    assert.deepEqual([plain.pool.origin, plain.base], ['http://a:8080', ''])
    const carrying = resolve('https://b.example/base/')
    assert.deepEqual([carrying.pool.origin, carrying.base], ['https://b.example', '/base'])
    assert.equal(resolve('http://a:8080'), plain)
    assert.throws(() => resolve('no url'), TypeError)
  })

  test('lets through what the endpoint let through, unless the backend has lists of its own', () => {
    const open = addressOf({})
    assert.deepEqual([open.pickFields, open.pickQuery], [undefined, undefined])
    const narrow = addressOf({ input_headers: ['X-One', '*'], input_query_strings: ['a'] })
    const raw = ['x-one', '1', 'X-Two', '2', 'Traceparent', 't', 'User-Agent', 'client']
    assert.deepEqual(narrow.pickFields!(raw), ['x-one', '1', 'Traceparent', 't', 'User-Agent', 'Sluice'])
    assert.equal(narrow.pickQuery!('a=1&b=2'), 'a=1')
    const agent = addressOf({ input_headers: ['User-Agent'] })
    assert.deepEqual(agent.pickFields!(raw), ['Traceparent', 't', 'User-Agent', 'client'])
  })

  test('fills the pattern with parameters', () => {
    assert.equal(addressOf({}).target({ id: '7' }, 'q=1'), '/b/7?q=1')
  })

  test('follows redirects unless it is told not to', () => {
    assert.notEqual(addressOf({}).redirects, undefined)
    const still = addressOf({ extra_config: { 'backend/http/client': { no_redirect: true } } })
    assert.equal(still.redirects, undefined)
  })
})
