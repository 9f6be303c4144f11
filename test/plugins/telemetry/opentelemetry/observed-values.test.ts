/** What KrakenD's own exporters were seen to send, value by value, and what its keys do when they are empty, odd or not there. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { type TestContext, test } from 'node:test'
import { DEFAULT_PORT, readPrometheus } from '../../../../plugins/telemetry/opentelemetry/options.js'
import { type OtlpOptions, readOtlp, type SignalTarget } from '../../../../plugins/telemetry/opentelemetry/otlp-options.js'
import { OptionReader } from '../../../../src/plugin/option-reader.js'
import { type OpenGateway, openGateway } from '../../../support/open-gateway.js'
import {
  attributesOf,
  decodeMetrics,
  decodeTraces,
  type ReceivedMetric,
  type ReceivedPoint,
  type ReceivedSpan,
  type Receiver,
  startReceiver
} from '../../../support/otlp-receiver.js'
import { fetch, once } from '../../../support/waiting.js'
import { endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'
const INTERNAL = 1
const SERVER = 2
const CLIENT = 3
const SIZES = [128, 256, 512, 1024, 4096, 8192, 16384, 32768, 65536, 262144, 524288, 1048576, 4194304, 16777216, 67108864]

interface More {
  readonly env?: Record<string, string>
  readonly exporter?: object
  readonly root?: object
}

interface Opened extends OpenGateway {
  readonly receiver: Receiver
  /** Asks for these paths one after the other, and closes. */
  readonly ask: (...paths: string[]) => Promise<void>
}

async function open(owner: TestContext, endpoints: object[], otel: object = {}, more: More = {}): Promise<Opened> {
  const receiver = await startReceiver(owner)
  const otlp = [{ name: 'a', host: '127.0.0.1', port: receiver.port, use_http: true, ...more.exporter }]
  const opened = await openGateway(
    owner,
    { ...more.root, endpoints, extra_config: { [NAMESPACE]: { exporters: { otlp }, ...otel } } },
    { env: { OTEL_BSP_SCHEDULE_DELAY: '10', ...more.env } }
  )
  const ask = async (...paths: string[]): Promise<void> => {
    for (const path of paths) await (await fetch(opened.origin + path)).text()
    await opened.gateway.close({ graceMs: 1 })
  }
  return { ...opened, receiver, ask }
}

function span(receiver: Receiver, kind: number, name: string): ReceivedSpan {
  const found = receiver.spans.filter(one => one.kind === kind && one.name === name)
  assert.equal(found.length, 1, `${kind} ${name}: ${found.length}`)
  return found[0]!
}

const metric = (receiver: Receiver, name: string): ReceivedMetric => {
  const found = receiver.metrics.get(name)
  assert.ok(found, `${name} among ${[...receiver.metrics.keys()].join(', ')}`)
  return found
}

const points = (receiver: Receiver, name: string): readonly ReceivedPoint[] => metric(receiver, name).points

/** Every attribute of every point of a metric, by its key. */
const values = (receiver: Receiver, name: string, key: string): unknown[] =>
  points(receiver, name).map(one => one.attributes[key])

const team = (value: string): object[] => [
  { key: 'team', value },
  { key: '', value: 'x' },
  { key: 'empty', value: '' }
]

test('the resource is what the configuration says, whatever the environment of the SDKs says; the scope has no version', async t => {
  const upstream = await startUpstream(t)
  const env = { OTEL_RESOURCE_ATTRIBUTES: 'host.name=h,service.version=9', OTEL_SERVICE_NAME: 'env' }
  const otel = { service_version: '', deploy_env: '' }
  const { receiver, ask } = await open(t, [endpoint('/x', upstream)], otel, { env, root: { name: 'shop' } })
  await ask('/x')
  const traces = decodeTraces(receiver.requests.find(one => one.path === '/v1/traces')!.body).resourceSpans
  const metrics = decodeMetrics(receiver.requests.find(one => one.path === '/v1/metrics')!.body).resourceMetrics
  for (const [{ resource, schemaUrl, scopeSpans, scopeMetrics }] of [traces, metrics]) {
    const attributes = attributesOf(resource.attributes)
    assert.deepEqual(Object.keys(attributes).sort(), ['service.instance.id', 'service.name', 'service.version'])
    assert.equal(attributes['service.name'], 'shop')
    assert.match(String(attributes['service.version']), /^\d+\.\d+\.\d+/)
    assert.equal(schemaUrl, 'https://opentelemetry.io/schemas/1.21.0')
    assert.deepEqual((scopeSpans ?? scopeMetrics)[0].scope, { name: 'io.krakend.krakend-otel', attributes: [] })
  }
})

