/** Spans of chains of many parts, over more than one gateway, and of exchanges that are ended from outside: one tree, and no span stays open. */

import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { ConfigInput } from '../../../../src/config/input.js'
import type { PluginModule } from '../../../../src/plugin/index.js'
import { startReceiver } from '../../../support/otlp-receiver.js'
import { passTime } from '../../../support/time.js'
import { deferred, fetch, until, within } from '../../../support/waiting.js'
import { endpoint, startUpstream } from '../../scripted-upstream.js'
import { get, lineOf, openTraced, SERVER, treeOf } from './trees.js'

const service: PluginModule = {
  HandlerRegisterer: {
    registerHandlers(register) {
      register('around', (_context, _extra, next) => request => next(request))
    }
  }
}
const AROUND = { 'plugin/http-server': { name: ['around'] } }

/** `/a` to `/c` answer, `/broken` does not. */
const answer: RequestListener = (req, res) => {
  if (req.url === '/broken') res.writeHead(502).end('{"no":1}')
  else res.end(JSON.stringify({ [req.url!.slice(1)]: 1 }))
}

const backend = (host: string, url_pattern: string, extra_config: object = {}) => ({ host: [host], url_pattern, extra_config })

/** The lines of one gateway's answer to a call, four deep. */
const CALL = (pattern: string, indent: string): string[] => [
  `${indent}internal ${pattern}: unset, 0`,
  `${indent}  client ${pattern}: ok, 200`,
  `${indent}    internal read: ok`
]

for (const sequential of [false, true]) {
  const order = sequential ? 'one after the other' : 'at once'
  test(`a plugin of the service, a script that calls another gateway, and three backends ${order} are one tree`, async t => {
    const upstream = await startUpstream(t, answer)
    const inner = await openTraced(t, [endpoint('/lookup', upstream, { output_encoding: 'no-op', url: '/a' })])
    const { receiver } = inner
    const pre = `local r = http_response.new('${inner.origin}/lookup'); request.load():headers('X-Found', r:statusCode()); r:close()`
    const outer = await openTraced(
      t,
      [
        {
          endpoint: '/x',
          backend: ['/a', '/b', '/c'].map(pattern => backend(upstream, pattern)),
          extra_config: { 'modifier/lua-proxy': { pre }, ...(sequential ? { proxy: { sequential: true } } : {}) }
        }
      ],
      { root: { extra_config: AROUND }, plugins: [service], receiver }
    )
    assert.equal(await get(`${outer.origin}/x`), 200)
    await outer.gateway.close({ graceMs: 5_000 })
    await inner.gateway.close({ graceMs: 5_000 })
    assert.deepEqual(treeOf(receiver.spans), [
      'server /x: ok, 200',
      '  internal plugin/http-server: around: unset',
      '    internal /x: unset, 0',
      '      internal modifier/lua-proxy: unset',
      '        client GET: ok, 200',
      '          server /lookup: ok, 200',
      '            internal /lookup: unset, 200',
      '              internal /a: unset, 200',
      '                client /a: ok, 200',
      '                  internal read: ok',
      ...CALL('/a', '        '),
      ...CALL('/b', '        '),
      ...CALL('/c', '        ')
    ])
  })
}

test('a breaker that opens: the call that failed, and the refusal that made none, say why', async t => {
  const upstream = await startUpstream(t, answer)
  const breaker = { 'qos/circuit-breaker': { interval: 60, timeout: 60, max_errors: 1, log_status_change: false } }
  const { origin, gateway, receiver } = await openTraced(t, [
    { endpoint: '/x', backend: [backend(upstream, '/a'), backend(upstream, '/broken', breaker)] }
  ])
  for (let i = 0; i < 3; i++) assert.equal(await get(`${origin}/x`), 200)
  await gateway.close({ graceMs: 5_000 })
  const servers = receiver.spans.filter(one => one.kind === SERVER).sort((a, b) => a.start - b.start)
  const trees = servers.map(({ traceId }) => treeOf(receiver.spans.filter(one => one.traceId === traceId)))
  const merge = ['server /x: ok, 200, SLUICE_ERR_UPSTREAM_MERGE', '  internal /x: error, 500, SLUICE_ERR_UPSTREAM_MERGE']
  assert.deepEqual(trees[0], [
    ...merge,
    ...CALL('/a', '    '),
    '    internal /broken: error, 500, SLUICE_ERR_UPSTREAM_STATUS',
    '      internal qos/circuit-breaker: error, SLUICE_ERR_UPSTREAM_STATUS',
    '        client /broken: error, 502',
    '          internal read: ok'
  ])
  assert.deepEqual(trees[2], [
    ...merge,
    ...CALL('/a', '    '),
    '    internal /broken: error, 500, SLUICE_ERR_UPSTREAM_LIMITED',
    '      internal qos/circuit-breaker: error, SLUICE_ERR_UPSTREAM_LIMITED'
  ])
})

