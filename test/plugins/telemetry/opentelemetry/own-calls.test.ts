/** Spans of calls that scripts and plugins make by themselves: clients below the span of what called, in the tree of the exchange. */

import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { type OwnCall, type PluginModule, traceCall, tracedFetch } from '../../../../src/plugin/index.js'
import { freePort } from '../../../support/free-port.js'
import type { ReceivedSpan } from '../../../support/otlp-receiver.js'
import { endpoint, startUpstream } from '../../scripted-upstream.js'
import { get, lineOf, openTraced, treeOf } from './trees.js'

/** Contexts that a server was sent, by path. */
type Contexts = Map<string, string | undefined>

/** A server that scripts call. */
async function startOther(t: TestContext, answer: RequestListener = (_, res) => res.end('{"found":1}')) {
  const contexts: Contexts = new Map()
  const origin = await startUpstream(t, (req, res) => {
    contexts.set(req.url!, req.headers.traceparent as string | undefined)
    answer(req, res)
  })
  return { origin, contexts }
}

const upstreamOf = (t: TestContext): Promise<string> => startUpstream(t, (_, res) => res.end('{"a":1}'))

/** A script that asks, and reads the body. */
const ask = (url: string): string => `local r = http_response.new('${url}'); r:body(); r:close()`

const CALLED = ['client GET: ok, 200', '  internal read: ok']
const below = (indent: string, lines: readonly string[]): string[] => lines.map(line => indent + line)

const callsIn = (spans: readonly ReceivedSpan[]): ReceivedSpan[] =>
  spans.filter(one => one.attributes['krakend.stage'] === 'component-request')

/** The spans of calls with a name. */
const namedCalls = (spans: readonly ReceivedSpan[]): ReceivedSpan[] =>
  callsIn(spans).filter(one => one.name !== 'http.client.response.read.tracker')

/** A plugin of an endpoint that runs `work` before it goes on. */
const plugin = (work: (request: Parameters<typeof traceCall>[0]) => unknown): PluginModule => ({
  HandlerRegisterer: {
    registerHandlers(register) {
      register('calls', (_context, _extra, next) => async request => {
        await work(request)
        return next(request)
      })
    }
  }
})
const CALLS = { 'plugin/http-server': { name: ['calls'], calls: {} } }

test('a script in each place has its calls below it, and the server gets the context of the call', async t => {
  const upstream = await upstreamOf(t)
  const { origin: other, contexts } = await startOther(t)
  const script = (namespace: string, name: string) => ({
    [namespace]: { pre: ask(`${other}/${name}?token=secret&x=1`), allow_open_libs: true }
  })
  const { gateway, origin, receiver } = await openTraced(
    t,
    [
      {
        endpoint: '/x/{id}',
        backend: [{ host: [upstream], url_pattern: '/up', extra_config: script('modifier/lua-backend', 'backend') }],
        extra_config: { ...script('modifier/lua-endpoint', 'endpoint'), ...script('modifier/lua-proxy', 'proxy') }
      }
    ],
    { root: { extra_config: script('modifier/lua-endpoint', 'service') } }
  )
  assert.equal(await get(`${origin}/x/1`), 200)
  await gateway.close({ graceMs: 5_000 })
  const { spans } = receiver
  assert.deepEqual(treeOf(spans), [
    'server /x/:id: ok, 200',
    '  internal modifier/lua-endpoint: unset',
    ...below('    ', CALLED),
    '    internal modifier/lua-endpoint: unset',
    ...below('      ', CALLED),
    '      internal /x/:id: unset, 0',
    '        internal modifier/lua-proxy: unset',
    ...below('          ', CALLED),
    '          internal /up: unset, 0',
    '            internal modifier/lua-backend: unset',
    '              client /up: ok, 200',
    '                internal read: ok',
    ...below('              ', CALLED)
  ])
  const calls = namedCalls(spans)
  assert.equal(calls.length, 4)
  for (const call of calls) {
    const { attributes } = call
    const path = new URL(String(attributes['url.full'])).pathname
    assert.equal(attributes['url.full'], `${other}${path}?token=REDACTED&x=1`)
    assert.equal(attributes['server.address'], other.slice('http://'.length))
    assert.equal(attributes['http.request.method'], 'GET')
    assert.equal(attributes['http.response.body.size'], '{"found":1}'.length)
    assert.equal(attributes['krakend.endpoint.route'], path === '/service' ? undefined : '/x/:id')
    assert.match(String(attributes['user_agent.original']), /./)
    assert.equal(contexts.get(`${path}?token=secret&x=1`), `00-${call.traceId}-${call.spanId}-01`)
    const parent = spans.find(one => one.spanId === call.parentId)
    assert.match(parent!.name, /^modifier\/lua-/)
    assert.deepEqual(
      call.events.map(one => one.name),
      ['first-byte-time']
    )
  }
  const reads = spans.filter(one => calls.some(call => call.spanId === one.parentId))
  assert.deepEqual(
    reads.map(one => one.attributes['http.client.response.read.size']),
    Array(4).fill('{"found":1}'.length)
  )
})

