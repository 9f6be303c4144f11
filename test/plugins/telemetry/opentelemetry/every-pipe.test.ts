/** Spans of all kinds of pipes and ends: which there are, how they end, how they hang together; exemplars and log lines of the same traces. */

import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { PluginModule } from '../../../../src/plugin/index.js'
import { passTime } from '../../../support/time.js'
import { once } from '../../../support/waiting.js'
import { endpoint, NOWHERE, startUpstream } from '../../scripted-upstream.js'
import { get, openTraced, SERVER, treeOf } from './trees.js'

const answer: RequestListener = (req, res) => {
  if (req.url === '/cut') {
    res.writeHead(200, { 'Content-Length': '100' })
    res.write('begin')
    setTimeout(() => res.destroy(), 20)
  } else if (req.url === '/moved') res.writeHead(302, { Location: '/there' }).end()
  else if (req.url === '/denied') res.writeHead(403).end('{"no":1}')
  else if (req.url === '/slow') void passTime(60_000)
  else if (req.url === '/cached') res.setHeader('Cache-Control', 'max-age=60').end('{"ok":true}')
  else res.end('{"ok":true}')
}

const pass: PluginModule = {
  HandlerRegisterer: {
    registerHandlers(register) {
      register('pass', (_context, _extra, next) => request => next(request))
    }
  }
}

const opened = (t: TestContext, endpoints: object[], root: object = {}) => openTraced(t, endpoints, { root, plugins: [pass] })

const twice = async (origin: string): Promise<void> => {
  await get(`${origin}/x`)
  await get(`${origin}/x`)
}

interface Case {
  readonly title: string
  readonly endpoint: (upstream: string) => object
  readonly ask?: (origin: string) => Promise<unknown>
  readonly tree: readonly string[]
}

/** A backend that says 403, and the only or the first one. */
const DENIED = [
  'server /x: error, 500, SLUICE_ERR_UPSTREAM_STATUS',
  '  internal /x: error, 500, SLUICE_ERR_UPSTREAM_STATUS',
  '    internal /denied: error, 500, SLUICE_ERR_UPSTREAM_STATUS',
  '      client /denied: ok, 403',
  '        internal read: ok'
]

