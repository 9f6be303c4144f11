import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { StatusReport } from '../../../src/admin/status/report.js'
import type { GatewayOptions } from '../../../src/generation/gateway-options.js'
import { handlers } from '../../plugin/support.js'
import { openGateway } from '../../support/open-gateway.js'
import { openUpstream } from '../../support/upstream.js'
import { fetch, until } from '../../support/waiting.js'
import { ask } from '../support.js'

async function opened(t: TestContext, config: object, options: GatewayOptions = {}) {
  const open = await openGateway(t, { extra_config: { 'sluice/admin': { port: 0 } }, ...config }, options)
  const admin = Number(/port: (\d+)$/.exec(await open.log.line(/Admin\] Listening/))![1])
  const report = async (): Promise<StatusReport> => JSON.parse((await ask(admin, '/__sluice/status.json')).body)
  const after = (requests: number): Promise<StatusReport> =>
    until(async () => {
      const now = await report()
      return now.traffic.requests >= requests && now
    }, `${requests} requests in the status`)
  return { ...open, admin, report, after }
}

async function upstreamOf(t: TestContext) {
  return openUpstream(t, (req, res) => {
    res.statusCode = req.url.startsWith('/bad') ? 500 : 200
    res.setHeader('Content-Type', 'application/json')
    res.setHeader('Cache-Control', 'max-age=60')
    res.end('{"a":1}')
  })
}

test('requests, errors and latencies are counted by endpoint; others apart', async t => {
  const { origin: host } = await upstreamOf(t)
  const backend = [{ host: [host], url_pattern: '/' }]
  const endpoints = [
    { endpoint: '/raw/{id}', output_encoding: 'no-op', backend },
    { endpoint: '/data', backend },
    { endpoint: '/data', method: 'POST', backend },
    { endpoint: '/bad', backend: [{ host: [host], url_pattern: '/bad' }] }
  ]
  const { origin, after } = await opened(t, { endpoints })
  for (const path of ['/raw/1', '/raw/2', '/data', '/bad', '/none', '/__health']) await (await fetch(origin + path)).text()
  await (await fetch(`${origin}/data`, { method: 'POST' })).text()
  const status = await after(7)
  assert.deepEqual(
    status.endpoints.map(({ method, path, requests, server_errors }) => [method, path, requests, server_errors]),
    [
      ['GET', '/raw/{id}', 2, 0],
      ['GET', '/data', 1, 0],
      ['POST', '/data', 1, 0],
      ['GET', '/bad', 1, 1]
    ]
  )
  assert.deepEqual([status.others.requests, status.others.client_errors], [2, 1])
  assert.deepEqual([status.traffic.requests, status.in_flight], [7, 0])
  const [raw] = status.endpoints
  assert.ok(raw!.p50_ms! > 0 && raw!.p99_ms! >= raw!.p50_ms!)
  assert.deepEqual(
    status.errors.map(({ code, endpoint, status }) => [code, endpoint, status]),
    [['SLUICE_ERR_UPSTREAM_STATUS', 'GET /bad', 500]]
  )
  const failed = status.backends.find(({ endpoint }) => endpoint === 'GET /bad')!
  assert.deepEqual([failed.calls, failed.failed, failed.canceled], [1, 1, 0])
  assert.equal(failed.backend, `GET ${host}/bad`)
  assert.ok(status.pools.some(({ origin, total }) => origin === host && total >= 5))
})

test('pipes tell what holds a body, and hide what URLs carry', async t => {
  const backend = [{ host: ['http://user:secret@a.test'], disable_host_sanitize: true, url_pattern: '/x?key=secret' }]
  const endpoints = [
    { endpoint: '/raw', output_encoding: 'no-op', backend },
    { endpoint: '/data', backend }
  ]
  const { admin, report } = await opened(t, { endpoints })
  const { pipes } = await report()
  assert.deepEqual(
    pipes.map(({ path, pipe, direct, holds }) => [path, pipe, direct, holds.length > 0]),
    [
      ['/raw', 'passthrough', true, false],
      ['/data', 'aggregate', false, true]
    ]
  )
  const { body } = await ask(admin, '/__sluice/status.json')
  assert.doesNotMatch(body, /secret/)
  assert.match(body, /http:\/\/…@a\.test/)
})

