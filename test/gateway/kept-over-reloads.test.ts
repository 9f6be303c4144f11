/** What has state keeps it over a reload where its options and its place are the same. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { ConfigInput } from '../../src/index.js'
import { freePort } from '../support/free-port.js'
import { openGateway } from '../support/open-gateway.js'
import { openUpstream } from '../support/upstream.js'
import { fetch, until } from '../support/waiting.js'

interface Parts {
  readonly host: string
  readonly service?: object
  readonly endpoint?: object
  readonly backend?: object
  /** Differs from reload to reload. */
  readonly name?: string
}

function configOf({ host, service = {}, endpoint = {}, backend = {}, name = 'a' }: Parts): ConfigInput {
  return {
    version: 3,
    name,
    listen_ip: '127.0.0.1',
    timeout: '30s',
    extra_config: service,
    endpoints: [{ endpoint: '/x', extra_config: endpoint, backend: [{ host: [host], url_pattern: '/', extra_config: backend }] }]
  } as ConfigInput
}

const json = (t: TestContext) => openUpstream(t, (_req, res) => res.end('{}'))
const statusAt = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
  (await fetch(url, { headers })).status

test('the buckets of limits', async t => {
  const upstream = await json(t)
  const limits = {
    'qos/ratelimit/router': {
      max_rate: 0.001,
      capacity: 5,
      client_max_rate: 0.001,
      client_capacity: 2,
      strategy: 'header',
      key: 'X-Client'
    }
  }
  const config = (name: string): ConfigInput => configOf({ host: upstream.origin, endpoint: limits, name })
  const { gateway, origin } = await openGateway(t, config('a'))
  const ask = (client: string): Promise<number> => statusAt(`${origin}/x`, { 'x-client': client })
  assert.equal(await ask('one'), 200)
  await gateway.reload(config('b'))
  assert.equal(await ask('one'), 200)
  assert.equal(await ask('one'), 429, 'the client has used up its bucket')
  assert.equal(await ask('two'), 200)
  await gateway.reload(config('c'))
  assert.equal(await ask('three'), 200)
  assert.equal(await ask('four'), 200)
  await gateway.reload(config('d'))
  assert.equal(await ask('five'), 503, 'all together have used up theirs')
  const other = { 'qos/ratelimit/router': { ...limits['qos/ratelimit/router'], capacity: 6 } }
  await gateway.reload(configOf({ host: upstream.origin, endpoint: other }))
  assert.equal(await ask('five'), 200, 'another limit begins anew')
})

test('the bucket of calls to a backend', async t => {
  const upstream = await json(t)
  const backend = { 'qos/ratelimit/proxy': { max_rate: 0.001, capacity: 2 } }
  const { gateway, origin } = await openGateway(t, configOf({ host: upstream.origin, backend }))
  assert.equal(await statusAt(`${origin}/x`), 200)
  await gateway.reload(configOf({ host: upstream.origin, backend, name: 'b' }))
  assert.equal(await statusAt(`${origin}/x`), 200)
  assert.equal(await statusAt(`${origin}/x`), 500)
})

test('an open circuit breaker, and not that of another host', async t => {
  const failing = await openUpstream(t, (_req, res) => res.writeHead(500).end())
  const fine = await json(t)
  const backend = { 'qos/circuit-breaker': { interval: 60, timeout: 60, max_errors: 1 } }
  const { gateway, origin } = await openGateway(t, configOf({ host: failing.origin, backend }))
  for (let turn = 0; turn < 3; turn++) await statusAt(`${origin}/x`)
  const calls = failing.seen.length
  await gateway.reload(configOf({ host: failing.origin, backend, name: 'b' }))
  assert.equal(await statusAt(`${origin}/x`), 500)
  assert.equal(failing.seen.length, calls, 'the breaker is open')
  await gateway.reload(configOf({ host: fine.origin, backend }))
  assert.equal(await statusAt(`${origin}/x`), 200)
})

test('stored responses, of each kind of store', async t => {
  const upstream = await openUpstream(t, (_req, res, call) =>
    res.writeHead(200, { 'Cache-Control': 'max-age=600' }).end(`{"call":${call}}`)
  )
  for (const cache of [{}, { max_size: 1_000_000 }, { shared: true, max_size: 1_000_000 }]) {
    const config = (name: string): ConfigInput => configOf({ host: upstream.origin, backend: { 'qos/http-cache': cache }, name })
    const { gateway, origin } = await openGateway(t, config('a'))
    const first = await (await fetch(`${origin}/x`)).text()
    await until(async () => (await (await fetch(`${origin}/x`)).text()) === first, 'a stored response')
    await gateway.reload(config('b'))
    assert.equal(await (await fetch(`${origin}/x`)).text(), first)
  }
})

test('key sets', async t => {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }
  const server = await openUpstream(t, (_req, res) => res.end(JSON.stringify({ keys: [jwk] })))
  const upstream = await json(t)
  const endpoint = {
    'auth/validator': { alg: 'RS256', jwk_url: `${server.origin}/keys`, disable_jwk_security: true, cache: true }
  }
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'RS256', kid: 'k' }).setExpirationTime('1h').sign(privateKey)
  const headers = { authorization: `Bearer ${token}` }
  const { gateway, origin } = await openGateway(t, configOf({ host: upstream.origin, endpoint }))
  assert.equal(await statusAt(`${origin}/x`, headers), 200)
  const fetched = server.seen.length
  for (const name of ['b', 'c']) {
    await gateway.reload(configOf({ host: upstream.origin, endpoint, name }))
    assert.equal(await statusAt(`${origin}/x`, headers), 200)
  }
  assert.equal(server.seen.length, fetched)
})

test('ports of metrics and what they count', async t => {
  const upstream = await json(t)
  const [stats, prometheus, census] = [await freePort(), await freePort(), await freePort()]
  const service = {
    'telemetry/metrics': { listen_address: `127.0.0.1:${stats}` },
    'telemetry/opentelemetry': { exporters: { prometheus: [{ name: 'p', port: prometheus, listen_ip: '127.0.0.1' }] } },
    'telemetry/opencensus': { exporters: { prometheus: { port: census } } }
  }
  const config = (name: string): ConfigInput => configOf({ host: upstream.origin, service, name })
  const { gateway, origin } = await openGateway(t, config('a'))
  const read = async (port: number, path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  let open = true
  const scraping = (async () => {
    while (open)
      for (const [port, path] of [
        [stats, '/__stats'],
        [prometheus, '/metrics'],
        [census, '/metrics']
      ] as const)
        await read(port, path)
  })()
  for (const name of ['b', 'c', 'd']) {
    assert.equal(await statusAt(`${origin}/x`), 200)
    await gateway.reload(config(name))
  }
  await assert.rejects(gateway.reload('/no/such/file.json'))
  open = false
  await scraping
  const shown = JSON.parse(await read(stats, '/__stats')) as Record<string, number>
  assert.equal(shown['krakend.router.response./x.status.200.count'], 3)
  const text = await read(prometheus, '/metrics')
  assert.match(text, /^http_server_request_duration_seconds_count\{.*\} 3$|^http_server_duration_count\{.*\} 3$/m)
  assert.match(text, /^sluice_upstream_calls_total\{.*\} 3$/m)
  assert.match(text, /^sluice_reloads_total\{result="ok"\} 3$/m)
  assert.match(text, /^sluice_reloads_total\{result="failed"\} 1$/m)
  assert.match(text, /^sluice_last_reload_ok 0$/m)
  assert.match(await read(census, '/metrics'), /completed_count\{.*\} 3$/m)
})