const CASES: readonly Case[] = [
  {
    title: 'pass-through',
    endpoint: host => endpoint('/x', host, { output_encoding: 'no-op' }),
    tree: [
      'server /x: ok, 200',
      '  internal /x: unset, 200',
      '    internal /up: unset, 200',
      '      client /up: ok, 200',
      '        internal read: ok'
    ]
  },
  {
    title: 'pass-through with a plugin',
    endpoint: host => endpoint('/x', host, { output_encoding: 'no-op', extra: { 'plugin/http-server': { name: 'pass' } } }),
    tree: [
      'server /x: ok, 200',
      '  internal plugin/http-server: pass: unset',
      '    internal /x: unset, 200',
      '      internal /up: unset, 200',
      '        client /up: ok, 200',
      '          internal read: ok'
    ]
  },
  {
    title: 'a merge that lacks a part',
    endpoint: host => ({
      endpoint: '/x',
      backend: [
        { host: [host], url_pattern: '/a' },
        { host: [NOWHERE], url_pattern: '/b' }
      ]
    }),
    tree: [
      'server /x: ok, 200, SLUICE_ERR_UPSTREAM_MERGE',
      '  internal /x: error, 500, SLUICE_ERR_UPSTREAM_MERGE',
      '    internal /a: unset, 0',
      '      client /a: ok, 200',
      '        internal read: ok',
      '    internal /b: error, 500, SLUICE_ERR_UPSTREAM_CONNECT',
      '      client /b: error, SLUICE_ERR_UPSTREAM_CONNECT'
    ]
  },
  {
    title: 'concurrent calls',
    endpoint: host => endpoint('/x', host, { concurrent_calls: 2 }),
    tree: [
      'server /x: ok, 200',
      '  internal /x: unset, 0',
      '    internal /up: unset, 0',
      '      client /up: ok, 200',
      '        internal read: ok',
      '    internal /up: unset, 500, SLUICE_ERR_CLIENT_ABORTED',
      '      client /up: error, SLUICE_ERR_CLIENT_ABORTED'
    ]
  },
  {
    title: 'an answer out of the cache',
    endpoint: host => endpoint('/x', host, { url: '/cached', backendExtra: { 'qos/http-cache': {} } }),
    ask: twice,
    tree: [
      'server /x: ok, 200',
      '  internal /x: unset, 0',
      '    internal /cached: unset, 0',
      '      internal qos/http-cache: unset'
    ]
  },
  {
    title: 'a shadow backend',
    endpoint: host => ({
      endpoint: '/x',
      backend: [
        { host: [host], url_pattern: '/a' },
        { host: [host], url_pattern: '/shadow', extra_config: { proxy: { shadow: true } } }
      ]
    }),
    tree: [
      'server /x: ok, 200',
      '  internal /x: unset, 0',
      '    internal /a: unset, 0',
      '      client /a: ok, 200',
      '        internal read: ok',
      '    internal /shadow: unset, 0',
      '      client /shadow: ok, 200',
      '        internal read: ok'
    ]
  },
  {
    title: 'static data alone',
    endpoint: () => endpoint('/x', NOWHERE, { extra: { proxy: { static: { strategy: 'always', data: { a: 1 } } } } }),
    tree: [
      'server /x: ok, 200, SLUICE_ERR_UPSTREAM_CONNECT',
      '  internal /x: error, 500, SLUICE_ERR_UPSTREAM_CONNECT',
      '    internal /up: error, 500, SLUICE_ERR_UPSTREAM_CONNECT',
      '      client /up: error, SLUICE_ERR_UPSTREAM_CONNECT'
    ]
  },
  {
    title: 'refused by a stage of the router',
    endpoint: host => endpoint('/x', host, { extra: { 'qos/ratelimit/router': { max_rate: 0.001, capacity: 1 } } }),
    ask: twice,
    tree: ['server /x: error, 503', '  internal qos/ratelimit/router: unset']
  },
  {
    title: 'a pass-through answer that is cut',
    endpoint: host => endpoint('/x', host, { output_encoding: 'no-op', url: '/cut' }),
    tree: [
      'server /x: error, 200, SLUICE_ERR_UPSTREAM_RESET',
      '  internal /x: error, 200, SLUICE_ERR_UPSTREAM_RESET',
      '    internal /cut: error, 200, SLUICE_ERR_UPSTREAM_RESET',
      '      client /cut: ok, 200',
      '        internal read: error, SLUICE_ERR_UPSTREAM_RESET'
    ]
  },
  {
    title: 'a merged answer that is cut',
    endpoint: host => endpoint('/x', host, { url: '/cut' }),
    tree: [
      'server /x: error, 500, SLUICE_ERR_UPSTREAM_RESET',
      '  internal /x: error, 500, SLUICE_ERR_UPSTREAM_RESET',
      '    internal /cut: error, 500, SLUICE_ERR_UPSTREAM_RESET',
      '      client /cut: ok, 200',
      '        internal read: error, SLUICE_ERR_UPSTREAM_RESET'
    ]
  },
  {
    title: 'a redirect that is followed is one call',
    endpoint: host => endpoint('/x', host, { url: '/moved' }),
    tree: [
      'server /x: ok, 200',
      '  internal /x: unset, 0',
      '    internal /moved: unset, 0',
      '      client /moved: ok, 200',
      '        internal read: ok'
    ]
  },
  {
    title: 'a status that is no success',
    endpoint: host => endpoint('/x', host, { url: '/denied' }),
    tree: DENIED
  },
  {
    title: 'a timeout',
    endpoint: host => endpoint('/x', host, { url: '/slow', timeout: '60s' }),
    tree: [
      'server /x: error, 500, SLUICE_ERR_UPSTREAM_TIMEOUT',
      '  internal /x: error, 500, SLUICE_ERR_UPSTREAM_TIMEOUT',
      '    internal /slow: error, 500, SLUICE_ERR_UPSTREAM_TIMEOUT',
      '      client /slow: error, SLUICE_ERR_UPSTREAM_TIMEOUT'
    ]
  },
  {
    title: 'a chain whose first call fails',
    endpoint: host => ({
      endpoint: '/x',
      backend: [
        { host: [host], url_pattern: '/denied' },
        { host: [host], url_pattern: '/b/{resp0_id}' }
      ],
      extra_config: { proxy: { sequential: true } }
    }),
    tree: DENIED
  },
  {
    title: 'nothing listens',
    endpoint: () => endpoint('/x', NOWHERE, { output_encoding: 'no-op' }),
    tree: [
      'server /x: error, 500, SLUICE_ERR_UPSTREAM_CONNECT',
      '  internal /x: error, 500, SLUICE_ERR_UPSTREAM_CONNECT',
      '    internal /up: error, 500, SLUICE_ERR_UPSTREAM_CONNECT',
      '      client /up: error, SLUICE_ERR_UPSTREAM_CONNECT'
    ]
  }
]

