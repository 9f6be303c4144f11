/** The gateway as a library: hooks, encodings, plugins in code, in-process requests, a server of one's own, closing. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { type ConfigInput, createGateway, type GatewayOptions, type Handler, type Wrap } from '../../src/index.js'
import { GatewayResponse, type PluginModule } from '../../src/plugin/index.js'
import { RawClient } from '../server/raw-client.js'
import { ask, begin } from '../support/client.js'
import { KeptLines, openGateway } from '../support/open-gateway.js'
import { openStreamingUpstream, openUpstream, sendJson } from '../support/upstream.js'
import { deferred, LIMIT_MS, once, until } from '../support/waiting.js'

const configFor = (host: string): ConfigInput => ({
  version: 3,
  host: [host],
  timeout: '60s',
  max_shutdown_wait_time: '60s',
  endpoints: [
    { endpoint: '/bytes/{id}', output_encoding: 'no-op', input_headers: ['*'], backend: [{ url_pattern: '/b/{id}' }] },
    { endpoint: '/json', backend: [{ url_pattern: '/j', group: 'g' }] },
    { endpoint: '/merge', backend: [{ url_pattern: '/1' }, { url_pattern: '/2' }] },
    { endpoint: '/up', method: 'POST', output_encoding: 'no-op', backend: [{ url_pattern: '/up' }] }
  ]
})

/** A wrap that marks what passes in both directions. */
const marking =
  (name: string): Wrap =>
  next =>
  async request => {
    request.headers.append('X-Path', name)
    const response = await next(request)
    response.headers.append('X-Way', name)
    return response
  }

test('wraps stand outside one another: service, endpoint, backend', async t => {
  const upstream = await openUpstream(t, (req, res) => sendJson(res, { path: req.headers['x-path'] ?? null }))
  const built: string[] = []
  const { port } = await openGateway(t, configFor(upstream.origin), {
    wrapService: marking('service'),
    wrapEndpoint: endpoint => {
      built.push(endpoint.path)
      return endpoint.path.startsWith('/bytes') ? marking('endpoint') : undefined
    },
    wrapBackend: (backend, endpoint) => {
      built.push(`${endpoint.path} ${backend.urlPattern}`)
      return backend.urlPattern.startsWith('/b') ? marking('backend') : undefined
    }
  })
  const got = await ask(port, '/bytes/1')
  assert.deepEqual(got.json(), { path: 'service, endpoint, backend' })
  assert.deepEqual(got.all('x-way'), ['backend', 'endpoint', 'service'])
  assert.ok(built.includes('/merge /2'))
  assert.deepEqual((await ask(port, '/json')).all('x-way'), ['service'])
})

test('a wrap may answer for a backend: there need be none', async t => {
  const { port } = await openGateway(t, configFor('http://127.0.0.1:11'), {
    wrapBackend: backend => () => async request => {
      if (backend.urlPattern === '/2') throw new Error('broken on purpose')
      return GatewayResponse.json({ from: backend.urlPattern, path: request.path })
    }
  })
  assert.deepEqual((await ask(port, '/bytes/a%20b')).json(), { from: '/b/{id}', path: '/b/a%20b' })
  assert.deepEqual((await ask(port, '/json')).json(), { g: { from: '/j', path: '/j' } })
  const merged = await ask(port, '/merge')
  assert.deepEqual([merged.json(), merged.headers['x-krakend-completed']], [{ from: '/1', path: '/1' }, 'false'])
})

test('a service wrap may answer before any route, stream, and change an upload', async t => {
  const upstream = await openUpstream(t, (req, res) => void res.end(`heard ${req.body}`))
  const { port } = await openGateway(t, configFor(upstream.origin), {
    wrapService: next => async request => {
      if (request.routePath === '/own') return GatewayResponse.text('mine', { status: 202, headers: { 'X-Own': '1' } })
      if (request.routePath === '/stream') return GatewayResponse.stream(Readable.from(['one,', 'two']))
      if (request.method === 'POST') request.body.set(`<${await request.body.text()}>`)
      const response = await next(request)
      if (response.status === 404) return GatewayResponse.json({ nothing: request.path }, 404)
      return response
    }
  })
  const own = await ask(port, '/own')
  assert.deepEqual([own.status, own.headers['x-own'], own.text], [202, '1', 'mine'])
  assert.equal((await ask(port, '/stream')).text, 'one,two')
  assert.equal((await ask(port, '/up', { method: 'POST', body: 'body', headers: ['Content-Length', '4'] })).text, 'heard <body>')
  assert.deepEqual((await ask(port, '/nowhere')).json(), { nothing: '/nowhere' })
})