/** An upstream whose responses begin and do not end, or do not begin. */
const stuck: RequestListener = (req, res) => {
  if (req.url === '/begun') res.writeHead(200, { 'Content-Length': '100' }).write('begin')
}

/** What ends exchanges that are under way, and what their spans say then. */
const ENDS: readonly {
  readonly title: string
  readonly url: string
  readonly end?: (gateway: Awaited<ReturnType<typeof openTraced>>, leave: () => void) => unknown
  readonly server: RegExp
}[] = [
  {
    title: 'the client leaves before the response',
    url: '/never',
    end: (_, leave) => leave(),
    server: /499, SLUICE_ERR_CLIENT_ABORTED$/
  },
  {
    title: 'the client leaves in the middle of it',
    url: '/begun',
    end: (_, leave) => leave(),
    server: /SLUICE_ERR_CLIENT_ABORTED$/
  },
  {
    title: 'the deadline of the endpoint',
    url: '/never',
    end: () => passTime(60_000),
    server: /error, 500, SLUICE_ERR_UPSTREAM_TIMEOUT$/
  },
  { title: 'the gateway stops', url: '/never', end: ({ gateway }) => gateway.close({ graceMs: 50 }), server: /SLUICE_ERR_\w+$/ },
  {
    title: 'the gateway stops in the middle of a response',
    url: '/begun',
    end: ({ gateway }) => gateway.close({ graceMs: 50 }),
    server: /SLUICE_ERR_\w+$/
  }
]

for (const output_encoding of ['no-op', 'json']) {
  for (const { title, url, end, server } of ENDS) {
    test(`no span stays open: ${title}, ${output_encoding}`, async t => {
      const asked = deferred<void>('the request at the upstream')
      const upstream = await startUpstream(t, (req, res) => {
        stuck(req, res)
        asked.resolve()
      })
      const extra = { 'plugin/http-server': { name: 'around' } }
      const one = endpoint('/x', upstream, { output_encoding, url, extra })
      const traced = await openTraced(t, [one], { plugins: [service] })
      const client = connect(traced.port, '127.0.0.1')
      t.after(() => client.destroy())
      client.on('error', () => {})
      client.resume()
      client.write('GET /x HTTP/1.1\r\nHost: x\r\n\r\n')
      await asked.promise
      await end?.(traced, () => client.destroy())
      const { receiver } = traced
      await until(() => receiver.spans.some(span => span.kind === SERVER), 'the span of the exchange')
      await traced.gateway.close({ graceMs: 5_000 })
      const tree = treeOf(receiver.spans)
      assert.equal(receiver.spans.length, url === '/begun' ? 6 : 5, tree.join('\n'))
      assert.match(tree[0]!, server)
    })
  }
}

test('an exchange that a reload overtakes ends in one tree, by the configuration that it began with', async t => {
  const arrived = deferred<() => void>('the request at the upstream')
  const upstream = await startUpstream(t, (_, res) => arrived.resolve(() => res.end('{"late":1}')))
  const receiver = await startReceiver(t)
  const traced = await openTraced(t, [endpoint('/x', upstream)], { receiver })
  const response = fetch(`${traced.origin}/x`)
  const finish = await arrived.promise
  const root = { version: 3, listen_ip: '127.0.0.1', timeout: '30s' }
  await traced.gateway.reload({ ...root, ...traced.config, endpoints: [endpoint('/y', upstream)] } as object as ConfigInput)
  finish()
  assert.equal((await within('the response', response)).status, 200)
  await traced.gateway.close({ graceMs: 5_000 })
  assert.deepEqual(treeOf(receiver.spans), ['server /x: ok, 200', '  internal /x: unset, 0', ...CALL('/up', '    ')])
  assert.deepEqual(receiver.spans.filter(one => one.kind === SERVER).map(lineOf), ['server /x: ok, 200'])
})
