import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { type TestContext, test } from 'node:test'
import type { GatewayOptions } from '../../../../src/index.js'
import type { PluginModule } from '../../../../src/plugin/index.js'
import { type OpenGateway, openGateway } from '../../../support/open-gateway.js'
import {
  attributesOf,
  childrenOf,
  decodeTraces,
  type ReceivedSpan,
  type Receiver,
  startGrpcReceiver,
  startReceiver
} from '../../../support/otlp-receiver.js'
import { deferred, fetch } from '../../../support/waiting.js'
import { endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'

const NAMESPACE = 'telemetry/opentelemetry'
const INTERNAL = 1
const SERVER = 2
const CLIENT = 3

interface Traced extends OpenGateway {
  readonly receiver: Receiver
}

async function open(
  owner: TestContext,
  endpoints: object[],
  more: { otel?: object; exporter?: object; root?: object; extra?: object; options?: GatewayOptions } = {}
): Promise<Traced> {
  const receiver = await startReceiver(owner)
  const { port } = receiver
  const otlp = { name: 'local', host: '127.0.0.1', port, use_http: true, disable_metrics: true, ...more.exporter }
  const gateway = await openGateway(
    owner,
    {
      ...more.root,
      endpoints,
      extra_config: { ...more.extra, [NAMESPACE]: { exporters: { otlp: [otlp] }, ...more.otel } }
    },
    { env: { OTEL_BSP_SCHEDULE_DELAY: '10' }, ...more.options }
  )
  return { ...gateway, receiver }
}

const byName = (spans: readonly ReceivedSpan[], kind: number, name: string): ReceivedSpan => {
  const found = spans.filter(one => one.kind === kind && one.name === name)
  assert.equal(found.length, 1, `one ${name} among ${spans.map(one => `${one.kind} ${one.name}`).join(', ')}`)
  return found[0]!
}

for (const encoding of ['no-op', 'json']) {
  test(`one request makes five spans in one line, under ${encoding}`, async t => {
    let headers: IncomingHttpHeaders = {}
    const upstream = await startUpstream(t, (req, res) => {
      headers = req.headers
      res.end('{"ok":true}')
    })
    const { origin, receiver } = await open(t, [
      endpoint('/one/{id}', upstream, { output_encoding: encoding, url: '/up/{id}', input_query_strings: ['*'] })
    ])
    const client = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', baggage: 'a=1', 'user-agent': 'me' }
    await (await fetch(`${origin}/one/7?q=1&token=geheim`, { headers: client })).text()
    const spans = await receiver.spansOf(5)
    assert.equal(spans.length, 5)
    assert.ok(spans.every(one => one.traceId === '0af7651916cd43dd8448eb211c80319c'))

    const server = byName(spans, SERVER, '/one/:id')
    assert.equal(server.parentId, 'b7ad6b7169203331')
    assert.equal(server.flags, 0x301)
    assert.equal(server.status, 1)
    const { 'client.address': address, 'http.response.body.size': size, ...rest } = server.attributes
    assert.match(String(address), /^127\.0\.0\.1:\d+$/)
    assert.equal(size, 11)
    assert.deepEqual(rest, {
      'krakend.stage': 'global',
      'url.full': '/one/7?q=1&token=REDACTED',
      'server.address': new URL(origin).host,
      'http.request.method': 'GET',
      'http.request.body.size': 0,
      'user_agent.original': 'me',
      'http.route': '/one/:id',
      'http.response.status_code': 200
    })
    assert.deepEqual(
      server.events.map(event => event.name),
      ['first-byte-time']
    )

    const [proxy, ...others] = childrenOf(spans, server)
    assert.equal(others.length, 0)
    assert.equal(proxy!.kind, INTERNAL)
    assert.equal(proxy!.name, '/one/:id')
    assert.equal(proxy!.status, 0)
    const status = encoding === 'no-op' ? 200 : 0
    assert.deepEqual(proxy!.attributes, {
      'krakend.stage': 'proxy',
      'http.request.method': 'GET',
      'http.route': '/one/:id',
      'http.response.status_code': status,
      complete: true
    })

    const [backend] = childrenOf(spans, proxy!)
    assert.equal(backend!.name, '/up/:id')
    const place = { 'http.route': '/up/:id', 'krakend.endpoint.route': '/one/:id', 'krakend.endpoint.method': 'GET' }
    assert.deepEqual(backend!.attributes, {
      'krakend.stage': 'backend',
      'http.request.method': 'GET',
      ...place,
      'http.response.status_code': status,
      complete: true
    })

    const [call] = childrenOf(spans, backend!)
    assert.equal(call!.kind, CLIENT)
    assert.equal(call!.name, '/up/:id')
    assert.equal(call!.status, 1)
    const {
      'response-duration': duration,
      'get-conn-duration': connecting,
      'dns-duration': lookup,
      'tls-duration': handshake,
      'http.response.body.size': length,
      ...about
    } = call!.attributes
    assert.ok((duration as number) > 0 && (connecting as number) >= 0)
    assert.deepEqual([lookup, handshake], [0, 0])
    assert.equal(length, 11)
    assert.deepEqual(about, {
      'krakend.stage': 'backend-request',
      ...place,
      'url.full': `${upstream}/up/7?q=1&token=REDACTED`,
      'server.address': new URL(upstream).host,
      'http.request.method': 'GET',
      'http.request.body.size': 0,
      'user_agent.original': 'KrakenD Version 2.13.8',
      'http.response.status_code': 200
    })

    const [read] = childrenOf(spans, call!)
    assert.equal(read!.name, 'http.client.response.read.tracker')
    assert.equal(read!.kind, INTERNAL)
    assert.equal(read!.status, 1)
    assert.equal(read!.attributes['http.client.response.read.size'], 11)
    assert.ok((read!.attributes['http.client.response.read.time'] as number) >= 0)
    assert.equal(read!.attributes['krakend.stage'], 'backend-request')

    assert.equal(headers.traceparent, `00-${call!.traceId}-${call!.spanId}-01`)
    assert.equal(headers.baggage, 'a=1')
    for (const span of spans) assert.ok(span.end >= span.start && Math.abs(span.start / 1e6 - Date.now()) < 60_000)
  })
}

const pass: PluginModule = {
  HandlerRegisterer: {
    registerHandlers(register) {
      register('outer', (_context, _extra, next) => async request => {
        const response = await next(request)
        response.headers.set('x-outer', '1')
        return response
      })
    }
  },
  ClientRegisterer: {
    registerClients(register) {
      register('inner', (_context, _extra, next) => request => next(request))
      register('refusing', () => () => {
        throw new Error('no')
      })
    }
  },
  ModifierRegisterer: {
    registerModifiers(register) {
      register('edit', () => ({ request: () => {}, response: () => {} }))
    }
  }
}

test('three backends, two plugins, a modifier and a script are one tree', async t => {
  const asked: string[] = []
  const upstream = await startUpstream(t, (req, res) => {
    asked.push(String(req.headers.traceparent))
    res.end(`{"${req.url!.slice(1)}":1}`)
  })
  const backend = (name: string, extra: object = {}): object => ({
    host: [upstream],
    url_pattern: `/${name}`,
    extra_config: extra
  })
  const { origin, receiver } = await open(
    t,
    [
      {
        endpoint: '/all',
        backend: [
          backend('a', { 'plugin/http-client': { name: 'inner' } }),
          backend('b', { 'modifier/lua-backend': { pre: 'local r = request.load()' } }),
          backend('c')
        ],
        extra_config: {
          'plugin/http-server': { name: 'outer' },
          'plugin/req-resp-modifier': { name: ['edit'] }
        }
      }
    ],
    { options: { plugins: [pass], env: { OTEL_BSP_SCHEDULE_DELAY: '10' } } }
  )
  const response = await fetch(`${origin}/all`)
  assert.deepEqual(await response.json(), { a: 1, b: 1, c: 1 })
  assert.equal(response.headers.get('x-outer'), '1')
  const spans = await receiver.spansOf(16)
  const tree = (parent: ReceivedSpan): unknown => {
    const children = childrenOf(spans, parent)
    const name = parent.name.startsWith('http.client') ? 'read' : parent.name
    return children.length === 0
      ? name
      : { [name]: children.map(tree).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) }
  }
  const [root, ...others] = spans.filter(one => one.parentId === '')
  assert.equal(others.length, 0)
  assert.deepEqual(tree(root!), {
    '/all': [
      {
        'plugin/http-server: outer': [
          {
            '/all': [
              'plugin/req-resp-modifier: edit',
              'plugin/req-resp-modifier: edit',
              { '/a': [{ 'plugin/http-client: inner': [{ '/a': ['read'] }] }] },
              { '/b': [{ 'modifier/lua-backend': [{ '/b': ['read'] }] }] },
              { '/c': [{ '/c': ['read'] }] }
            ]
          }
        ]
      }
    ]
  })
  const calls = spans.filter(one => one.kind === CLIENT)
  assert.deepEqual(asked.sort(), calls.map(one => `00-${root!.traceId}-${one.spanId}-01`).sort())
})

