import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type OpenGateway, openGateway } from '../../../support/open-gateway.js'
import {
  decodeMetrics,
  type ReceivedMetric,
  type ReceivedPoint,
  type Receiver,
  startGrpcReceiver,
  startReceiver
} from '../../../support/otlp-receiver.js'
import { fetch } from '../../../support/waiting.js'
import { endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'
const TIMES = [0.01, 0.02, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.35, 0.5, 0.75, 1, 1.5, 2, 3.5, 5, 10]

type Metrics = ReadonlyMap<string, ReceivedMetric>

async function open(
  owner: TestContext,
  endpoints: object[],
  otel: object = {},
  start: (owner: TestContext) => Promise<Receiver> = startReceiver
): Promise<OpenGateway & { receiver: Receiver; last: () => Promise<Metrics> }> {
  const receiver = await start(owner)
  const otlp = { name: 'local', host: '127.0.0.1', port: receiver.port, use_http: start === startReceiver, disable_traces: true }
  const gateway = await openGateway(owner, {
    endpoints,
    extra_config: { [NAMESPACE]: { exporters: { otlp: [otlp] }, ...otel } }
  })
  // what was measured is pushed at the end
  const last = async (): Promise<Metrics> => {
    await gateway.gateway.close({ graceMs: 1 })
    return receiver.metrics
  }
  return { ...gateway, receiver, last }
}

/** The only point of a metric whose attributes are these. */
function point(metrics: Metrics, name: string, attributes: object = {}): ReceivedPoint {
  const metric = metrics.get(name)
  assert.ok(metric, `${name} among ${[...metrics.keys()].join(', ')}`)
  const found = metric.points.filter(one => Object.entries(attributes).every(([key, value]) => one.attributes[key] === value))
  assert.equal(found.length, 1, `${name}: ${JSON.stringify(metric.points)}`)
  return found[0]!
}

for (const [protocol, start] of [['HTTP', startReceiver] as const, ['gRPC', startGrpcReceiver] as const]) {
  test(`pushes KrakenD's metrics over ${protocol}, with the attributes of KrakenD`, async t => {
    const upstream = await startUpstream(t)
    const endpoints = [endpoint('/x/{id}', upstream, { method: 'POST', url: '/up/{id}' })]
    const { origin, last } = await open(t, endpoints, {}, start)
    for (const id of ['1', '2']) await (await fetch(`${origin}/x/${id}`, { method: 'POST', body: 'abc' })).text()
    const metrics = await last()
    assert.deepEqual([...metrics.keys()].filter(name => /^(http|krakend)\./.test(name)).sort(), [
      'http.client.duration',
      'http.client.request.dns.duration',
      'http.client.request.get-conn.duration',
      'http.client.request.size',
      'http.client.request.started.count',
      'http.client.request.tls.duration',
      'http.client.response.read.size',
      'http.client.response.read.size-hist',
      'http.client.response.read.time',
      'http.client.response.read.time-hist',
      'http.client.response.size',
      'http.server.duration',
      'http.server.response.size',
      'krakend.backend.duration',
      'krakend.proxy.duration'
    ])
    const server = point(metrics, 'http.server.duration')
    assert.deepEqual(server.attributes, {
      'http.request.method': 'POST',
      'http.route': '/x/:id',
      'http.response.status_code': 200,
      'url.scheme': 'http'
    })
    assert.equal(server.count, 2)
    assert.deepEqual(server.bounds, TIMES)
    assert.equal(
      server.buckets.reduce((a, b) => a + b),
      2
    )
    assert.ok(server.min! <= server.max! && server.sum! >= server.max!)
    assert.equal(metrics.get('http.server.duration')!.cumulative, true)

    const outcome = { complete: true, error: false, canceled: false }
    assert.deepEqual(point(metrics, 'krakend.proxy.duration').attributes, {
      'http.request.method': 'POST',
      'http.route': '/x/:id',
      ...outcome
    })
    const backend = {
      'http.request.method': 'POST',
      'http.route': '/up/:id',
      'krakend.endpoint.route': '/x/:id',
      'krakend.endpoint.method': 'POST'
    }
    assert.deepEqual(point(metrics, 'krakend.backend.duration').attributes, { ...backend, ...outcome })
    const { hostname, port } = new URL(upstream)
    const started = point(metrics, 'http.client.request.started.count')
    assert.deepEqual(started.attributes, {
      ...backend,
      clientname: '/up/:id',
      'server.address': hostname,
      'server.port': Number(port),
      'http.response.status_code': 200
    })
    assert.equal(started.value, 2)
    const sum = metrics.get('http.client.request.started.count')!
    assert.deepEqual([sum.kind, sum.monotonic, sum.cumulative], ['sum', true, true])
    assert.equal(point(metrics, 'http.client.request.size').value, 6)
    const read = point(metrics, 'http.client.response.read.size')
    assert.deepEqual([read.attributes, read.value], [backend, 22])
    assert.equal(metrics.get('http.client.response.read.size')!.unit, 'b')
    assert.equal(metrics.get('http.client.response.read.time-hist')!.unit, 's')
    assert.equal(metrics.get('http.client.duration')!.unit, '')
    assert.ok(point(metrics, 'process.memory.usage').value! > 1e6)
    assert.equal(metrics.has('target_info'), false)
  })
}

test('one set of attributes is one point, whatever Prometheus tells apart', async t => {
  let status = 200
  const upstream = await startUpstream(t, (_, res) => {
    res.statusCode = status
    res.end('{"ok":true}')
  })
  const { origin, last } = await open(t, [endpoint('/x', upstream, { output_encoding: 'no-op' })])
  for (status of [200, 404]) await (await fetch(`${origin}/x`)).text()
  const metrics = await last()
  assert.equal(metrics.get('http.client.duration')!.points.length, 2)
  assert.equal(point(metrics, 'http.client.response.read.size').value, 22)
  assert.equal(point(metrics, 'http.client.response.read.size-hist').count, 2)
})

test('failures and requests of no endpoint have attributes of their own', async t => {
  const { origin, last } = await open(t, [endpoint('/x', NOWHERE)])
  for (const path of ['/x', '/a', '/b']) await (await fetch(origin + path)).text()
  await (await fetch(`${origin}/x`, { method: 'DELETE' })).text()
  const metrics = await last()
  assert.equal(point(metrics, 'http.client.request.failed.count', { 'http.response.status_code': 0 }).value, 1)
  assert.equal(point(metrics, 'krakend.proxy.duration', { error: true, complete: false }).count, 1)
  assert.equal(point(metrics, 'http.server.duration', { 'http.route': '404 Not Found' }).count, 2)
  assert.equal(point(metrics, 'http.server.duration', { 'http.route': '405 Method Not Allowed' }).count, 1)
})

test('names of the conventions 1.27 have units and the same bounds', async t => {
  const upstream = await startUpstream(t)
  const { origin, last } = await open(t, [endpoint('/x', upstream)], {
    layers: { global: { semantic_convention: '1.27', metrics_static_attributes: [{ key: 'team', value: 'a' }] } }
  })
  await (await fetch(`${origin}/x`)).text()
  const metrics = await last()
  assert.equal(metrics.get('http.server.request.duration')!.unit, 's')
  assert.equal(metrics.get('http.server.response.body.size')!.unit, 'By')
  assert.equal(metrics.get('http.client.request.duration')!.unit, 's')
  assert.deepEqual(point(metrics, 'http.server.request.duration').bounds, TIMES)
  assert.equal(point(metrics, 'http.server.request.duration').attributes.team, 'a')
  assert.equal(metrics.has('http.client.request.size'), false)
})

test('what layers leave out is not measured', async t => {
  const upstream = await startUpstream(t)
  const { origin, last } = await open(t, [endpoint('/x', upstream)], { layers: { backend: { metrics: {} } } })
  await (await fetch(`${origin}/x`)).text()
  const metrics = await last()
  assert.deepEqual([...metrics.keys()].filter(name => /^(http|krakend)\./.test(name)).sort(), [
    'http.server.duration',
    'http.server.response.size',
    'krakend.backend.duration',
    'krakend.proxy.duration'
  ])
})

test('pushes in the interval of the exporter', async t => {
  const upstream = await startUpstream(t)
  const receiver = await startReceiver(t)
  const otlp = {
    name: 'local',
    host: '127.0.0.1',
    port: receiver.port,
    use_http: true,
    disable_traces: true,
    custom_metric_reporting_period: 1
  }
  const { origin } = await openGateway(t, {
    endpoints: [endpoint('/x', upstream)],
    extra_config: { [NAMESPACE]: { exporters: { otlp: [otlp] }, metric_reporting_period: 600 } }
  })
  await (await fetch(`${origin}/x`)).text()
  await receiver.metricsWith(metrics => metrics.get('http.server.duration')?.points[0]?.count === 1)
  assert.equal(receiver.requests[0]!.path, '/v1/metrics')
  assert.equal(decodeMetrics(receiver.requests[0]!.body).resourceMetrics.length, 1)
})

test('histograms name an exchange that was recorded', async t => {
  const upstream = await startUpstream(t)
  const receiver = await startReceiver(t)
  const otlp = { name: 'local', host: '127.0.0.1', port: receiver.port, use_http: true }
  const { origin, gateway } = await openGateway(t, {
    endpoints: [endpoint('/x', upstream)],
    extra_config: { [NAMESPACE]: { exporters: { otlp: [otlp] } } }
  })
  await (await fetch(`${origin}/x`)).text()
  await gateway.close({ graceMs: 1 })
  const [{ traceId } = { traceId: '' }] = receiver.spans
  for (const name of ['http.server.duration', 'krakend.proxy.duration', 'krakend.backend.duration', 'http.client.duration']) {
    const { exemplars } = point(receiver.metrics, name)
    assert.deepEqual(
      exemplars.map(one => one.traceId),
      [traceId],
      name
    )
  }
  assert.equal(point(receiver.metrics, 'sluice.otlp_dropped_spans').value, 0)
})
