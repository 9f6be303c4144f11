/** Traces for Jaeger and Zipkin: what leaves, and what is said when nothing does. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openGateway } from '../../../support/open-gateway.js'
import { type Receiver, startReceiver } from '../../../support/otlp-receiver.js'
import { fetch, until } from '../../../support/waiting.js'
import { build, endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'
import { readThrift, type ThriftStruct, type ThriftValue } from './thrift.js'

const NAMESPACE = 'telemetry/opencensus'
const ENV = { OTEL_BSP_SCHEDULE_DELAY: '10' }

async function open(t: TestContext, exporters: object, more: object = {}) {
  const asked: (string | undefined)[] = []
  const upstream = await startUpstream(t, (req, res) => {
    asked.push(req.headers['x-b3-traceid'] as string | undefined)
    res.end('{"ok":true}')
  })
  const { origin, log, gateway } = await openGateway(
    t,
    {
      name: 'shop',
      endpoints: [endpoint('/x/{id}', upstream, { url: '/up/{id}' }), endpoint('/failed', NOWHERE, { url: '/f' })],
      extra_config: { [NAMESPACE]: { sample_rate: 100, exporters, ...more } }
    },
    { env: ENV }
  )
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<void> => {
    await (await fetch(origin + path, { headers })).text()
  }
  return { ask, log, gateway, asked }
}

const firstBody = (receiver: Receiver, items: (body: Buffer) => number, count: number): Promise<Buffer[]> =>
  until(() => {
    const bodies = receiver.requests.map(one => one.body)
    return bodies.reduce((sum, body) => sum + items(body), 0) >= count && bodies
  }, `${count} spans`)

const structs = (value: ThriftValue | undefined): ThriftStruct[] => (value ?? []) as unknown as ThriftStruct[]
const tags = (list: ThriftValue | undefined): Record<string, unknown> =>
  Object.fromEntries(structs(list).map(tag => [tag[1], tag[3] ?? tag[4] ?? tag[5] ?? tag[6]]))
const hex = (value: ThriftValue | undefined): string =>
  BigInt.asUintN(64, value as bigint)
    .toString(16)
    .padStart(16, '0')

test('Jaeger gets a batch in Thrift: one tree, with tags of their types', async t => {
  const receiver = await startReceiver(t)
  const endpointUrl = `http://user:secret@127.0.0.1:${receiver.port}/api/traces?format=jaeger.thrift`
  const { ask, asked } = await open(t, { jaeger: { endpoint: endpointUrl, service_name: 'census' } })
  const trace = '463ac35c9f6413ad48485a3953bb6124'
  await ask('/x/7', { 'x-b3-traceid': trace, 'x-b3-spanid': '0020000000000001', 'x-b3-sampled': '1' })
  const bodies = await firstBody(receiver, body => structs(readThrift(body)[2]).length, 4)
  const { path, headers } = receiver.requests[0]!
  assert.equal(path, '/api/traces?format=jaeger.thrift')
  assert.equal(headers['content-type'], 'application/x-thrift')
  assert.equal(headers.authorization, `Basic ${Buffer.from('user:secret').toString('base64')}`)
  const [batch] = bodies.map(readThrift)
  const process = batch![1] as ThriftStruct
  assert.equal(process[1], 'census')
  const spans = bodies.flatMap(body => structs(readThrift(body)[2]))
  assert.deepEqual(spans.map(span => span[5]).sort(), ['/up/:id', '/x/:id', 'backend-/up/:id', 'pipe-/x/:id'])
  for (const span of spans) {
    assert.equal(hex(span[2]) + hex(span[1]), trace)
    assert.ok(Math.abs(Number(span[8]) / 1000 - Date.now()) < 60_000, 'µs since 1970')
    assert.ok(Number(span[9]) >= 0)
    assert.equal(span[7], 1)
  }
  const named = (name: string): ThriftStruct => spans.find(span => span[5] === name)!
  assert.equal(hex(named('/x/:id')[4]), '0020000000000001')
  assert.equal(named('pipe-/x/:id')[4], named('/x/:id')[3])
  assert.equal(named('backend-/up/:id')[4], named('pipe-/x/:id')[3])
  assert.equal(named('/up/:id')[4], named('backend-/up/:id')[3])
  const server = tags(named('/x/:id')[10])
  assert.deepEqual([server['span.kind'], server['http.response.status_code'], server.error], ['server', 200n, undefined])
  assert.equal(typeof tags(named('/up/:id')[10])['response-duration'], 'number')
  assert.equal(tags(named('pipe-/x/:id')[10]).complete, true)
  const [event] = structs(named('/x/:id')[11])
  assert.equal(tags(event![2]).event, 'first-byte-time')
  assert.deepEqual(asked, [trace])
})

test('Zipkin gets a list in JSON; what failed is marked', async t => {
  const receiver = await startReceiver(t, (_, res) => res.writeHead(202).end())
  const zipkin = {
    collector_url: `http://127.0.0.1:${receiver.port}/api/v2/spans`,
    service_name: 'zip',
    ip: '10.0.0.1',
    port: 8080
  }
  const { ask } = await open(t, { zipkin })
  await ask('/failed')
  const bodies = await firstBody(receiver, body => (JSON.parse(body.toString()) as object[]).length, 4)
  assert.equal(receiver.requests[0]!.headers['content-type'], 'application/json')
  // biome-ignore lint/suspicious/noExplicitAny: what was sent is looked into freely
  const spans = bodies.flatMap(body => JSON.parse(body.toString()) as any[])
  const named = (name: string) => spans.find(span => span.name === name)
  const call = named('/f')
  assert.match(call.traceId, /^[0-9a-f]{32}$/)
  assert.match(call.id, /^[0-9a-f]{16}$/)
  assert.equal(call.parentId, named('backend-/f').id)
  assert.deepEqual([call.kind, named('/failed').kind, named('pipe-/failed').kind], ['CLIENT', 'SERVER', undefined])
  assert.deepEqual(call.localEndpoint, { serviceName: 'zip', ipv4: '10.0.0.1', port: 8080 })
  assert.equal(call.remoteEndpoint.serviceName, new URL(NOWHERE).host)
  assert.match(call.tags.error, /ECONNREFUSED/)
  assert.equal(call.tags['error.type'], 'SLUICE_ERR_UPSTREAM_CONNECT')
  assert.ok(Number.isSafeInteger(call.timestamp) && call.duration >= 1)
  assert.ok(Math.abs(call.timestamp / 1000 - Date.now()) < 60_000)
  assert.deepEqual(
    call.annotations.map((one: { value: string }) => one.value),
    ['exception']
  )
  assert.equal('parentId' in named('/failed'), false)
})

test('layers that are off have no spans', async t => {
  const receiver = await startReceiver(t)
  const jaeger = { endpoint: `http://127.0.0.1:${receiver.port}/api/traces` }
  const { ask } = await open(t, { jaeger }, { enabled_layers: { router: true } })
  await ask('/x/1')
  const [body] = await firstBody(receiver, one => structs(readThrift(one)[2]).length, 1)
  const batch = readThrift(body!)
  assert.equal((batch[1] as ThriftStruct)[1], 'shop')
  assert.deepEqual(
    structs(batch[2]).map(span => span[5]),
    ['/x/:id']
  )
})

test('a collector that refuses is one line in the log, with its words', async t => {
  const receiver = await startReceiver(t, (_, res) => res.writeHead(400, { 'Content-Type': 'text/plain' }).end('no\nbatch'))
  const { ask, log } = await open(t, { jaeger: { endpoint: `http://127.0.0.1:${receiver.port}/api/traces` } })
  await ask('/x/1')
  assert.match(
    await log.line(/cannot be sent to jaeger/),
    /OpenCensus\] Traces cannot be sent to jaeger at 127\.0\.0\.1:\d+: status 400: no batch/
  )
})

const collector = 'http://127.0.0.1:14268/api/traces'
const WARNINGS: readonly [name: string, options: object, pointer: string, message: RegExp][] = [
  ['no rate', { exporters: { jaeger: { endpoint: collector } } }, '/sample_rate', /0 percent/],
  ['no address', { sample_rate: 1, exporters: { jaeger: { endpoint: 'jaeger' } } }, '/exporters/jaeger/endpoint', /14268/],
  ['no address of Zipkin', { sample_rate: 1, exporters: { zipkin: {} } }, '/exporters/zipkin/collector_url', /9411/],
  [
    'another scheme',
    { sample_rate: 1, exporters: { zipkin: { collector_url: 'kafka://a' } } },
    '/exporters/zipkin/collector_url',
    /no address/
  ],
  [
    'an agent',
    { sample_rate: 1, exporters: { jaeger: { agent_endpoint: 'a:6831' } } },
    '/exporters/jaeger/agent_endpoint',
    /agent.*14268/
  ]
]

for (const [name, options, pointer, message] of WARNINGS) {
  test(`one warning, and the start goes on: ${name}`, async t => {
    const { gateway } = await build(t, { endpoints: [endpoint('/x', NOWHERE)], extra_config: { [NAMESPACE]: options } })
    const found = gateway.config.problems.map(problem => [problem.level, problem.pointer])
    assert.deepEqual(found, [['warning', `/extra_config/telemetry~1opencensus${pointer}`]])
    assert.match(gateway.config.problems[0]!.message, message)
  })
}

test('a gateway has one recorder: what cannot be recorded twice is said', async t => {
  const receiver = await startReceiver(t)
  const { port } = receiver
  const { gateway } = await build(t, {
    endpoints: [endpoint('/x', NOWHERE)],
    extra_config: {
      [NAMESPACE]: { sample_rate: 100, exporters: { jaeger: { endpoint: `http://127.0.0.1:${port}/api/traces` } } },
      'telemetry/opentelemetry': { exporters: { otlp: [{ name: 'a', host: '127.0.0.1', port, use_http: true }] } }
    }
  })
  assert.deepEqual(
    gateway.config.problems.map(({ level, message }) => [level, /no traces are sent/.test(message)]),
    [['warning', true]]
  )
})
