import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { PluginModule } from '../../../../src/plugin/index.js'
import { freePort } from '../../../support/free-port.js'
import { type OpenGateway, openGateway } from '../../../support/open-gateway.js'
import { type ReceivedSpan, type Receiver, startReceiver } from '../../../support/otlp-receiver.js'
import { fetch } from '../../../support/waiting.js'
import { endpoint, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'
const TRACE = '0af7651916cd43dd8448eb211c80319c'

interface Open extends OpenGateway {
  readonly a: Receiver
  readonly b: Receiver
  readonly page: string
  /** Asks for paths, one after the other. */
  readonly ask: (...paths: string[]) => Promise<void>
  /** Sends all that waits. */
  readonly end: () => Promise<void>
}

/** A plugin around the whole service. */
const around: PluginModule = {
  HandlerRegisterer: {
    registerHandlers(register) {
      register('around', (_context, _extra, next) => request => next(request))
    }
  }
}

/** A gateway with two collectors, `a` and `b`, and a page for Prometheus, `p`. */
async function open(owner: TestContext, endpoints: object[], otel: object = {}, root: object = {}): Promise<Open> {
  const [a, b, port] = await Promise.all([startReceiver(owner), startReceiver(owner), freePort()])
  const otlp = [a, b].map((one, i) => ({ name: 'ab'[i], host: '127.0.0.1', port: one.port, use_http: true }))
  const prometheus = [{ name: 'p', port, host: '127.0.0.1' }]
  const gateway = await openGateway(
    owner,
    { endpoints, extra_config: { ...root, [NAMESPACE]: { exporters: { otlp, prometheus }, ...otel } } },
    { plugins: [around], env: { OTEL_BSP_SCHEDULE_DELAY: '10' } }
  )
  return {
    ...gateway,
    a,
    b,
    page: `http://127.0.0.1:${port}/metrics`,
    async ask(...paths) {
      for (const path of paths) await (await fetch(gateway.origin + path)).text()
    },
    async end() {
      await gateway.gateway.close({ graceMs: 1 })
    }
  }
}

const own = (override: object): object => ({ [NAMESPACE]: { exporters_override: override } })

/** Names of the spans of whole exchanges and of stages. */
const namesIn = (spans: readonly ReceivedSpan[]): string[] =>
  spans
    .filter(one => one.kind === 2 || one.attributes['krakend.stage'] === 'component')
    .map(one => one.name)
    .sort()

for (const encoding of ['json', 'no-op']) {
  test(`the spans of an endpoint go to the exporters that it names, as whole traces (${encoding})`, async t => {
    const upstream = await startUpstream(t)
    const at = (path: string, override?: object): object =>
      endpoint(path, upstream, { output_encoding: encoding, ...(override && { extra: own(override) }) })
    const root = { 'plugin/http-server': { name: ['around'] } }
    const { a, b, ask, end } = await open(
      t,
      [at('/all'), at('/b', { trace_exporters: ['b'] }), at('/none', { trace_exporters: [] })],
      {},
      root
    )
    await ask('/all', '/b', '/none', '/nowhere')
    await end()
    const stage = 'plugin/http-server: around'
    assert.deepEqual(namesIn(a.spans), ['/all', '404 Not Found', stage, stage])
    assert.deepEqual(namesIn(b.spans), ['/all', '/b', '404 Not Found', stage, stage, stage])
    const root404 = b.spans.filter(one => one.parentId === '')
    assert.equal(root404.length, 3)
    assert.equal(b.spans.filter(one => one.traceId === b.spans.find(({ name }) => name === '/b')!.traceId).length, 6)
  })

  test(`an endpoint has a rate of its own (${encoding})`, async t => {
    const asked: (string | undefined)[] = []
    const upstream = await startUpstream(t, (req, res) => {
      asked.push(req.headers.traceparent as string | undefined)
      res.end('{"ok":true}')
    })
    const at = (path: string, rate?: number): object =>
      endpoint(path, upstream, {
        output_encoding: encoding,
        ...(rate !== undefined && { extra: own({ trace_sample_rate: rate }) })
      })
    const few = await open(t, [at('/plain'), at('/every', 1)], { trace_sample_rate: 0 })
    await few.ask('/plain', '/every', '/nowhere')
    await few.end()
    assert.deepEqual(namesIn(few.a.spans), ['/every'])
    assert.equal(few.a.spans.length, 5)
    assert.equal(asked[0], undefined)
    assert.match(asked[1]!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)

    const many = await open(t, [at('/plain'), at('/never', 0)])
    await many.ask('/plain', '/never')
    const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-00` }
    await (await fetch(`${many.origin}/never`, { headers })).text()
    await many.end()
    assert.deepEqual(namesIn(many.a.spans), ['/plain'])
    assert.equal(asked[3], undefined)
    assert.equal(asked[4], headers.traceparent)
  })
}

test('a rate that is lower than the highest one is that of the trace id, also for what no endpoint serves', async t => {
  const upstream = await startUpstream(t)
  const { origin, a, end } = await open(
    t,
    [endpoint('/half', upstream, { extra: own({ trace_sample_rate: 0.5 }) }), endpoint('/plain', upstream)],
    { trace_sample_rate: 0.25 }
  )
  // the last 64 bits of the id, as a share of all: 0.125, 0.375, 0.75
  const ids = ['2000', '6000', 'c000'].map(start => `${'a'.repeat(16)}${start}${'0'.repeat(12)}`)
  for (const path of ['/half', '/plain', '/nowhere']) {
    for (const id of ids) {
      await (await fetch(origin + path, { headers: { b3: `${id}-${'b'.repeat(16)}` } })).text()
    }
  }
  await end()
  // without the propagator for B3 ids are the gateway's own
  assert.ok(a.spans.every(one => !ids.includes(one.traceId)))
  const second = await open(
    t,
    [endpoint('/half', upstream, { extra: own({ trace_sample_rate: 0.5 }) }), endpoint('/plain', upstream)],
    { trace_sample_rate: 0.25, propagators: ['b3'] }
  )
  for (const path of ['/half', '/plain', '/nowhere']) {
    for (const id of ids) {
      await (await fetch(second.origin + path, { headers: { b3: `${id}-${'b'.repeat(16)}` } })).text()
    }
  }
  await second.end()
  const recorded = second.a.spans.filter(one => one.kind === 2).map(one => `${one.name} ${ids.indexOf(one.traceId)}`)
  assert.deepEqual(recorded.sort(), ['/half 0', '/half 1', '/plain 0', '404 Not Found 0'])
})

/** Routes of the exchanges that metrics tell of. */
const routesIn = (receiver: Receiver): unknown[] =>
  (receiver.metrics.get('http.server.duration')?.points ?? []).map(one => one.attributes['http.route']).sort()

test('the metrics of an endpoint go to the exporters that it names', async t => {
  const upstream = await startUpstream(t)
  const at = (path: string, metric_exporters: string[]): object =>
    endpoint(path, upstream, { url: path, extra: own({ metric_exporters }) })
  const { a, b, page, ask, end } = await open(t, [
    endpoint('/all', upstream),
    at('/b', ['b']),
    at('/p', ['p']),
    at('/bp', ['b', 'p']),
    at('/none', [])
  ])
  await ask('/all', '/b', '/p', '/bp', '/none', '/nowhere')
  const text = await (await fetch(page)).text()
  await end()
  assert.deepEqual(routesIn(a), ['/all', '404 Not Found'])
  assert.deepEqual(routesIn(b), ['/all', '/b', '/bp', '404 Not Found'])
  const shown = [...text.matchAll(/^http_server_duration_count\{http_route="([^"]*)"/gm)].map(match => match[1]).sort()
  assert.deepEqual(shown, ['/all', '/bp', '/p', '404 Not Found'])
  // all that belongs to an endpoint: pipes, backends, calls, bodies
  for (const [receiver, backends] of [
    [a, ['/up']],
    [b, ['/b', '/bp', '/up']]
  ] as const) {
    for (const name of ['krakend.backend.duration', 'http.client.duration', 'http.client.response.read.size']) {
      const found = receiver.metrics.get(name)!.points.map(one => one.attributes['http.route'])
      assert.deepEqual(found.sort(), backends, name)
    }
  }
  assert.doesNotMatch(text, /"\/none"|"\/b"/)
})

test('an endpoint has an interval of its own, in which it alone is pushed', async t => {
  const upstream = await startUpstream(t)
  const { a, ask, end } = await open(
    t,
    [endpoint('/slow', upstream), endpoint('/quick', upstream, { extra: own({ metric_reporting_period: 1 }) })],
    { metric_reporting_period: 600 }
  )
  await ask('/slow', '/quick')
  await a.metricsWith(metrics => metrics.get('http.server.duration') !== undefined)
  assert.deepEqual(routesIn(a), ['/quick'])
  assert.equal(a.metrics.has('process.memory.usage'), false)
  await end()
  assert.deepEqual(routesIn(a), ['/quick', '/slow'])
})

test('names that are none are told, and the rest counts', async t => {
  const upstream = await startUpstream(t)
  const override = { trace_exporters: ['b', 'p', 'x'], metric_exporters: ['p', 'y'] }
  const extra = { [NAMESPACE]: { exporters_override: { trace_sample_rate: 1 } } }
  const { a, b, log, ask, end } = await open(
    t,
    [endpoint('/x', upstream, { extra: own(override), backendExtra: extra })],
    extra[NAMESPACE],
    { 'telemetry/logging': { level: 'WARNING', stdout: true } }
  )
  for (const words of [
    "/exporters_override/trace_exporters/1: the exporter 'p' sends no traces: traces go to a, b",
    "/exporters_override/trace_exporters/2: there is no exporter 'x': traces go to a, b",
    "/exporters_override/metric_exporters/1: there is no exporter 'y': metrics go to a, b, p",
    '/exporters_override: does nothing at a backend: it belongs to the endpoint',
    '/exporters_override: does nothing here: it belongs to endpoints'
  ]) {
    await log.line(new RegExp(`WARNING .*${words}`))
  }
  await ask('/x')
  await end()
  assert.deepEqual([a.spans.length, b.spans.length], [0, 5])
  assert.deepEqual(routesIn(a), [])
})

test('the layer `backend` of an endpoint counts for its backends, unless they have one', async t => {
  const upstream = await startUpstream(t)
  const key = (value: string): object => ({ static_attributes: [{ key: 'of', value }], round_trip: true })
  const { a, ask, end } = await open(t, [
    {
      endpoint: '/x',
      backend: [
        { host: [upstream], url_pattern: '/one' },
        {
          host: [upstream],
          url_pattern: '/two',
          extra_config: { [NAMESPACE]: { backend: { traces: key('backend'), metrics: {} } } }
        }
      ],
      extra_config: {
        [NAMESPACE]: { backend: { traces: { ...key('endpoint'), disable_stage: true }, metrics: key('endpoint') } }
      }
    }
  ])
  await ask('/x')
  await end()
  const backends = a.spans.filter(one => /^\/(one|two)$/.test(one.name))
  assert.deepEqual(backends.map(one => `${one.kind} ${one.name} ${one.attributes.of}`).sort(), [
    '1 /two backend',
    '3 /one endpoint',
    '3 /two backend'
  ])
  const calls = a.metrics.get('http.client.duration')!.points
  assert.deepEqual(
    calls.map(one => `${one.attributes['http.route']} ${one.attributes.of}`),
    ['/one endpoint']
  )
})
