import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RouterStats } from '../../../../plugins/_shared/stats/registry.js'
import { Sample } from '../../../../plugins/_shared/stats/sample.js'
import { parseListenAddress } from '../../../../plugins/telemetry/metrics/address.js'
import { freePort } from '../../../support/free-port.js'
import { openGateway } from '../../../support/open-gateway.js'
import { fetch, until } from '../../../support/waiting.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/metrics'
type Stats = Record<string, number>

async function open(owner: TestContext, endpoints: object[], options: object = {}) {
  const { origin, log, gateway } = await openGateway(owner, {
    endpoints,
    extra_config: { [NAMESPACE]: { listen_address: '127.0.0.1:0', ...options } }
  })
  const line = await log.line(/stats endpoint listens on port/)
  const url = `http://127.0.0.1:${line.slice(line.lastIndexOf(' ') + 1)}/__stats`
  const shows = (name: string, value: number): Promise<Stats> =>
    until(async () => {
      const stats = (await (await fetch(url)).json()) as Stats
      return stats[name] === value && stats
    }, `${name} ${value}`)
  return { origin, gateway, url, shows }
}

test('counts exchanges, endpoints and backends under their names', async t => {
  const upstream = await startUpstream(t)
  const { origin, url, shows } = await open(t, [
    endpoint('/x/{id}', upstream, { url: '/up/{id}' }),
    endpoint('/direct', upstream, { output_encoding: 'no-op' }),
    endpoint('/failed', NOWHERE)
  ])
  for (const path of ['/x/1', '/x/2', '/direct', '/failed', '/none']) await (await fetch(origin + path)).text()
  const stats = await shows('krakend.router.disconnected', 5)
  assert.equal(stats['krakend.router.connected'], 5)
  assert.equal(stats['krakend.router.connected-total'], 0)
  assert.equal(stats['krakend.router.response./x/:id.status'], 0)
  assert.equal(stats['krakend.router.response./x/:id.status.200.count'], 2)
  assert.equal(stats['krakend.router.response./x/:id.size.count'], 2)
  assert.equal(stats['krakend.router.response./x/:id.size.mean'], 11)
  assert.ok(stats['krakend.router.response./x/:id.time.95-percentile']! > 0)
  assert.equal(stats['krakend.router.response./failed.status.500.count'], 1)
  assert.equal(stats['krakend.proxy.requests.layer.pipe.name./x/:id.complete.true.error.false'], 2)
  assert.equal(stats['krakend.proxy.requests.layer.pipe.name./x/:id.complete.false.error.true'], 0)
  assert.equal(stats['krakend.proxy.latency.layer.pipe.name./x/:id.complete.true.error.false.count'], 2)
  assert.equal(stats['krakend.proxy.requests.layer.backend.name./up/{{.Id}}.complete.true.error.false'], 2)
  assert.equal(stats['krakend.proxy.requests.layer.pipe.name./direct.complete.true.error.false'], 1)
  assert.equal(stats['krakend.proxy.requests.layer.backend.name./up.complete.false.error.true'], 1)
  assert.ok(stats['krakend.service.runtime.MemStats.HeapAlloc']! > 0)
  assert.ok(stats['krakend.service.runtime.MemStats.Sys']! > 0)
  assert.ok('krakend.service.debug.GCStats.Pause.max' in stats)
  const names = Object.keys(stats)
  assert.deepEqual(names, [...names].sort())
  assert.match((await fetch(url)).headers.get('content-type')!, /application\/json/)
})

test('disabled parts are neither measured nor shown', async t => {
  const upstream = await startUpstream(t)
  const all = { router_disabled: true, proxy_disabled: true, backend_disabled: true }
  const { origin, shows } = await open(t, [endpoint('/x', upstream)], all)
  await (await fetch(`${origin}/x`)).text()
  const stats = await shows('krakend.router.connected', 0)
  assert.deepEqual(
    Object.keys(stats).filter(name => name.includes('/x') || name.includes('proxy')),
    []
  )
})

test('a collection time turns counts into gauges and totals', async t => {
  const router = new RouterStats()
  const read = (): Stats => {
    const stats: Stats = {}
    router.put((name, value) => {
      stats[name.replace('krakend.router.', '')] = value
    })
    return stats
  }
  router.started()
  router.started()
  router.collect()
  router.started()
  assert.deepEqual(read(), {
    connected: 1,
    'connected-gauge': 2,
    'connected-total': 2,
    disconnected: 0,
    'disconnected-gauge': 0,
    'disconnected-total': 0
  })
  const upstream = await startUpstream(t)
  const { origin, shows } = await open(t, [endpoint('/x', upstream)], { collection_time: '5ms' })
  await (await fetch(`${origin}/x`)).text()
  await shows('krakend.router.disconnected-total', 1)
})