test('sequential backends are siblings in order', async t => {
  const upstream = await startUpstream(t, (req, res) => res.end(req.url === '/a' ? '{"id":5}' : '{"b":1}'))
  const { origin, receiver } = await open(t, [
    {
      endpoint: '/s',
      backend: [
        { host: [upstream], url_pattern: '/a' },
        { host: [upstream], url_pattern: '/b/{resp0_id}' }
      ],
      extra_config: { proxy: { sequential: true } }
    }
  ])
  await (await fetch(`${origin}/s`)).text()
  const spans = await receiver.spansOf(8)
  const server = byName(spans, SERVER, '/s')
  const [proxy] = childrenOf(spans, server)
  assert.deepEqual(
    childrenOf(spans, proxy!).map(one => one.name),
    ['/a', '/b/:resp0_id']
  )
})

test('failures are told by their codes, and have no reading span', async t => {
  const upstream = await startUpstream(t, (_, res) => {
    res.statusCode = 503
    res.end('no')
  })
  const { origin, receiver } = await open(t, [
    endpoint('/refused', NOWHERE, { url: '/r' }),
    endpoint('/status', upstream, { url: '/s' }),
    endpoint('/through', upstream, { url: '/t', output_encoding: 'no-op' })
  ])
  for (const path of ['/refused', '/status', '/through', '/nowhere/1', '/nowhere/2']) await (await fetch(origin + path)).text()
  const spans = await receiver.spansOf(16)
  assert.equal(spans.length, 16)

  const refused = byName(spans, CLIENT, '/r')
  assert.equal(refused.status, 2)
  assert.match(refused.message, /ECONNREFUSED|refused/)
  assert.equal(refused.attributes['error.type'], 'SLUICE_ERR_UPSTREAM_CONNECT')
  assert.equal(refused.attributes['http.response.status_code'], undefined)
  assert.equal(refused.events[0]!.name, 'exception')
  assert.equal(refused.events[0]!.attributes['exception.type'], 'SLUICE_ERR_UPSTREAM_CONNECT')
  assert.deepEqual(childrenOf(spans, refused), [])
  const server = byName(spans, SERVER, '/refused')
  assert.equal(server.status, 2)
  assert.equal(server.attributes['http.response.status_code'], 500)
  assert.equal(server.attributes['error.type'], 'SLUICE_ERR_UPSTREAM_CONNECT')
  const [proxy] = childrenOf(spans, server)
  assert.equal(proxy!.status, 2)
  assert.equal(proxy!.attributes.complete, false)
  assert.equal(proxy!.attributes['http.response.status_code'], 500)
  assert.match(String(proxy!.attributes.error), /ECONNREFUSED/)

  // the call has succeeded, the backend has not
  assert.equal(byName(spans, CLIENT, '/s').attributes['http.response.status_code'], 503)
  assert.equal(byName(spans, INTERNAL, '/s').attributes['error.type'], 'SLUICE_ERR_UPSTREAM_STATUS')
  // a response that is passed through is no failure of the pipe
  assert.equal(byName(spans, SERVER, '/through').status, 2)
  const through = byName(spans, INTERNAL, '/through').attributes
  assert.deepEqual([through['http.response.status_code'], through.complete], [503, true])
  // paths of clients make no names
  const unknown = spans.filter(one => one.name === '404 Not Found')
  assert.equal(unknown.length, 2)
  assert.equal(unknown[0]!.attributes['http.route'], '404 Not Found')
})