test('encodings of one’s own read and render', async t => {
  const upstream = await openUpstream(t, (req, res) => void res.end(req.url === '/bad' ? 'no pairs' : 'a=1;b=two'))
  const pairs: NonNullable<GatewayOptions['encodings']>[string] = {
    decode: bytes => {
      if (!bytes.includes('=')) throw new Error('not a list of pairs')
      return Object.fromEntries(
        bytes
          .toString()
          .split(';')
          .map(pair => pair.split('='))
      )
    },
    render: data => ({
      contentType: 'text/x-pairs',
      body: data === undefined ? 'nothing' : new Map(Object.entries(data as object)).size.toString()
    })
  }
  const config = {
    host: [upstream.origin],
    endpoints: [
      { endpoint: '/read', backend: [{ url_pattern: '/', encoding: 'pairs' }] },
      { endpoint: '/bad', backend: [{ url_pattern: '/bad', encoding: 'pairs' }] },
      { endpoint: '/list', backend: [{ url_pattern: '/', encoding: 'listed' }] },
      { endpoint: '/null', backend: [{ url_pattern: '/', encoding: 'none' }] },
      { endpoint: '/write', output_encoding: 'pairs', backend: [{ url_pattern: '/', encoding: 'pairs' }] }
    ]
  }
  const encodings = { pairs, listed: { decode: () => [1, 'x'] }, none: { decode: () => null } }
  const { port } = await openGateway(t, config, { encodings })
  assert.deepEqual((await ask(port, '/read')).json(), { a: '1', b: 'two' })
  assert.deepEqual((await ask(port, '/list')).json(), { content: [1, 'x'] })
  assert.equal((await ask(port, '/bad')).status, 500)
  assert.equal((await ask(port, '/null')).status, 200)
  const written = await ask(port, '/write')
  assert.deepEqual([written.headers['content-type'], written.text], ['text/x-pairs', '2'])
})

test('plugin modules handed over in code serve the names of the configuration', async t => {
  const upstream = await openUpstream(t, (_req, res) => sendJson(res, { n: 1 }))
  const module: PluginModule = {
    ModifierRegisterer: {
      registerModifiers(register) {
        register('adder', (_context, extra) => ({
          response: response =>
            response.body.editJson<{ n: number }>(value => ({ n: value.n + (extra.adder as { by: number }).by }))
        }))
      }
    }
  }
  const config = {
    host: [upstream.origin],
    endpoints: [
      {
        endpoint: '/x',
        backend: [{ url_pattern: '/' }],
        extra_config: { 'plugin/req-resp-modifier': { name: ['adder'], adder: { by: 41 } } }
      }
    ]
  }
  const { port } = await openGateway(t, config, { plugins: [module] })
  assert.deepEqual((await ask(port, '/x')).json(), { n: 42 })
  await assert.rejects(createGateway({ version: 3, ...config }, { env: {}, logOutput: new KeptLines() }), /adder/)
})

test('requests need no port: any method, body and answer', async t => {
  const upstream = await openUpstream(t, (req, res) => {
    if (req.url === '/up') return void res.end(`heard ${req.body}`)
    sendJson(res, { url: req.url })
  })
  const log = new KeptLines()
  const gateway = await createGateway(configFor(upstream.origin), { env: {}, logOutput: log })
  t.after(() => gateway.close())
  const json = await gateway.request({ path: '/json' })
  assert.deepEqual([json.status, json.json()], [200, { g: { url: '/j' } }])
  assert.equal((await gateway.request({ method: 'POST', path: '/up', body: 'text' })).text(), 'heard text')
  assert.equal(
    (await gateway.request({ method: 'POST', path: '/up', body: Readable.from(['str', 'eam']) })).text(),
    'heard stream'
  )
  assert.equal((await gateway.request({ path: '/nowhere' })).status, 404)
  assert.deepEqual(gateway.pipes.length, 4)
  assert.match(gateway.describePipes(), /\/bytes\/\{id\}/)
  assert.equal(JSON.parse(gateway.describePipes({ json: true })).length, 4)
})