for (const { title, endpoint: make, ask, tree } of CASES) {
  test(`spans: ${title}`, async t => {
    const upstream = await startUpstream(t, answer)
    const { origin, gateway, receiver, log } = await opened(t, [make(upstream)])
    await (ask ?? (async at => get(`${at}/x`)))(origin)
    await gateway.close({ graceMs: 5_000 })
    const { spans } = receiver
    const server = spans.filter(one => one.kind === SERVER).sort((a, b) => a.start - b.start)
    const last = server.at(-1)!
    assert.deepEqual(treeOf(spans.filter(one => one.traceId === last.traceId)), tree)
    assert.deepEqual(
      last.events.map(one => one.name),
      ['first-byte-time']
    )
    assert.ok(last.events[0]!.time >= last.start && last.events[0]!.time <= last.end)
    const exemplars = (name: string): string[] =>
      (receiver.metrics.get(name)?.points ?? []).flatMap(point => point.exemplars.map(one => one.traceId))
    const traces = new Set(server.map(one => one.traceId))
    for (const name of receiver.metrics.keys()) for (const id of exemplars(name)) assert.ok(traces.has(id), name)
    assert.notDeepEqual(exemplars('http.server.duration'), [])
    if (tree.some(line => line.includes('client'))) {
      for (const name of ['krakend.proxy.duration', 'krakend.backend.duration', 'http.client.duration'])
        assert.notDeepEqual(exemplars(name), [], name)
    }
    const failed = last.attributes['error.type']
    if (failed !== undefined) assert.match(log.text, new RegExp(`trace_id=${last.traceId}`))
  })
}

test('spans: a connection that its upstream had closed: the second attempt is the same call', async t => {
  // the second request of a connection finds it closed
  const upstream = createServer(socket => {
    let asked = 0
    socket.on('error', () => {})
    socket.on('data', () => {
      if (asked++ === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      else socket.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.after(() => upstream.close())
  const host = `http://127.0.0.1:${(upstream.address() as { port: number }).port}`
  const { origin, gateway, receiver } = await opened(t, [endpoint('/x', host, { output_encoding: 'no-op' })])
  await twice(origin)
  await gateway.close({ graceMs: 5_000 })
  const servers = receiver.spans.filter(one => one.kind === SERVER)
  assert.equal(servers.length, 2)
  for (const { traceId } of servers) {
    assert.deepEqual(treeOf(receiver.spans.filter(one => one.traceId === traceId)), [
      'server /x: ok, 200',
      '  internal /x: unset, 200',
      '    internal /up: unset, 200',
      '      client /up: ok, 200',
      '        internal read: ok'
    ])
  }
})

test('spans: a client over HTTP/2', async t => {
  const upstream = await startUpstream(t, answer)
  const { port, gateway, receiver } = await opened(t, [endpoint('/x', upstream)], { use_h2c: true })
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  const stream = session.request({ ':path': '/x' })
  stream.resume()
  await once(stream, 'close')
  session.close()
  await gateway.close({ graceMs: 5_000 })
  assert.deepEqual(treeOf(receiver.spans), [
    'server /x: ok, 200',
    '  internal /x: unset, 0',
    '    internal /up: unset, 0',
    '      client /up: ok, 200',
    '        internal read: ok'
  ])
  assert.equal(receiver.spans.find(one => one.kind === SERVER)!.attributes['server.address'], `127.0.0.1:${port}`)
})

test('spans: a tunnel', async t => {
  const upstream = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello'))
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.after(() => upstream.close())
  const host = `http://127.0.0.1:${(upstream.address() as { port: number }).port}`
  const endpoints = [endpoint('/x', host, { output_encoding: 'no-op', input_headers: ['*'] })]
  const { port, gateway, receiver } = await opened(t, endpoints)
  const client = connect(port, '127.0.0.1')
  t.after(() => client.destroy())
  client.write('GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n')
  let got = ''
  client.on('data', part => {
    got += part.toString('latin1')
  })
  await once(client, 'close')
  assert.match(got, /^HTTP\/1.1 101 [\s\S]*hello$/)
  await gateway.close({ graceMs: 5_000 })
  assert.deepEqual(treeOf(receiver.spans), [
    'server /x: ok, 101',
    '  internal /x: unset, 101',
    '    internal /up: unset, 101',
    '      client /up: ok, 101'
  ])
})