test('a rate of 0 records nothing but what a client records', async t => {
  const asked: (string | undefined)[] = []
  const upstream = await startUpstream(t, (req, res) => {
    asked.push(req.headers.traceparent as string | undefined)
    res.end('{"ok":true}')
  })
  const { origin, receiver, gateway } = await open(t, [endpoint('/x', upstream)], { otel: { trace_sample_rate: 0 } })
  const id = '0af7651916cd43dd8448eb211c80319c'
  const ask = async (traceparent?: string): Promise<void> => {
    await (await fetch(`${origin}/x`, traceparent === undefined ? {} : { headers: { traceparent } })).text()
  }
  await ask()
  await ask(`00-${id}-b7ad6b7169203331-00`)
  await ask(`00-${id}-b7ad6b7169203331-01`)
  await gateway.close({ graceMs: 1 })
  assert.equal(asked[0], undefined)
  assert.equal(asked[1], `00-${id}-b7ad6b7169203331-00`)
  assert.match(asked[2]!, new RegExp(`^00-${id}-[0-9a-f]{16}-01$`))
  assert.equal(receiver.spans.length, 5)
  assert.ok(receiver.spans.every(one => one.traceId === id))
})

test('from a rate of 1 on everything is recorded, whatever a client has decided', async t => {
  const upstream = await startUpstream(t)
  const { origin, receiver } = await open(t, [endpoint('/x', upstream)])
  await (await fetch(`${origin}/x`, { headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` } })).text()
  const spans = await receiver.spansOf(5)
  assert.equal(spans[0]!.traceId, 'a'.repeat(32))
})

test('tracestate goes on with its trace only', async t => {
  const asked: (string | undefined)[] = []
  const upstream = await startUpstream(t, (req, res) => {
    asked.push(req.headers.tracestate as string | undefined)
    res.end('{"ok":true}')
  })
  const endpoints = [endpoint('/x', upstream)]
  const { origin, receiver } = await open(t, endpoints)
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  await (await fetch(`${origin}/x`, { headers: { traceparent, tracestate: 'v=1' } })).text()
  await (await fetch(`${origin}/x`, { headers: { traceparent: '00-broken', tracestate: 'v=1' } })).text()
  const spans = await receiver.spansOf(10)
  assert.deepEqual(asked, ['v=1', undefined])
  assert.equal(spans.filter(one => one.state === 'v=1').length, 5)

  const closed = await open(t, endpoints, { otel: { layers: { global: { disable_propagation: true } } } })
  await (await fetch(`${closed.origin}/x`, { headers: { traceparent, tracestate: 'v=1' } })).text()
  assert.ok((await closed.receiver.spansOf(5)).every(one => one.traceId !== 'a'.repeat(32)))
  assert.equal(asked[2], undefined)
})

test('B3 is read and written where it is asked for', async t => {
  let headers: IncomingHttpHeaders = {}
  const upstream = await startUpstream(t, (req, res) => {
    headers = req.headers
    res.end('{"ok":true}')
  })
  const { origin, receiver } = await open(t, [endpoint('/x', upstream)], { otel: { propagators: ['b3', 'b3multi'] } })
  await (await fetch(`${origin}/x`, { headers: { b3: `${'a'.repeat(32)}-${'b'.repeat(16)}-1` } })).text()
  const spans = await receiver.spansOf(5)
  const call = byName(spans, CLIENT, '/up')
  assert.equal(byName(spans, SERVER, '/x').parentId, 'b'.repeat(16))
  assert.equal(headers.b3, `${'a'.repeat(32)}-${call.spanId}-1`)
  assert.equal(headers['x-b3-spanid'], call.spanId)
  assert.equal(headers.traceparent, undefined)
})

test('layers that are off have no spans; what is inside is below what is left', async t => {
  let asked = ''
  const upstream = await startUpstream(t, (req, res) => {
    asked = String(req.headers.traceparent)
    res.end('{"ok":true}')
  })
  const { origin, receiver } = await open(t, [endpoint('/x', upstream), endpoint('/skipped', upstream)], {
    otel: {
      skip_paths: ['/skipped'],
      layers: {
        global: { disable_traces: true },
        proxy: {
          traces_static_attributes: [
            { key: 'team', value: 'a' },
            { key: '', value: 'b' }
          ]
        },
        backend: { traces: { disable_stage: true, read_payload: true, static_attributes: [{ key: 'part', value: 'b' }] } }
      }
    }
  })
  await (await fetch(`${origin}/skipped`)).text()
  await (await fetch(`${origin}/x`)).text()
  const spans = await receiver.spansOf(2)
  const proxy = byName(spans, INTERNAL, '/x')
  assert.equal(proxy.parentId, '')
  assert.equal(proxy.attributes.team, 'a')
  const [read] = childrenOf(spans, proxy)
  assert.equal(read!.name, 'http.client.response.read.tracker')
  assert.equal(read!.attributes.part, 'b')
  assert.equal(asked, `00-${proxy.traceId}-${proxy.spanId}-01`)
})

test('an endpoint and a backend stand in for the layers of the service', async t => {
  const upstream = await startUpstream(t)
  const own = { global: { traces_static_attributes: [{ key: 'owner', value: 'c' }] }, proxy: {} }
  const backendOwn = { backend: { traces: { disable_stage: true } } }
  const { origin, receiver } = await open(
    t,
    [
      endpoint('/own', upstream, { extra: { [NAMESPACE]: own }, backendExtra: { [NAMESPACE]: backendOwn } }),
      endpoint('/plain', upstream, { url: '/p' })
    ],
    { otel: { layers: { proxy: { disable_traces: true } } } }
  )
  for (const path of ['/own', '/plain']) await (await fetch(origin + path)).text()
  const spans = await receiver.spansOf(6)
  assert.deepEqual(spans.map(one => `${one.kind} ${one.name}`).sort(), [
    '1 /own',
    '1 /p',
    '1 http.client.response.read.tracker',
    '2 /own',
    '2 /plain',
    '3 /p'
  ])
  assert.equal(byName(spans, SERVER, '/own').attributes.owner, 'c')
})

test('reports header fields without credentials and without those to skip', async t => {
  const upstream = await startUpstream(t, (_, res) => {
    res.setHeader('X-Up', ['1', '2'])
    res.setHeader('Set-Cookie', 'geheim=1')
    res.end('{"ok":true}')
  })
  const on = { report_headers: true, skip_headers: ['x-skipped'] }
  const { origin, receiver } = await open(t, [endpoint('/x', upstream, { output_encoding: 'no-op', input_headers: ['*'] })], {
    otel: { layers: { global: on, proxy: on, backend: { traces: { round_trip: true, ...on } } } }
  })
  const headers = { Authorization: 'geheim', Cookie: 'geheim', 'X-Api-Key': 'geheim', 'X-Skipped': 'geheim', 'X-Mine': 'm' }
  await (await fetch(`${origin}/x`, { headers })).text()
  const spans = await receiver.spansOf(4)
  assert.doesNotMatch(JSON.stringify(spans), /geheim/)
  for (const span of spans) {
    assert.deepEqual(span.attributes['http.request.header.x-mine'], ['m'], span.name)
    assert.deepEqual(span.attributes['http.response.header.x-up'], ['1', '2'], span.name)
  }
})

test('the client that leaves is told', async t => {
  const called = deferred('the call of the upstream')
  const upstream = await startUpstream(t, () => called.resolve())
  const { origin, receiver } = await open(t, [endpoint('/x', upstream, { output_encoding: 'no-op' })])
  const client = new AbortController()
  const asked = fetch(`${origin}/x`, { signal: client.signal })
  await called.promise
  client.abort()
  await assert.rejects(asked)
  const spans = await receiver.spansOf(4)
  assert.equal(byName(spans, SERVER, '/x').attributes['http.response.status_code'], 499)
  assert.equal(byName(spans, INTERNAL, '/x').attributes.canceled, true)
  assert.equal(byName(spans, CLIENT, '/up').status, 2)
})

test('resource and scope are those of KrakenD', async t => {
  const upstream = await startUpstream(t)
  const { origin, receiver } = await open(t, [endpoint('/x', upstream)], {
    otel: { service_name: 'shop', service_version: '7', deploy_env: 'stage' },
    exporter: { compression: 'gzip', headers: { 'X-Tenant': 't1' } }
  })
  await (await fetch(`${origin}/x`)).text()
  await receiver.spansOf(5)
  const { headers, path, body } = receiver.requests[0]!
  assert.equal(path, '/v1/traces')
  assert.equal(headers['content-type'], 'application/x-protobuf')
  assert.equal(headers['content-encoding'], 'gzip')
  assert.equal(headers['x-tenant'], 't1')
  const [resource] = decodeTraces(body).resourceSpans
  const { 'service.instance.id': instance, ...attributes } = attributesOf(resource.resource.attributes)
  assert.match(String(instance), /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  assert.deepEqual(attributes, {
    'service.name': 'shop',
    'service.version': '7',
    'deployment.environment': 'stage'
  })
  assert.equal(resource.schemaUrl, 'https://opentelemetry.io/schemas/1.21.0')
  assert.equal(resource.scopeSpans[0].scope.name, 'io.krakend.krakend-otel')
})

test('what waits is sent when the gateway closes', async t => {
  const upstream = await startUpstream(t)
  const options = { env: { OTEL_BSP_SCHEDULE_DELAY: '600000' } }
  const { origin, receiver, gateway } = await open(t, [endpoint('/x', upstream)], { options })
  await (await fetch(`${origin}/x`)).text()
  assert.equal(receiver.spans.length, 0)
  await gateway.close({ graceMs: 1 })
  assert.equal(receiver.spans.length, 5)
})

test('several exporters get the same spans', async t => {
  const upstream = await startUpstream(t)
  const second = await startReceiver(t)
  const otlp = { name: 'second', host: 'http://127.0.0.1', port: second.port, use_http: true }
  const receiver = await startReceiver(t)
  const first = { name: 'first', host: '127.0.0.1', port: receiver.port, use_http: true }
  const off = { name: 'third', host: '127.0.0.1', port: 1, use_http: true, disable_traces: true, disable_metrics: true }
  const { origin } = await openGateway(
    t,
    { endpoints: [endpoint('/x', upstream)], extra_config: { [NAMESPACE]: { exporters: { otlp: [first, otlp, off] } } } },
    { env: { OTEL_BSP_SCHEDULE_DELAY: '10' } }
  )
  await (await fetch(`${origin}/x`)).text()
  assert.deepEqual(await receiver.spansOf(5), await second.spansOf(5))
})

for (const compression of ['none', 'gzip']) {
  test(`sends over gRPC, compression ${compression}`, async t => {
    const upstream = await startUpstream(t)
    const receiver = await startGrpcReceiver(t)
    const otlp = {
      name: 'g',
      host: '127.0.0.1',
      port: receiver.port,
      compression,
      disable_metrics: true,
      headers: { 'x-tenant': 't' }
    }
    const { origin } = await openGateway(
      t,
      { endpoints: [endpoint('/x', upstream)], extra_config: { [NAMESPACE]: { exporters: { otlp: [otlp] } } } },
      { env: { OTEL_BSP_SCHEDULE_DELAY: '10' } }
    )
    await (await fetch(`${origin}/x`)).text()
    await receiver.spansOf(5)
    assert.equal(receiver.requests[0]!.headers['x-tenant'], 't')
  })
}

test('lines of the logs name the trace', async t => {
  const extra = { 'telemetry/logging': { level: 'ERROR', stdout: true, access_log_format: 'json' } }
  const { origin, receiver, log } = await open(
    t,
    [endpoint('/decoded', NOWHERE), endpoint('/direct', NOWHERE, { output_encoding: 'no-op' })],
    { extra }
  )
  for (const path of ['/decoded', '/direct']) {
    await (await fetch(origin + path)).text()
    const spans = await receiver.spansOf(path === '/direct' ? 8 : 4)
    const { traceId } = byName(spans, SERVER, path)
    await log.line(new RegExp(`ERROR:? \\[ENDPOINT: ${path}\\].* trace_id=${traceId}`))
    assert.equal(JSON.parse(await log.line(new RegExp(`"route":"${path}"`))).trace_id, traceId)
  }
})