test('the handler serves in a server of one’s own', async t => {
  const upstream = await openUpstream(t, (req, res) => sendJson(res, { url: req.url }))
  const gateway = await createGateway(configFor(upstream.origin), { env: {}, logOutput: new KeptLines() })
  t.after(() => gateway.close())
  const server = createServer((req, res) => (req.url === '/mine' ? res.end('mine') : gateway.handler(req, res)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  assert.equal((await ask(port, '/mine')).text, 'mine')
  assert.deepEqual((await ask(port, '/bytes/7')).json(), { url: '/b/7' })
})

test('the handler says so when a body parser stands before it', async t => {
  const upstream = await openUpstream(t, (req, res) => void res.end(`heard ${req.body}`))
  const log = new KeptLines()
  const gateway = await createGateway(configFor(upstream.origin), { env: {}, logOutput: log })
  t.after(() => gateway.close())
  const server = createServer(async (req, res) => {
    for await (const _ of req); // as express.json() does
    gateway.handler(req, res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  for (const headers of [
    ['Content-Length', '4'],
    ['Transfer-Encoding', 'chunked']
  ]) {
    const refused = await ask(port, '/up', { method: 'POST', body: 'body', headers })
    assert.equal(refused.status, 500)
    assert.match(refused.text, /put gateway\.handler before what reads bodies, such as express\.json\(\)/)
  }
  const empty = await ask(port, '/up', { method: 'POST', headers: ['Transfer-Encoding', 'chunked'] })
  assert.equal(empty.status, 500)
  assert.equal(upstream.seen.length, 0)
  assert.match(log.text, /ERROR: \[SERVICE: Router\] POST \/up: the body of this request was read before/)
  assert.equal((await ask(port, '/up', { method: 'POST', headers: ['Content-Length', '0'] })).text, 'heard ')
  assert.deepEqual((await ask(port, '/bytes/7')).status, 200)
})

test('without telemetry/logging and an output a gateway writes nothing', async () => {
  const script = `
    import { createGateway } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)}
    const quiet = await createGateway({ version: 3, endpoints: [] }, { env: {}, port: 0 })
    await quiet.listen()
    await quiet.request('/nowhere')
    await quiet.close()
    process.stdout.write('and now:\\n')
    const extra_config = { 'telemetry/logging': { level: 'INFO', stdout: true } }
    const loud = await createGateway({ version: 3, endpoints: [], extra_config }, { env: {} })
    await loud.request('/nowhere')
    await loud.close()`
  const args = ['--conditions=sluice-source', '--import', 'tsx', '--input-type=module', '-e', script]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: LIMIT_MS })
  assert.match(stdout, /^and now:\n[\s\S]*Starting the Sluice instance[\s\S]*\| 404 \|/, stderr)
})

test('a path alone is a GET', async t => {
  const upstream = await openUpstream(t, (req, res) => sendJson(res, { method: req.method, url: req.url }))
  const gateway = await createGateway(configFor(upstream.origin), { env: {} })
  t.after(() => gateway.close())
  assert.deepEqual((await gateway.request('/bytes/7')).json(), { method: 'GET', url: '/b/7' })
})

test('hooks take plain handlers, which may answer without a promise', async t => {
  const hello: Handler = request => GatewayResponse.text(`hello ${request.params.id}`)
  const gateway = await createGateway(configFor('http://127.0.0.1:99'), { env: {}, wrapEndpoint: () => () => hello })
  t.after(() => gateway.close())
  assert.equal((await gateway.request('/bytes/7')).text(), 'hello 7')
})

test('close lets what is in flight finish, refuses what is new, and answers twice the same', async t => {
  let release: () => void = () => {}
  const asked = deferred('the upstream to be asked')
  const upstream = await openStreamingUpstream(t, (_req, res) => {
    release = () => res.end('done')
    asked.resolve()
  })
  const { gateway, port, log } = await openGateway(t, configFor(upstream.origin))
  const idle = await RawClient.open(port)
  const flight = ask(port, '/bytes/1')
  await asked.promise
  const closing = gateway.close()
  assert.equal(gateway.close(), closing)
  await idle.ended()
  await assert.rejects(ask(port, '/bytes/2'), { code: 'ECONNREFUSED' })
  release()
  const got = await flight
  assert.deepEqual([got.text, got.headers.connection], ['done', 'close'])
  assert.equal(await closing, true)
  assert.match(log.text, /Router execution ended/)
  assert.equal(upstream.sockets.size, 0, 'upstream connections are closed too')
})

test('close cuts what does not end in time, and says so', async t => {
  const upstream = await openStreamingUpstream(t, (_req, res) => {
    res.writeHead(200)
    res.write('begun')
  })
  const { gateway, port, log } = await openGateway(t, configFor(upstream.origin))
  const res = await begin(port, '/bytes/1').response
  res.on('error', () => {})
  const cut = until(() => res.closed)
  res.resume()
  assert.equal(await gateway.close({ graceMs: 50 }), false)
  await cut
  assert.equal(res.complete, false)
  assert.match(log.text, /context deadline exceeded/)
})

test('a failed start leaves nothing open', async t => {
  const first = await openGateway(t, configFor('http://127.0.0.1:11'))
  const second = await createGateway(
    { ...configFor('http://127.0.0.1:11'), listen_ip: '127.0.0.1' },
    { env: {}, port: first.port, logOutput: new KeptLines() }
  )
  await assert.rejects(second.listen(), { code: 'SLUICE_ERR_CONFIG_LISTEN' })
  assert.equal(await second.close(), true)
  const failing: PluginModule = {
    ModifierRegisterer: {
      registerModifiers: register =>
        register('failing', () => {
          throw new Error('cannot be made')
        })
    }
  }
  const whole = configFor('http://127.0.0.1:11')
  const endpoint = { ...whole.endpoints![1]!, extra_config: { 'plugin/req-resp-modifier': { name: ['failing'] } } }
  const config: ConfigInput = { ...whole, endpoints: [endpoint] }
  const log = new KeptLines()
  await assert.rejects(createGateway(config, { env: {}, logOutput: log, plugins: [failing] }), /cannot be made/)
})