test('components show their state, plugins their times', async t => {
  const { origin: host } = await upstreamOf(t)
  const endpoints = [
    {
      endpoint: '/limited',
      extra_config: { 'qos/ratelimit/router': { max_rate: 1, capacity: 1, client_max_rate: 1, strategy: 'ip' } },
      backend: [
        {
          host: [host],
          url_pattern: '/',
          extra_config: {
            'qos/circuit-breaker': { interval: 60, timeout: 60, max_errors: 1 },
            'qos/ratelimit/proxy': { max_rate: 100, capacity: 100 },
            'qos/http-cache': {}
          }
        }
      ]
    }
  ]
  const { origin, after } = await opened(t, { endpoints })
  for (let i = 0; i < 3; i++) await (await fetch(`${origin}/limited`)).text()
  const { components, plugins } = await after(3)
  const found = components.map(({ component, name, place, facts }) => [component, name, place, facts] as const)
  const place = 'GET /limited → GET /'
  const breaker = found.find(([component]) => component === 'qos/circuit-breaker')!
  assert.deepEqual(breaker.slice(1), ['breaker', place, { state: 'closed', failures_in_row: 0, max_errors: 1, refused: 0 }])
  const cache = found.find(([component]) => component === 'qos/http-cache')!
  assert.equal(cache[3].misses, 1)
  const limits = found.filter(([component]) => component.startsWith('qos/ratelimit'))
  assert.deepEqual(limits.map(([component, , where]) => [component, where]).sort(), [
    ['qos/ratelimit/proxy', place],
    ['qos/ratelimit/router', 'GET /limited'],
    ['qos/ratelimit/router', 'GET /limited']
  ])
  assert.ok(limits.some(([, , , facts]) => Number(facts.refused) > 0))
  assert.ok(plugins.some(({ name, scope, runs }) => name === 'qos/ratelimit/router' && scope === 'endpoint' && runs === 3))
})

test('the number of series is that of the configuration, whatever clients ask for', async t => {
  const { origin: host } = await upstreamOf(t)
  const { gateway, report, after } = await opened(t, {
    endpoints: [{ endpoint: '/x/{id}', output_encoding: 'no-op', backend: [{ host: [host], url_pattern: '/' }] }]
  })
  for (let i = 0; i < 200; i++) {
    await gateway.request(`/x/${i}`)
    await gateway.request({ path: `/none/${i}`, method: i % 2 === 0 ? 'GET' : 'BREW' }).catch(() => {})
  }
  const status = await after(300)
  assert.equal(status.endpoints.length, 1)
  assert.equal(status.endpoints[0]!.requests, 200)
  assert.equal(status.errors.length <= 1, true)
  assert.equal((await report()).backends.length, 1)
})

test('the configuration and its findings are shown', async t => {
  const { report } = await opened(t, { endpoints: [], strange: 1 })
  const { configuration, gateway } = await report()
  assert.deepEqual([configuration.file, configuration.generation], ['(object)', 1])
  assert.match(configuration.findings[0]!.message, /unknown key 'strange'/)
  assert.equal(gateway.ready, true)
})

test('a reload keeps the counts of what is the same, drops what is gone, and is told with its findings', async t => {
  const { origin: host } = await upstreamOf(t)
  const endpoint = (path: string) => ({ endpoint: path, backend: [{ host: [host], url_pattern: '/' }] })
  const config = (paths: string[]) => ({
    version: 3 as const,
    listen_ip: '127.0.0.1',
    extra_config: { 'sluice/admin': { port: 0 } },
    endpoints: paths.map(endpoint)
  })
  const { gateway, origin, after, report } = await opened(t, config(['/kept', '/gone']))
  for (const path of ['/kept', '/gone', '/kept']) await (await fetch(origin + path)).text()
  await after(3)
  await gateway.reload(config(['/kept', '/new']))
  const status = await report()
  assert.deepEqual(
    status.endpoints.map(({ path, requests }) => [path, requests]),
    [
      ['/kept', 2],
      ['/new', 0]
    ]
  )
  const { configuration } = status
  assert.deepEqual([configuration.generation, configuration.reloads, configuration.last_reload?.outcome], [2, 1, 'done'])
  await assert.rejects(gateway.reload({ ...config(['/kept']), endpoints: [{ endpoint: 'wrong' }] } as never))
  const failed = (await report()).configuration
  assert.deepEqual([failed.generation, failed.failed_reloads, failed.last_reload?.outcome], [2, 1, 'failed'])
  assert.match(failed.last_reload!.findings[0]!.place, /\/endpoints\/0/)
})