/** Calls a gateway with a script once, and returns its spans. */
async function spansOf(t: TestContext, pre: string, more: { readonly root?: object; readonly extra?: object } = {}) {
  const upstream = await upstreamOf(t)
  const extra = { 'modifier/lua-proxy': { pre }, ...more.extra }
  const { gateway, origin, receiver } = await openTraced(t, [endpoint('/x', upstream, { extra })], more)
  const status = await get(`${origin}/x`)
  await gateway.close({ graceMs: 5_000 })
  return { status, spans: receiver.spans }
}

test('what becomes of a call of a script: failures, redirects, bodies that are not read', async t => {
  const { origin: other } = await startOther(t, (req, res) => {
    if (req.url === '/fails') res.writeHead(503).end('no')
    else if (req.url === '/missing') res.writeHead(404).end('no')
    else if (req.url === '/moved') res.writeHead(302, { Location: '/there' }).end()
    else if (req.url === '/loop') res.writeHead(302, { Location: '/loop' }).end()
    else if (req.url === '/cut') res.writeHead(200, { 'Content-Length': '9' }).write('half', () => res.destroy())
    else if (req.url === '/reset') res.destroy()
    else res.end('there')
  })
  const linesOf = async (pre: string): Promise<string[]> => {
    const { spans } = await spansOf(t, pre)
    treeOf(spans)
    return callsIn(spans).map(lineOf).sort()
  }
  const [client, read] = CALLED.map(line => line.trim())
  assert.deepEqual(await linesOf(ask(`${other}/fails`)), ['client GET: error, 503', read])
  assert.deepEqual(await linesOf(ask(`${other}/missing`)), ['client GET: ok, 404', read])
  assert.deepEqual(await linesOf(ask(`${other}/moved`)), [client, read])
  assert.deepEqual(await linesOf(`http_response.new('${other}/there')`), [client])
  assert.deepEqual(await linesOf(ask(`${other}/cut`)), [client, 'internal read: error, SLUICE_ERR_UPSTREAM_RESET'])
  assert.deepEqual(await linesOf(ask(`${other}/reset`)), ['client GET: error, SLUICE_ERR_UPSTREAM_RESET'])
  assert.deepEqual(await linesOf(ask(`${other}/loop`)), ['client GET: error, SLUICE_ERR_UPSTREAM_REDIRECT'])
  assert.deepEqual(await linesOf(ask('http://127.0.0.1:1/')), ['client GET: error, SLUICE_ERR_UPSTREAM_CONNECT'])
})

test('names are few: methods that no convention knows are HTTP, and the attribute tells them', async t => {
  const { origin: other } = await startOther(t)
  const call = (method: string): string => `http_response.new('${other}', '${method}', 'body'):close()`
  const { spans } = await spansOf(t, ['POST', 'X-ODD', 'POST'].map(call).join(';'))
  const calls = namedCalls(spans)
  assert.deepEqual(calls.map(one => one.name).sort(), ['HTTP', 'POST', 'POST'])
  assert.deepEqual(calls.map(one => one.attributes['http.request.method']).sort(), ['POST', 'POST', 'X-ODD'])
  assert.deepEqual(
    calls.map(one => one.attributes['http.request.body.size']),
    [4, 4, 4]
  )
})

test('the options of the backend layer count: what is not recorded of calls has its context from the span around it', async t => {
  const { origin: other, contexts } = await startOther(t)
  const layer = (traces: object) => ({ extra: { 'telemetry/opentelemetry': { backend: { traces } } } })
  const stage = await spansOf(t, ask(`${other}/stage`), layer({}))
  const script = stage.spans.find(one => one.name === 'modifier/lua-proxy')!
  assert.deepEqual(callsIn(stage.spans), [])
  assert.equal(contexts.get('/stage'), `00-${script.traceId}-${script.spanId}-01`)
  const round = await spansOf(
    t,
    ask(`${other}/round`),
    layer({ round_trip: true, report_headers: true, static_attributes: [{ key: 'team', value: 'a' }] })
  )
  const [call, ...others] = callsIn(round.spans)
  assert.deepEqual(others, [])
  const { attributes } = call!
  assert.equal(attributes.team, 'a')
  assert.deepEqual(attributes['http.request.header.user-agent'], [attributes['user_agent.original']])
  assert.deepEqual(attributes['http.response.header.content-length'], ['11'])
  assert.equal(attributes['get-conn-duration'], undefined)
})

