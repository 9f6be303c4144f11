/** Traces of calls that Go plugins make: the server that is called goes on with the trace, and the call has a span below the plugin's. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startUpstream } from '../../plugins/scripted-upstream.js'
import { treeOf } from '../../plugins/telemetry/opentelemetry/trees.js'
import { startReceiver } from '../../support/otlp-receiver.js'
import { fetch, until } from '../../support/waiting.js'
import { echoUpstream, endpointsOf, type GoEndpoint, needsGo, openWithGo } from './go-fixtures.js'

/** A server that plugins call; it notes the contexts that it was sent. */
async function startOther(t: TestContext) {
  const contexts: string[] = []
  const origin = await startUpstream(t, (req, res) => {
    contexts.push(String(req.headers.traceparent))
    if (req.url === '/redirects') res.writeHead(302, { Location: '/there' }).end()
    else res.end('there')
  })
  return { origin, contexts }
}

/** Opens a gateway that records `rate` of its exchanges. */
async function openTraced(t: TestContext, endpoints: readonly GoEndpoint[], rate = 1) {
  const receiver = await startReceiver(t)
  const otlp = { name: 'local', host: '127.0.0.1', port: receiver.port, use_http: true }
  const telemetry = { 'telemetry/opentelemetry': { trace_sample_rate: rate, exporters: { otlp: [otlp] } } }
  const up = await echoUpstream(t)
  const opened = await openWithGo(t, endpointsOf(up.host, endpoints), { root: { extra_config: telemetry } })
  return { ...opened, receiver }
}

const CALL = ['client GET: ok, 200', '  internal read: ok']

test('with the context of the request and without one: both calls are below the client plugin', needsGo, async t => {
  const { origin: other, contexts } = await startOther(t)
  const { origin, gateway, receiver } = await openTraced(t, [{ path: '/asks', client: 'asks-twice' }])
  const response = await fetch(`${origin}/asks`, { headers: { 'X-To': other } })
  assert.equal(await response.text(), '200 false there <nil>')
  await gateway.close({ graceMs: 5_000 })
  const { spans } = receiver
  assert.deepEqual(treeOf(spans), [
    'server /asks: ok, 200',
    '  internal /asks: unset, 200',
    '    internal /echo: unset, 200',
    '      internal plugin/http-client: asks-twice: unset',
    ...[...CALL, ...CALL].map(line => `        ${line}`)
  ])
  const calls = spans.filter(one => one.name === 'GET')
  assert.deepEqual(contexts.sort(), calls.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`).sort())
  for (const { attributes } of calls) {
    assert.equal(attributes['url.full'], `${other}/`)
    assert.equal(attributes['krakend.stage'], 'component-request')
    assert.equal(attributes['krakend.endpoint.route'], '/asks')
    assert.equal(attributes['user_agent.original'], 'Go-http-client/1.1')
  }
})

test(
  'calls of a server plugin before and after next, of many requests at once, are below its span in their own tree',
  needsGo,
  async t => {
    const { origin: other } = await startOther(t)
    const { origin, gateway, receiver } = await openTraced(t, [{ path: '/asks', server: 'asks-around' }])
    const ask = async (): Promise<void> => {
      await (await fetch(`${origin}/asks`, { headers: { 'X-To': other } })).arrayBuffer()
    }
    await Promise.all(Array.from({ length: 20 }, ask))
    // the plugin may call after its client has the whole response: no exchange is open then that the gateway would wait for
    await until(() => receiver.spans.filter(one => one.name === 'GET').length === 40, 'the spans of 40 calls')
    await gateway.close({ graceMs: 5_000 })
    const traces = new Set(receiver.spans.map(one => one.traceId))
    assert.equal(traces.size, 20)
    for (const traceId of traces) {
      const spans = receiver.spans.filter(one => one.traceId === traceId)
      assert.deepEqual(treeOf(spans), [
        'server /asks: ok, 200',
        '  internal plugin/http-server: asks-around: unset',
        ...[...CALL, ...CALL].map(line => `    ${line}`),
        '    internal /asks: unset, 200',
        '      internal /echo: unset, 200',
        '        client /echo: ok, 200',
        '          internal read: ok'
      ])
      const paths = spans.filter(one => one.name === 'GET').map(one => String(one.attributes['url.full']).slice(other.length))
      assert.deepEqual(paths.sort(), ['/after', '/before'])
    }
  }
)

test('each hop of a redirect is a call, as in Go; what is not recorded has no context of its own', needsGo, async t => {
  const { origin: other, contexts } = await startOther(t)
  const endpoints = [{ path: '/asks', client: 'counts-redirects' }]
  const traced = await openTraced(t, endpoints)
  const ask = async (origin: string): Promise<string> =>
    (await fetch(`${origin}/asks`, { headers: { 'X-To': `${other}/redirects` } })).text()
  assert.match(await ask(traced.origin), /hops 1$/)
  await traced.gateway.close({ graceMs: 5_000 })
  const statuses = traced.receiver.spans.filter(one => one.name === 'GET').map(one => one.attributes['http.response.status_code'])
  assert.deepEqual(statuses.sort(), [200, 302])
  treeOf(traced.receiver.spans)
  contexts.length = 0
  const untraced = await openTraced(t, endpoints, 0)
  assert.match(await ask(untraced.origin), /hops 1$/)
  await untraced.gateway.close({ graceMs: 5_000 })
  assert.deepEqual([untraced.receiver.spans, contexts], [[], ['undefined', 'undefined']])
})