function reader(value: object): OptionReader {
  const refuse = (pointer: string, message: string): never => assert.fail(`${pointer} ${message}`)
  return new OptionReader(value as never, { fail: refuse, report: refuse } as never)
}

test('exporters have the ports and hosts of KrakenD where the configuration names none', () => {
  const read = (one: object) => readOtlp(reader({ otlp: [one] }), {}, 'x', new Map())[0]!
  for (const empty of [{}, { host: '', port: 0, custom_metric_reporting_period: 0 }]) {
    const { name, http, traces, metrics, periodMs } = read(empty)
    assert.deepEqual([name, http, periodMs], ['', false, undefined])
    for (const { address, timeoutMs } of [traces!, metrics!]) {
      assert.deepEqual(
        [address.host, address.port, address.tls, address.gzip, timeoutMs],
        ['localhost', 4317, undefined, false, 10_000]
      )
    }
  }
  assert.equal(read({ use_http: true }).traces!.address.port, 4317)
  assert.equal(read({ disable_metrics: true }).metrics, undefined)
  assert.equal(read({ disable_traces: true }).traces, undefined)
  assert.equal(read({ custom_metric_reporting_period: 1 }).periodMs, 1000)
  const [prometheus] = readPrometheus(reader({ prometheus: [{ port: 0 }] }))
  assert.equal(DEFAULT_PORT, 9090)
  assert.deepEqual(prometheus, {
    name: '',
    host: '',
    port: 9090,
    pointer: '/exporters/prometheus/0/port',
    processMetrics: false,
    runtimeMetrics: false,
    gatewayMetrics: true
  })
})

test('what the environment says of one signal goes before what it says of all', () => {
  const env = {
    OTEL_EXPORTER_OTLP_HEADERS: 'x-a=all',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-b=traces',
    OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '2000',
    OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: 'gzip'
  }
  const [{ traces, metrics }] = readOtlp(reader({ otlp: [{}] }), env, 'x', new Map()) as [OtlpOptions]
  const told = ({ address, timeoutMs }: SignalTarget) => [address.headers, address.gzip, timeoutMs]
  assert.deepEqual(told(traces!), [{ 'x-b': 'traces' }, false, 1000])
  assert.deepEqual(told(metrics!), [{ 'x-a': 'all' }, true, 2000])
})

for (const [said, ms] of [
  [{}, 30_000],
  [{ metric_reporting_period: 0 }, 30_000],
  [{ metric_reporting_period: 7 }, 7000]
] as const) {
  test(`metrics are pushed every ${ms} ms with ${JSON.stringify(said)}`, async t => {
    const intervals: number[] = []
    const real = setInterval
    t.mock.method(globalThis, 'setInterval', (work: () => void, every: number) => {
      intervals.push(every)
      return real(work, every)
    })
    await open(t, [endpoint('/x', NOWHERE)], said)
    assert.ok(intervals.includes(ms), String(intervals))
  })
}

test('an exporter without a name works, keys that are not known change nothing', async t => {
  const upstream = await startUpstream(t)
  const { receiver, ask, log } = await open(
    t,
    [endpoint('/x', upstream)],
    { other: 1 },
    { exporter: { name: undefined, other: 1 } }
  )
  await ask('/x')
  assert.equal(receiver.spans.length, 5)
  assert.equal(points(receiver, 'http.server.duration').length, 1)
  await log.line(/unknown key 'other' is ignored; so in 2 places/)
})

