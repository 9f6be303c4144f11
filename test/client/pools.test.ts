import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { UpstreamPools } from '../../src/client/pools.js'
import type { TransportConfig } from '../../src/config/types.js'
import { TimerWheel } from '../../src/telemetry/timer-wheel.js'
import { until } from '../support/waiting.js'
import { call, type HeldUpstream, holdUpstream, TRANSPORT } from './probe.js'

const TLS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  curvePreferences: [],
  cipherSuites: [],
  caCerts: [],
  disableSystemCaPool: false,
  clientCerts: []
} as const

function openPools(t: TestContext, transport: Partial<TransportConfig> = {}): UpstreamPools {
  const pools = new UpstreamPools({
    transport: { ...TRANSPORT, ...transport },
    maxConnections: 10,
    maxQueued: 0,
    wheel: new TimerWheel(),
    env: {}
  })
  t.after(() => pools.close())
  return pools
}

/** Opens `count` connections and leaves them idle. */
async function leaveIdle(pools: UpstreamPools, origin: string, upstream: HeldUpstream, count: number): Promise<void> {
  const calls = Array.from({ length: count }, () => call(pools.get(origin), '/'))
  await until(() => upstream.held.length === count)
  for (const held of upstream.held) held.answer()
  await Promise.all(calls.map(one => one.outcome))
}

test('one pool for every spelling of an origin, none for what no backend named', t => {
  const pools = openPools(t)
  const pool = pools.get('http://Backend.test:80')
  assert.equal(pools.get('http://backend.test'), pool)
  assert.equal(pool.origin, 'http://backend.test')
  assert.equal(pools.reach('http://backend.test'), pool)
  assert.equal(pools.reach('http://other.test'), undefined)
  assert.deepEqual([...pools.all()], [pool])
  assert.throws(() => pools.get('ftp://backend.test'), TypeError)
  assert.throws(() => pools.get('backend'), TypeError)
})

test('redirects reach every port and scheme of a named host, and no host besides', t => {
  const pools = openPools(t)
  pools.get('http://backend.test:8080')
  for (const origin of ['http://backend.test', 'https://backend.test', 'http://backend.test:9'])
    assert.equal(pools.reach(origin)?.origin, origin)
  for (const origin of [
    'http://api.backend.test',
    'http://test',
    'http://backend.test.',
    'http://127.0.0.1',
    'ftp://backend.test'
  ])
    assert.equal(pools.reach(origin), undefined)
  const visited = pools.reach('https://backend.test')
  assert.equal(pools.get('https://backend.test'), visited, 'a port that is named later keeps its connections')
})

test('redirects reach other ports of an address or of localhost while the configuration names one port of it', t => {
  for (const host of ['127.0.0.1', '10.0.0.7', '[::1]', 'localhost', 'api.localhost']) {
    const pools = openPools(t)
    pools.get(`http://${host}:8080`)
    pools.get(`http://${host}:8080/`)
    for (const origin of [`http://${host}:9000`, `https://${host}`]) assert.equal(pools.reach(origin)?.origin, origin)
    const second = pools.get(`http://${host}:8081`)
    assert.equal(pools.reach(`http://${host}:8081`), second)
    for (const origin of [`http://${host}:9000`, `https://${host}`, `https://${host}:8080`])
      assert.equal(pools.reach(origin), undefined, 'ports tell services apart')
  }
  const pools = openPools(t)
  for (const port of [1, 2]) pools.get(`http://backend.test:${port}`)
  assert.equal(pools.reach('https://backend.test')?.origin, 'https://backend.test', 'a name is one service')
})

test('ports that backends redirect to are bounded in number: those in use stay, the longest unused one goes', t => {
  const pools = openPools(t)
  pools.get('http://backend.test')
  const first = pools.reach('http://backend.test:1')!
  const second = pools.reach('http://backend.test:2')
  first.enter()
  for (let port = 3; port < 10_000; port++) pools.reach(`http://backend.test:${port}`)
  assert.equal(pools.all().size, 65)
  assert.equal(pools.reach('http://backend.test:1'), first)
  assert.notEqual(pools.reach('http://backend.test:2'), second)
  for (const pool of pools.all()) pool.enter()
  assert.equal(pools.reach('http://backend.test:3'), undefined, 'all of them are in use')
  assert.equal(pools.all().size, 65)
})

test('max_idle_connections_per_host: what is idle beyond it is closed', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pools = openPools(t, { maxIdleConnectionsPerHost: 2 })
  await leaveIdle(pools, origin, upstream, 5)
  await until(() => upstream.sockets.size === 2)
  assert.equal(pools.get(origin).connections, 2)
})

test('max_idle_connections: over all origins', async t => {
  const [one, two] = [await holdUpstream(t), await holdUpstream(t)]
  const pools = openPools(t, { maxIdleConnections: 4 })
  await leaveIdle(pools, one.origin, one.upstream, 3)
  await leaveIdle(pools, two.origin, two.upstream, 3)
  await until(() => one.upstream.sockets.size + two.upstream.sockets.size === 4)
  assert.equal(pools.get(one.origin).connections, 3)
})

test('closing closes every connection of every pool', async t => {
  const [one, two] = [await holdUpstream(t), await holdUpstream(t)]
  const pools = openPools(t)
  await leaveIdle(pools, one.origin, one.upstream, 3)
  const running = call(pools.get(two.origin), '/')
  await until(() => two.upstream.held.length === 1)
  await pools.close()
  assert.equal(await running.said(), 'SLUICE_ERR_GATEWAY_CLOSING')
  await until(() => one.upstream.sockets.size === 0 && two.upstream.sockets.size === 0)
  assert.equal(pools.all().size, 0)
})

test('backends with settings of their own have pools of their own, told apart by a name', t => {
  const pools = openPools(t)
  const shared = pools.get('http://backend.test')
  const tls = { ...TLS, allowInsecureConnections: true }
  assert.equal(pools.ofClient({ tls: undefined, proxyAddress: undefined }), pools)
  const insecure = pools.ofClient({ tls, proxyAddress: undefined })
  const proxied = pools.ofClient({ tls: undefined, proxyAddress: 'http://proxy.test:3128/' })
  assert.equal(pools.ofClient({ tls: { ...tls }, proxyAddress: undefined }), insecure)
  const names = [shared, insecure.get(shared.origin), proxied.get(shared.origin)].map(pool => pool.settingsName)
  assert.deepEqual(names, ['', '1', '2'])
  assert.equal(pools.all().size, 3)
})