test('of an exchange that is not recorded nothing is, and the server gets what the script sent', async t => {
  const { origin: other, contexts } = await startOther(t)
  const upstream = await upstreamOf(t)
  const declined = { 'telemetry/opentelemetry': { exporters_override: { trace_sample_rate: 0 } } }
  const pre = `http_response.new('${other}/x', 'GET', '', { ['X-A'] = 'b' }):close()`
  const extra = { 'modifier/lua-proxy': { pre }, ...declined }
  const { gateway, origin, receiver } = await openTraced(t, [endpoint('/x', upstream, { extra })])
  assert.equal(await get(`${origin}/x`), 200)
  await gateway.close({ graceMs: 5_000 })
  assert.deepEqual(receiver.spans, [])
  assert.deepEqual([...contexts], [['/x', undefined]])
})

for (const recorded of [true, false]) {
  test(`calls of a stage of the service wait for what the endpoint decides: ${recorded ? 'recorded' : 'declined'}`, async t => {
    const { origin: other } = await startOther(t)
    const upstream = await upstreamOf(t)
    const override = { exporters_override: { trace_sample_rate: recorded ? 1 : 0 } }
    const one = endpoint('/x', upstream, { extra: { 'telemetry/opentelemetry': override } })
    const service = { 'modifier/lua-endpoint': { pre: ask(`${other}/x`), allow_open_libs: true } }
    const { gateway, origin, receiver } = await openTraced(t, [one], { root: { extra_config: service } })
    assert.equal(await get(`${origin}/x`), 200)
    await gateway.close({ graceMs: 5_000 })
    const lines = receiver.spans.length === 0 ? [] : treeOf(receiver.spans).slice(0, 4)
    const expected = ['server /x: ok, 200', '  internal modifier/lua-endpoint: unset', ...below('    ', CALLED)]
    assert.deepEqual(lines, recorded ? expected : [])
  })
}

test('a JavaScript plugin: fetch, and calls by any client', async t => {
  const { origin: other, contexts } = await startOther(t)
  const seen: (OwnCall | undefined)[] = []
  const { gateway, origin, receiver } = await openTraced(t, [endpoint('/x', await upstreamOf(t), { extra: CALLS })], {
    plugins: [
      plugin(async request => {
        const response = await tracedFetch(request, `${other}/fetched`, { method: 'post', body: 'äb', headers: { 'X-A': '1' } })
        assert.deepEqual(await response.json(), { found: 1 })
        assert.equal(response.url, `${other}/fetched`)
        await assert.rejects(tracedFetch(request, `http://127.0.0.1:${await freePort()}/refused`))
        const call = traceCall(request, { method: 'GET', url: `${other}/own`, fields: ['Traceparent', 'x'], name: 'prices' })
        seen.push(call)
        call!.answered(200, ['Content-Length', '3'])
        call!.received(1)
        call!.received(2)
        call!.ended()
        call!.ended(new Error('too late'))
      })
    ]
  })
  assert.equal(await get(`${origin}/x`), 200)
  await gateway.close({ graceMs: 5_000 })
  const { spans } = receiver
  treeOf(spans)
  assert.deepEqual(callsIn(spans).map(lineOf).sort(), [
    'client GET: error, SLUICE_ERR_UPSTREAM_CONNECT',
    'client POST: ok, 200',
    'client prices: ok, 200',
    'internal read: ok'
  ])
  const posted = spans.find(one => one.name === 'POST')!
  assert.equal(contexts.get('/fetched'), `00-${posted.traceId}-${posted.spanId}-01`)
  assert.equal(posted.attributes['http.request.body.size'], 3)
  const own = spans.find(one => one.name === 'prices')!
  assert.deepEqual(seen[0]!.fields, ['Traceparent', `00-${own.traceId}-${own.spanId}-01`])
  const read = spans.find(one => one.parentId === own.spanId)!
  assert.equal(read.attributes['http.client.response.read.size'], 3)
})

test('of a path that is left out a call is fetch as it is', async t => {
  const { origin: other, contexts } = await startOther(t)
  const { gateway, origin, receiver } = await openTraced(t, [endpoint('/x', await upstreamOf(t), { extra: CALLS })], {
    telemetry: { skip_paths: ['/x'] },
    plugins: [
      plugin(async request => {
        assert.equal(traceCall(request, { method: 'GET', url: other }), undefined)
        await (await tracedFetch(request, new URL(`${other}/plain`), { headers: { Traceparent: 'mine' } })).text()
      })
    ]
  })
  assert.equal(await get(`${origin}/x`), 200)
  await gateway.close({ graceMs: 5_000 })
  assert.deepEqual(receiver.spans, [])
  assert.deepEqual([...contexts], [['/plain', 'mine']])
})