test('without `exporters` the gateway runs on', async t => {
  const upstream = await startUpstream(t)
  const { origin } = await openGateway(t, { endpoints: [endpoint('/x', upstream)], extra_config: { [NAMESPACE]: {} } })
  assert.equal((await fetch(`${origin}/x`)).status, 200)
})

for (const rate of [1, 2, -1, '0.5', null]) {
  test(`a rate of ${JSON.stringify(rate)} records everything`, async t => {
    const upstream = await startUpstream(t)
    const { receiver, ask } = await open(t, [endpoint('/x', upstream)], { trace_sample_rate: rate })
    await ask('/x', '/x', '/x')
    assert.equal(receiver.spans.length, 15)
  })
}

test('below a rate of 1 the decision of the client counts; what is not recorded is measured all the same', async t => {
  const upstream = await startUpstream(t)
  const { origin, receiver, ask } = await open(t, [endpoint('/x', upstream)], { trace_sample_rate: 1e-9 })
  const trace = 'a'.repeat(32)
  for (const flags of ['00', '01', '02', '03']) {
    const headers = { traceparent: `00-${trace}-${'b'.repeat(16)}-${flags}` }
    await (await fetch(`${origin}/x`, { headers })).text()
  }
  await ask('/x')
  assert.equal(receiver.spans.length, 10)
  assert.ok(receiver.spans.every(one => one.traceId === trace))
  for (const name of ['http.server.duration', 'krakend.proxy.duration', 'krakend.backend.duration', 'http.client.duration'])
    assert.equal(points(receiver, name)[0]!.count, 5, name)
})

test('static attributes stand on what belongs to their layer; empty ones are left out', async t => {
  const upstream = await startUpstream(t)
  const part = (value: string): object => ({ round_trip: true, read_payload: true, static_attributes: team(value) })
  const { receiver, ask } = await open(t, [endpoint('/x', upstream)], {
    layers: {
      global: { metrics_static_attributes: team('gm'), traces_static_attributes: team('gt') },
      proxy: { metrics_static_attributes: team('pm'), traces_static_attributes: team('pt') },
      backend: { metrics: part('bm'), traces: part('bt') }
    }
  })
  await ask('/x')
  assert.doesNotMatch(JSON.stringify([receiver.spans, [...receiver.metrics]]), /empty/)
  assert.equal(span(receiver, SERVER, '/x').attributes.team, 'gt')
  assert.equal(span(receiver, INTERNAL, '/x').attributes.team, 'pt')
  for (const [kind, name] of [
    [INTERNAL, '/up'],
    [CLIENT, '/up'],
    [INTERNAL, 'http.client.response.read.tracker']
  ] as const)
    assert.equal(span(receiver, kind, name).attributes.team, 'bt', name)
  for (const [name] of receiver.metrics) {
    const expected = { 'http.server': 'gm', 'krakend.proxy': 'pm', 'krakend.backend': 'bm', 'http.client': 'bm' }
    const [, value] = Object.entries(expected).find(([start]) => name.startsWith(start)) ?? []
    if (value !== undefined) assert.deepEqual([...new Set(values(receiver, name, 'team'))], [value], name)
  }
})

test('a layer of an endpoint replaces the one of the service as a whole; a backend that names metrics alone keeps its traces', async t => {
  const upstream = await startUpstream(t)
  const off = { disable_metrics: true, disable_traces: true }
  const silent = { disable_stage: true }
  const { receiver, ask } = await open(
    t,
    [
      endpoint('/again', upstream, {
        url: '/a',
        extra: { [NAMESPACE]: { proxy: { metrics_static_attributes: team('x') } } },
        backendExtra: { [NAMESPACE]: { backend: { metrics: { disable_stage: true, round_trip: true } } } }
      }),
      endpoint('/off', upstream, { url: '/o' })
    ],
    { layers: { global: off, proxy: off, backend: { metrics: silent, traces: silent } } }
  )
  await ask('/again', '/off')
  assert.deepEqual(receiver.spans.map(one => `${one.kind} ${one.name}`).sort(), [
    '1 /a',
    '1 /again',
    '1 http.client.response.read.tracker',
    '3 /a'
  ])
  assert.deepEqual(values(receiver, 'krakend.proxy.duration', 'http.route'), ['/again'])
  assert.deepEqual(values(receiver, 'http.client.duration', 'krakend.endpoint.route'), ['/again'])
  assert.equal(receiver.metrics.has('http.server.duration'), false)
  assert.equal(receiver.metrics.has('krakend.backend.duration'), false)
})