test('stands beside telemetry/opentelemetry, and both see everything', async t => {
  const upstream = await startUpstream(t)
  const port = await freePort()
  const { origin, log } = await openGateway(t, {
    endpoints: [endpoint('/x', upstream), endpoint('/direct', upstream, { output_encoding: 'no-op' })],
    extra_config: {
      [NAMESPACE]: { listen_address: '127.0.0.1:0' },
      'telemetry/opentelemetry': { exporters: { prometheus: [{ name: 'p', port, host: '127.0.0.1' }] } }
    }
  })
  for (const path of ['/x', '/direct']) await (await fetch(origin + path)).text()
  const line = await log.line(/stats endpoint listens on port/)
  const read = async (url: string): Promise<string> => (await fetch(`http://127.0.0.1:${url}`)).text()
  const stats = `${line.slice(line.lastIndexOf(' ') + 1)}/__stats`
  await until(async () => (await read(stats)).includes('"krakend.router.disconnected": 2'))
  assert.match(await read(stats), /"krakend\.proxy\.requests\.layer\.backend\.name\.\/up\.complete\.true\.error\.false": 2/)
  const metrics = await read(`${port}/metrics`)
  for (const path of ['x', 'direct']) {
    assert.match(metrics, new RegExp(`^krakend_proxy_duration_count\\{http_route="/${path}".* 1$`, 'm'))
    assert.match(metrics, new RegExp(`^http_server_duration_count\\{http_route="/${path}".* 1$`, 'm'))
  }
})

test('the port closes with the gateway', async t => {
  const { gateway, url } = await open(t, [endpoint('/x', NOWHERE)])
  assert.equal((await fetch(`${url}/`)).status, 200)
  await gateway.close({ graceMs: 1 })
  await assert.rejects(fetch(url))
})

test('without its endpoint it measures nothing', async t => {
  const { log, gateway } = await build(t, {
    endpoints: [endpoint('/x', NOWHERE, { output_encoding: 'no-op' })],
    extra_config: { [NAMESPACE]: { endpoint_disabled: true, listen_address: '127.0.0.1:0' } }
  })
  await log.line(/WARNING: \[SERVICE: Stats\] the endpoint is disabled/)
  assert.equal(gateway.pipes[0]!.direct, true)
})

const FAULTS: readonly [options: object, key: string][] = [
  [{ listen_address: '8090' }, 'listen_address'],
  [{ listen_address: ':99999' }, 'listen_address'],
  [{ collection_time: 'soon' }, 'collection_time'],
  [{ collection_time: '-1s' }, 'collection_time'],
  [{ proxy_disabled: 'yes' }, 'proxy_disabled']
]

for (const [options, key] of FAULTS) {
  test(`the start goes on with ${JSON.stringify(options)}, with a warning`, async t => {
    const extra_config = { [NAMESPACE]: { listen_address: '127.0.0.1:0', ...options } }
    const { gateway } = await openGateway(t, { endpoints: [endpoint('/x', NOWHERE)], extra_config })
    const { problems } = gateway.config
    assert.deepEqual(
      problems.map(({ level, pointer }) => [level, pointer]),
      [['warning', `/extra_config/telemetry~1metrics/${key}`]]
    )
  })
}

test('addresses as Go writes them', () => {
  assert.deepEqual(parseListenAddress(':8090'), { host: '', port: 8090 })
  assert.deepEqual(parseListenAddress('localhost:1'), { host: 'localhost', port: 1 })
  assert.deepEqual(parseListenAddress('[::1]:80'), { host: '::1', port: 80 })
  for (const text of ['', 'a', '::1:80', 'a:b', 'a:1:2']) assert.equal(parseListenAddress(text), undefined, text)
})

test('a sample is exact about what fits', () => {
  const sample = new Sample()
  assert.deepEqual(
    sample.summary().map(([, value]) => value),
    Array(10).fill(0)
  )
  for (const value of [4, 1, 3, 2]) sample.record(value)
  const summary = Object.fromEntries(sample.summary())
  assert.deepEqual(
    [summary.count, summary.min, summary.max, summary.mean, summary['50-percentile'], summary['999-percentile']],
    [4, 1, 4, 2.5, 2.5, 4]
  )
  assert.ok(Math.abs(summary['std-dev']! - Math.sqrt(1.25)) < 1e-9)
  for (let i = 0; i < 5000; i++) sample.record(10)
  const later = Object.fromEntries(sample.summary())
  assert.equal(later.count, 5004)
  assert.equal(later['50-percentile'], 10)
  assert.equal(later.min, 1)
})