test('a known load is shown as it was: each kind of end at its endpoint, with its code', async t => {
  const { origin: host } = await openUpstream(t, (req, res) => {
    if (req.url === '/cut') {
      res.setHeader('Content-Length', '100')
      res.write('half')
      setTimeout(() => res.destroy(), 30)
    } else if (req.url !== '/hang') {
      res.statusCode = Number(/\d+$/.exec(req.url)?.[0] ?? 200)
      setTimeout(() => res.end('{"a":1}'), req.url === '/slow' ? 100 : 0)
    }
  })
  const raw = (path: string, more = {}) => ({
    endpoint: path,
    output_encoding: 'no-op',
    backend: [{ host: [host], url_pattern: path }],
    ...more
  })
  const data = (path: string, backends: string[]) => ({
    endpoint: path,
    backend: backends.map(url_pattern => ({ host: [host], url_pattern }))
  })
  const endpoints = [
    raw('/ok'),
    raw('/slow'),
    raw('/s404'),
    raw('/s503'),
    raw('/cut'),
    raw('/hang', { timeout: '50ms' }),
    raw('/leave', { backend: [{ host: [host], url_pattern: '/hang' }] }),
    raw('/refused', { backend: [{ host: ['http://127.0.0.1:19'], url_pattern: '/' }] }),
    data('/partly', ['/a', '/s500']),
    data('/failed', ['/s500', '/s500'])
  ]
  const { origin, after } = await opened(t, { endpoints })
  const get = async (path: string): Promise<unknown> => (await fetch(origin + path)).text().catch(() => {})
  const load: Record<string, number> = {
    '/ok': 12,
    '/slow': 8,
    '/s404': 3,
    '/s503': 4,
    '/cut': 2,
    '/hang': 2,
    '/refused': 5,
    '/partly': 6,
    '/failed': 7,
    '/nowhere': 9
  }
  for (const [path, times] of Object.entries(load)) for (let i = 0; i < times; i++) await get(path)
  const leaving = new AbortController()
  const left = fetch(`${origin}/leave`, { signal: leaving.signal }).catch(() => {})
  await until(async () => (await after(0)).in_flight === 1, 'the request that is under way')
  leaving.abort()
  await left
  const all = Object.values(load).reduce((sum, n) => sum + n) + 1
  const status = await after(all)

  const rows = status.endpoints.map(one => [
    one.path,
    one.requests,
    one.client_errors,
    one.server_errors,
    one.incomplete,
    one.aborted
  ])
  assert.deepEqual(rows, [
    ['/ok', 12, 0, 0, 0, 0],
    ['/slow', 8, 0, 0, 0, 0],
    ['/s404', 3, 3, 0, 0, 0],
    ['/s503', 4, 0, 4, 0, 0],
    ['/cut', 2, 0, 0, 2, 0],
    ['/hang', 2, 0, 2, 0, 0],
    ['/leave', 1, 0, 0, 0, 1],
    ['/refused', 5, 0, 5, 0, 0],
    ['/partly', 6, 0, 0, 6, 0],
    ['/failed', 7, 0, 7, 0, 0]
  ])
  assert.deepEqual(
    [status.traffic.requests, status.others.requests, status.others.client_errors, status.in_flight],
    [all, 9, 9, 0]
  )
  assert.deepEqual([status.traffic.server_errors, status.traffic.client_errors], [18, 12])
  const slow = status.endpoints.find(({ path }) => path === '/slow')!
  assert.ok(slow.p50_ms! >= 90 && slow.p99_ms! >= slow.p50_ms!, `${slow.p50_ms} ${slow.p99_ms}`)
  const errors = Object.fromEntries(status.errors.map(({ code, endpoint, count }) => [`${endpoint} ${code.slice(11)}`, count]))
  assert.deepEqual(errors, {
    'GET /cut UPSTREAM_RESET': 2,
    'GET /hang UPSTREAM_TIMEOUT': 2,
    'GET /leave CLIENT_ABORTED': 1,
    'GET /refused UPSTREAM_CONNECT': 5,
    'GET /partly UPSTREAM_MERGE': 6,
    'GET /failed UPSTREAM_MERGE': 7
  })
  const calls = Object.fromEntries(
    status.backends.map(one => [`${one.endpoint} ${one.backend.slice(host.length + 4)}`, [one.calls, one.failed]])
  )
  assert.deepEqual(
    [calls['GET /partly /a'], calls['GET /partly /s500'], calls['GET /failed /s500']],
    [
      [6, 0],
      [6, 6],
      [7, 7]
    ]
  )
})

test('a failure counts at the plugin that it is of, not at those around it', async t => {
  const { origin: host } = await upstreamOf(t)
  const endpoint = (path: string, target: string) => ({
    endpoint: path,
    extra_config: { 'plugin/http-server': { name: ['inner', 'outer'] } },
    backend: [{ host: [host], url_pattern: target }]
  })
  const plugins = [
    handlers({
      outer: (_config, _extra, next) => async request => next(request),
      inner: (_config, _extra, next) => async request => {
        if (request.path === '/throws') throw new Error('at once')
        return next(request)
      }
    })
  ]
  const config = { endpoints: [endpoint('/throws', '/'), endpoint('/bad', '/bad'), endpoint('/ok', '/')] }
  const { origin, after } = await opened(t, config, { plugins })
  for (const path of ['/throws', '/bad', '/ok']) await (await fetch(origin + path)).text()
  const status = await after(3)
  assert.deepEqual(status.plugins.map(({ name, runs, failed }) => [name, runs, failed]).sort(), [
    ['plugin/http-server: inner', 3, 1],
    ['plugin/http-server: outer', 3, 0]
  ])
})