test('a response of unknown length has the length -1; HEAD has none; a call that fails has the status 0', async t => {
  const upstream = await startUpstream(t, (_, res) => {
    res.write('{"ok":')
    res.end('true}')
  })
  const head = { endpoint: '/h', output_encoding: 'no-op', backend: [{ host: [upstream], url_pattern: '/h', method: 'HEAD' }] }
  const { receiver, ask } = await open(t, [
    endpoint('/x', upstream, { output_encoding: 'no-op' }),
    head,
    endpoint('/refused', NOWHERE, { url: '/r' })
  ])
  await ask('/h', '/x', '/refused')
  const call = span(receiver, CLIENT, '/up')
  assert.equal(call.attributes['http.response.body.size'], -1)
  assert.equal(span(receiver, CLIENT, '/h').attributes['http.request.method'], 'HEAD')
  const of = (name: string, route: string): ReceivedPoint[] =>
    points(receiver, name).filter(one => one.attributes['krakend.endpoint.route'] === route)
  const counted = points(receiver, 'http.client.response.size').reduce((sum, one) => sum + one.count!, 0)
  assert.equal(counted, 0)
  assert.deepEqual(of('http.client.response.no-content-length', '/h'), [])
  assert.equal(of('http.client.response.no-content-length', '/x')[0]!.value, 1)
  const [failed] = of('http.client.duration', '/refused')
  assert.deepEqual([failed!.attributes['http.response.status_code'], failed!.count], [0, 1])
  assert.deepEqual(of('http.client.request.started.count', '/refused')[0]!.value, 1)
  // each call has its times of the connection, as zeros where there was nothing to wait for
  for (const part of ['get-conn', 'dns', 'tls']) {
    const name = `http.client.request.${part}.duration`
    const counts = points(receiver, name).map(one => one.count!)
    assert.equal(
      counts.reduce((sum, one) => sum + one),
      3,
      name
    )
  }
  assert.deepEqual([call.attributes['dns-duration'], call.attributes['tls-duration']], [0, 0])
})

test('the look-up of a name and the handshake of TLS are measured for the call that opens the connection', async t => {
  const plain = await startUpstream(t)
  const certs = new URL('../../../server/certs/', import.meta.url)
  const options = { cert: readFileSync(new URL('a.pem', certs)), key: readFileSync(new URL('a.key', certs)) }
  const secure = createServer(options, (_, res) => void res.end('{"ok":true}')).listen(0, '127.0.0.1')
  await once(secure, 'listening')
  t.after(() => {
    secure.close()
    secure.closeAllConnections()
  })
  const named = plain.replace('127.0.0.1', 'localhost')
  const encrypted = `https://localhost:${(secure.address() as { port: number }).port}`
  const { receiver, ask } = await open(
    t,
    [endpoint('/named', named, { url: '/n' }), endpoint('/secure', encrypted, { url: '/s' })],
    {},
    { root: { client_tls: { allow_insecure_connections: true } } }
  )
  await ask('/named', '/named', '/secure', '/secure')
  const of = (part: string, route: string): ReceivedPoint =>
    points(receiver, `http.client.request.${part}.duration`).find(one => one.attributes['http.route'] === route)!
  for (const [part, route, has] of [
    ['dns', '/n', true],
    ['dns', '/s', true],
    ['tls', '/n', false],
    ['tls', '/s', true]
  ] as const) {
    const { count, sum, max } = of(part, route)
    assert.equal(count, 2)
    // the second call finds the connection open
    assert.deepEqual([sum! > 0, sum === max], [has, true], `${part} ${route}`)
  }
  const calls = receiver.spans.filter(one => one.kind === CLIENT && one.name === '/s').sort((a, b) => a.start - b.start)
  assert.deepEqual(
    calls.map(one => Number(one.attributes['tls-duration']) > 0),
    [true, false]
  )
})

