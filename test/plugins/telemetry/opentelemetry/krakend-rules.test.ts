import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type OpenGateway, openGateway } from '../../../support/open-gateway.js'
import { attributesOf, decodeTraces, type Receiver, startReceiver } from '../../../support/otlp-receiver.js'
import { fetch } from '../../../support/waiting.js'
import { endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'

async function open(
  owner: TestContext,
  endpoints: object[],
  otel: object = {},
  { env = {}, router = {} }: { env?: Record<string, string>; router?: object } = {}
): Promise<OpenGateway & { receiver: Receiver; end: () => Promise<void> }> {
  const receiver = await startReceiver(owner)
  const otlp = [{ name: 'a', host: '127.0.0.1', port: receiver.port, use_http: true }]
  const gateway = await openGateway(
    owner,
    { endpoints, extra_config: { router, [NAMESPACE]: { exporters: { otlp }, ...otel } } },
    { env: { OTEL_BSP_SCHEDULE_DELAY: '10', ...env } }
  )
  const end = async (): Promise<void> => void (await gateway.gateway.close({ graceMs: 1 }))
  return { ...gateway, receiver, end }
}

const serversIn = (receiver: Receiver) => receiver.spans.filter(one => one.kind === 2)

/** Metrics of KrakenD's, by name. */
const namesIn = ({ metrics }: Receiver): string[] => [...metrics.keys()].filter(name => /^(http|krakend)\./.test(name)).sort()

test('without a name the service is KrakenD; without an environment the resource has none', async t => {
  const upstream = await startUpstream(t)
  const { origin, receiver, end } = await open(t, [endpoint('/x', upstream)])
  await (await fetch(`${origin}/x`)).text()
  await end()
  const [resource] = decodeTraces(receiver.requests.find(one => one.path === '/v1/traces')!.body).resourceSpans
  const attributes = attributesOf(resource.resource.attributes)
  assert.equal(attributes['service.name'], 'KrakenD')
  assert.deepEqual(Object.keys(attributes).sort(), ['service.instance.id', 'service.name', 'service.version'])
})

test('`backend.traces: {}` and `backend.metrics: {}` are the stage alone; `detailed_connection` does nothing without `round_trip`', async t => {
  const upstream = await startUpstream(t)
  for (const part of [{}, { detailed_connection: true }]) {
    const { origin, receiver, end } = await open(t, [endpoint('/x', upstream)], {
      layers: { backend: { metrics: part, traces: part } }
    })
    await (await fetch(`${origin}/x`)).text()
    await end()
    assert.deepEqual(receiver.spans.map(one => `${one.kind} ${one.name}`).sort(), ['1 /up', '1 /x', '2 /x'])
    assert.deepEqual(namesIn(receiver), [
      'http.server.duration',
      'http.server.response.size',
      'krakend.backend.duration',
      'krakend.proxy.duration'
    ])
  }
})

test('with 1.27 the private metrics of calls exist with `detailed_connection` only', async t => {
  const upstream = await startUpstream(t)
  for (const detailed_connection of [false, true]) {
    const { origin, receiver, end } = await open(t, [endpoint('/x', upstream)], {
      layers: {
        global: { semantic_convention: '1.27' },
        backend: { metrics: { round_trip: true, detailed_connection } }
      }
    })
    await (await fetch(`${origin}/x`)).text()
    await end()
    assert.equal(receiver.metrics.has('http.client.request.started.count'), detailed_connection)
    assert.equal(receiver.metrics.has('http.client.request.get-conn.duration'), detailed_connection)
    assert.equal(receiver.metrics.has('http.client.request.duration'), true)
  }
})

test('the size of a request is absent where it is not known; clients behind trusted proxies have no port', async t => {
  const upstream = await startUpstream(t, (req, res) => void req.resume().on('end', () => res.end('{}')))
  const { origin, receiver, end } = await open(
    t,
    [endpoint('/x', upstream, { method: 'POST' })],
    {},
    { router: { trusted_proxies: ['127.0.0.1'], forwarded_by_client_ip: true, remote_ip_headers: ['X-Forwarded-For'] } }
  )
  const body = new Blob(['abc']).stream()
  const init = { method: 'POST', body, duplex: 'half', headers: { 'X-Forwarded-For': '203.0.113.7' } }
  await (await fetch(`${origin}/x`, init as RequestInit)).text()
  await end()
  const [{ attributes } = { attributes: {} as Record<string, unknown> }] = serversIn(receiver)
  assert.equal(attributes['http.request.body.size'], undefined)
  assert.equal(attributes['client.address'], '203.0.113.7')
})

test('skip paths: the default leaves built-in paths out; a list of its own replaces it, and [""] leaves nothing out', async t => {
  const upstream = await startUpstream(t)
  const endpoints = [endpoint('/two', upstream), endpoint('/three/{id}', upstream)]
  for (const [skip_paths, expected] of [
    [undefined, ['/three/:id', '/two']],
    [[], ['/three/:id', '/two']],
    [['/two'], ['/three/:id', '200 OK']],
    [['/three/{id}'], ['/two', '200 OK']],
    [[''], ['/three/:id', '/two', '200 OK']]
  ] as const) {
    const { origin, receiver, end } = await open(t, endpoints, skip_paths === undefined ? {} : { skip_paths })
    for (const path of ['/__health', '/two', '/three/1']) await (await fetch(origin + path)).text()
    await end()
    assert.deepEqual(
      serversIn(receiver)
        .map(one => one.name)
        .sort(),
      [...expected].sort(),
      JSON.stringify(skip_paths)
    )
    const routes = receiver.metrics.get('http.server.duration')!.points.map(one => one.attributes['http.route'])
    assert.deepEqual(routes.sort(), [...expected].sort(), JSON.stringify(skip_paths))
  }
})

test('405 has its status as name; counters of failures appear with the first one', async t => {
  const upstream = await startUpstream(t, (req, res) => void (req.url === '/slow' || res.end('{}')))
  const { origin, receiver, end } = await open(t, [
    endpoint('/x', upstream),
    endpoint('/slow', upstream, { url: '/slow', timeout: '50ms' }),
    endpoint('/refused', NOWHERE, { url: '/r' })
  ])
  await (await fetch(`${origin}/x`, { method: 'DELETE' })).text()
  for (const path of ['/x', '/slow', '/refused']) await (await fetch(origin + path)).text()
  await end()
  assert.ok(serversIn(receiver).some(one => one.name === '405 Method Not Allowed'))
  const sum = (name: string): unknown[] =>
    receiver.metrics.get(`http.client.request.${name}.count`)?.points.map(one => [one.attributes.clientname, one.value]) ?? []
  assert.deepEqual(sum('failed').sort(), [
    ['/r', 1],
    ['/slow', 1]
  ])
  assert.deepEqual(sum('timedout'), [['/slow', 1]])
  assert.deepEqual(sum('canceled'), [])
})

test('OTEL_PROPAGATORS chooses formats; names that are not known are passed over', async t => {
  const asked: (string | undefined)[] = []
  const upstream = await startUpstream(t, (req, res) => {
    asked.push(req.headers.b3 as string | undefined, req.headers.traceparent as string | undefined)
    res.end('{}')
  })
  const { origin } = await open(t, [endpoint('/x', upstream)], {}, { env: { OTEL_PROPAGATORS: 'jaeger, b3' } })
  await (await fetch(`${origin}/x`)).text()
  assert.match(asked[0]!, /^[0-9a-f]{32}-[0-9a-f]{16}-1$/)
  assert.equal(asked[1], undefined)
})