test('sizes have the bounds of KrakenD; the names of 1.27 have units, and spans do not change', async t => {
  const upstream = await startUpstream(t)
  const spansOf = (receiver: Receiver): string[] =>
    receiver.spans.map(one => `${one.name} ${Object.keys(one.attributes).sort()}`).sort()
  const seen: Record<string, Opened> = {}
  for (const semantic_convention of ['', '1.27', '1.29']) {
    const opened = await open(t, [endpoint('/x', upstream)], { layers: { global: { semantic_convention } } })
    await opened.ask('/x')
    seen[semantic_convention] = opened
  }
  const [old, now, other] = [seen['']!.receiver, seen['1.27']!.receiver, seen['1.29']!.receiver]
  const kept = (receiver: Receiver): string[] => [...receiver.metrics.keys()].filter(name => /^(http|krakend)/.test(name)).sort()
  assert.deepEqual(kept(other), kept(old))
  assert.deepEqual(spansOf(now), spansOf(old))
  for (const name of ['http.server.response.size', 'http.client.response.size', 'http.client.response.read.size-hist'])
    assert.deepEqual(points(old, name)[0]!.bounds, SIZES, name)
  for (const [name, unit] of Object.entries({
    'http.server.request.duration': 's',
    'http.server.response.body.size': 'By',
    'http.client.request.duration': 's',
    'http.client.request.body.size': 'By',
    'http.client.response.body.size': 'By',
    'http.client.request.get-conn.duration': 's',
    'http.client.request.dns.duration': 's',
    'http.client.request.tls.duration': 's',
    'http.client.request.started.count': '',
    'http.client.response.read.size': 'b',
    'http.client.response.read.time': 's',
    'krakend.proxy.duration': ''
  }))
    assert.equal(metric(now, name).unit, unit, name)
  for (const name of ['http.server.duration', 'http.server.response.size', 'http.client.duration', 'http.client.response.size'])
    assert.equal(metric(old, name).unit, '', name)
  assert.deepEqual(points(now, 'http.server.response.body.size')[0]!.bounds, SIZES)
  for (const name of ['http.server.duration', 'http.client.duration', 'http.client.response.size'])
    assert.equal(now.metrics.has(name), false, name)
})

test('methods beyond those of HTTP are one', async t => {
  const upstream = await startUpstream(t)
  const { origin, receiver, ask } = await open(t, [endpoint('/x', upstream)])
  for (const method of ['PROPFIND', 'M-SEARCH', 'OPTIONS']) await (await fetch(`${origin}/none`, { method })).text()
  await ask()
  assert.deepEqual(values(receiver, 'http.server.duration', 'http.request.method').sort(), ['OPTIONS', '_OTHER'])
  // spans tell the truth: their number does not grow with it
  assert.deepEqual(receiver.spans.map(one => one.attributes['http.request.method']).sort(), ['M-SEARCH', 'OPTIONS', 'PROPFIND'])
})

test('bodies that broke off have a series of their own', async t => {
  const upstream = await startUpstream(t, (req, res) => {
    if (req.url === '/whole') return void res.end('{"a":1}')
    res.writeHead(200, { 'Content-Length': '100' })
    res.write('{"a":')
    setImmediate(() => res.destroy())
  })
  const { receiver, ask } = await open(t, [
    endpoint('/w', upstream, { url: '/whole' }),
    endpoint('/c', upstream, { url: '/cut' })
  ])
  await ask('/w', '/c')
  for (const part of ['size', 'size-hist', 'time', 'time-hist']) {
    const name = `http.client.response.read.${part}`
    const told = points(receiver, name).map(one => [one.attributes['http.route'], one.attributes.error])
    assert.deepEqual(
      told.sort(),
      [
        ['/cut', 'true'],
        ['/whole', undefined]
      ],
      name
    )
  }
  assert.deepEqual(
    points(receiver, 'http.client.response.read.errors').map(one => [one.attributes['http.route'], one.value]),
    [['/cut', 1]]
  )
})

test('reported fields are those of the messages: no host, none of the gateway on pipes, none of a response that was decoded', async t => {
  const upstream = await startUpstream(t, (_, res) => {
    res.setHeader('X-Up', '1')
    res.write('{"a":')
    res.end('1}')
  })
  const on = { report_headers: true }
  const { receiver, ask } = await open(
    t,
    [endpoint('/data', upstream, { url: '/d' }), endpoint('/bytes', upstream, { url: '/b', output_encoding: 'no-op' })],
    { layers: { global: on, proxy: on, backend: { traces: { round_trip: true, ...on } } } }
  )
  await ask('/data', '/bytes')
  const fields = (one: ReceivedSpan, way: string): string[] =>
    Object.keys(one.attributes)
      .filter(key => key.startsWith(`http.${way}.header.`))
      .map(key => key.slice(`http.${way}.header.`.length))
  for (const one of receiver.spans) {
    for (const hidden of ['host', 'transfer-encoding', 'traceparent'])
      assert.ok(!fields(one, 'request').includes(hidden) && !fields(one, 'response').includes(hidden), `${one.name} ${hidden}`)
    const isOfClient = one.kind === SERVER
    assert.equal(fields(one, 'response').includes('x-krakend'), isOfClient, one.name)
  }
  for (const name of ['/data', '/d']) assert.deepEqual(fields(span(receiver, INTERNAL, name), 'response'), [], name)
  for (const name of ['/bytes', '/b']) assert.ok(fields(span(receiver, INTERNAL, name), 'response').includes('x-up'), name)
  assert.ok(fields(span(receiver, CLIENT, '/d'), 'response').includes('x-up'))
})

test('paths to skip are left out of all layers; a star is a character; an entry that ends in a slash covers what is below', async t => {
  const upstream = await startUpstream(t)
  const { receiver, ask } = await open(
    t,
    [
      endpoint('/two', upstream, { url: '/t' }),
      endpoint('/noop/{id}', upstream, { url: '/n' }),
      endpoint('/in/{id}', upstream, { url: '/i' })
    ],
    { skip_paths: ['/two', '/noop*', '/in/'] }
  )
  await ask('/two', '/noop/1', '/in/1')
  assert.deepEqual(receiver.spans.map(one => one.name).sort(), [
    '/n',
    '/n',
    '/noop/:id',
    '/noop/:id',
    'http.client.response.read.tracker'
  ])
  for (const [name] of receiver.metrics) {
    if (/^(http|krakend)/.test(name)) assert.doesNotMatch(JSON.stringify(points(receiver, name)), /"\/(t|two|i|in\/:id)"/, name)
  }
})

test('the paths of the gateway are left out by default', async t => {
  const upstream = await startUpstream(t)
  const { receiver, ask } = await open(t, [endpoint('/x', upstream)], {}, { root: { debug_endpoint: true, echo_endpoint: true } })
  await ask('/__health', '/__debug/', '/__debug/a', '/__echo/', '/__echo/b', '/__stats/', '/x')
  assert.deepEqual(
    receiver.spans.filter(one => one.kind === SERVER).map(one => one.name),
    ['/x']
  )
  assert.deepEqual(values(receiver, 'http.server.duration', 'http.route'), ['/x'])
})

test('over HTTP requests are plain protobuf, for both signals', async t => {
  const upstream = await startUpstream(t)
  const { receiver, ask } = await open(t, [endpoint('/x', upstream)])
  await ask('/x')
  assert.deepEqual([...new Set(receiver.requests.map(one => one.path))].sort(), ['/v1/metrics', '/v1/traces'])
  for (const { headers } of receiver.requests) {
    assert.equal(headers['content-type'], 'application/x-protobuf')
    assert.equal(headers['content-encoding'], undefined)
  }
})
