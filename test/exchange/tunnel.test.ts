import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { WebSocket, WebSocketServer } from 'ws'
import { ResponseMessage } from '../../src/message/response.js'
import type { Wrap } from '../../src/plugin/types.js'
import { deadlines } from '../../src/telemetry/timer-wheel.js'
import { exchange, RawClient, statusOf } from '../server/raw-client.js'
import { type OpenGateway, openGateway } from '../support/open-gateway.js'
import { answer, rawUpstream, SWITCH } from '../support/raw-upstream.js'
import { passTime } from '../support/time.js'
import { deferred, once, until } from '../support/waiting.js'

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
const ASK = `GET /ws HTTP/1.1\r\nHost: gw.test\r\n${UPGRADE}\r\n`

const noOp = (path: string, origin: string, more: object = {}): object => ({
  endpoint: path,
  output_encoding: 'no-op',
  timeout: '60s',
  backend: [{ host: [origin], url_pattern: path }],
  ...more
})

const service = (origin: string, router: object = {}, more: object = {}): object => ({
  endpoints: [noOp('/ws', origin, more), { endpoint: '/json', backend: [{ host: [origin], url_pattern: '/json' }] }],
  extra_config: { router, 'telemetry/logging': { level: 'DEBUG', stdout: true, access_log_format: 'json' } }
})

/** A real WebSocket server that echoes and remembers its handshakes. */
async function echoServer(
  t: TestContext
): Promise<{ origin: string; server: Server; sockets: WebSocketServer; heads: string[][] }> {
  const heads: string[][] = []
  const server = createServer((_, res) => res.end('plain'))
  const sockets = new WebSocketServer({ server, handleProtocols: wanted => [...wanted][0] ?? false })
  sockets.on('connection', (socket, req) => {
    heads.push(req.rawHeaders)
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, sockets, heads }
}

async function entry(opened: OpenGateway, pattern: RegExp): Promise<Record<string, unknown>> {
  return JSON.parse(await opened.log.line(pattern)) as Record<string, unknown>
}

const gone = (socket: Socket): Promise<unknown> => until(() => socket.closed, 'the end of a connection')

test('carries WebSocket messages both ways, texts and large binaries', async t => {
  const upstream = await echoServer(t)
  const opened = await openGateway(t, service(upstream.origin))
  const client = new WebSocket(`ws://127.0.0.1:${opened.port}/ws`, ['chat.v2', 'chat.v1'], { origin: 'https://page.test' })
  await once(client, 'open')
  assert.equal(client.protocol, 'chat.v2')
  client.send('hello')
  assert.equal(String((await once(client, 'message'))[0]), 'hello')
  const large = Buffer.alloc(3 * 1024 * 1024, 7)
  client.send(large)
  assert.ok(large.equals((await once(client, 'message'))[0] as Buffer))
  client.close(1000)
  assert.equal((await once(client, 'close'))[0], 1000)
  const log = await entry(opened, /"status":101/)
  assert.equal(log.route, '/ws')
  assert.ok((log.bytes_out as number) > large.length, JSON.stringify(log))
  const sent = new Map<string, string>()
  for (let i = 0; i < upstream.heads[0]!.length; i += 2)
    sent.set(upstream.heads[0]![i]!.toLowerCase(), upstream.heads[0]![i + 1]!)
  assert.equal(sent.get('origin'), 'https://page.test')
  assert.equal(sent.get('connection'), 'upgrade')
  assert.match(sent.get('x-forwarded-for')!, /127\.0\.0\.1/)
  assert.equal(sent.get('cookie'), undefined)
})

test('carries WebSocket messages of clients that speak TLS', async t => {
  const upstream = await echoServer(t)
  const pem = (name: string): string => fileURLToPath(new URL(`../server/certs/${name}`, import.meta.url))
  const tls = { keys: [{ public_key: pem('a.pem'), private_key: pem('a.key') }] }
  const opened = await openGateway(t, { ...service(upstream.origin), tls })
  const client = new WebSocket(`wss://127.0.0.1:${opened.port}/ws`, { rejectUnauthorized: false })
  await once(client, 'open')
  client.send('hello')
  assert.equal(String((await once(client, 'message'))[0]), 'hello')
  client.close()
  await once(client, 'close')
  assert.equal((await entry(opened, /"status":101/)).error, undefined)
})

test('runs the stages of the endpoint before the handshake and lets them refuse it', async t => {
  const upstream = await echoServer(t)
  const guard: Wrap = next => request =>
    request.query === 'token=1' ? next(request) : Promise.resolve(ResponseMessage.text('who are you', 401))
  const opened = await openGateway(t, service(upstream.origin, {}, { input_query_strings: ['*'] }), { wrapEndpoint: () => guard })
  const refused = new WebSocket(`ws://127.0.0.1:${opened.port}/ws`)
  const [, response] = (await once(refused, 'unexpected-response')) as [unknown, import('node:http').IncomingMessage]
  assert.equal(response.statusCode, 401)
  refused.on('error', () => {})
  refused.terminate()
  assert.equal(upstream.heads.length, 0)
  const allowed = new WebSocket(`ws://127.0.0.1:${opened.port}/ws?token=1`)
  await once(allowed, 'open')
  allowed.close()
  await once(allowed, 'close')
})

test('lets go of the upstream when a stage answers something else after the switch', async t => {
  const upstream = await echoServer(t)
  const swap: Wrap = next => request =>
    next(request).then(response => (response.status === 101 ? ResponseMessage.text('no', 403) : response))
  const opened = await openGateway(t, service(upstream.origin), { wrapEndpoint: () => swap })
  const answered = await exchange(
    opened.port,
    `GET /ws HTTP/1.1\r\nHost: a\r\n${UPGRADE}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
  )
  assert.equal(statusOf(answered), 403)
  assert.match(answered, /no$/)
  for (const client of upstream.sockets.clients) await once(client, 'close')
})

test('relays other answers than 101 whole, and ends the connection', async t => {
  const body = 'x'.repeat(3_000_000)
  const upstream = await rawUpstream(t, socket =>
    socket.end(answer('426 Upgrade Required', body, 'Upgrade: websocket\r\nConnection: Upgrade\r\nX-Why: version\r\n'))
  )
  const opened = await openGateway(t, service(upstream.origin))
  const answered = await exchange(opened.port, ASK)
  assert.equal(statusOf(answered), 426)
  assert.match(answered, /X-Why: version/)
  assert.match(answered, /Connection: close/i)
  assert.ok(answered.endsWith(body))
  assert.equal(upstream.heads.length, 1)
  assert.match(upstream.heads[0]!, /upgrade: websocket/)
})

test('passes over offers that it cannot tunnel', async t => {
  const upstream = await rawUpstream(t, socket => socket.end(answer('200 OK', '{"a":1}', 'Content-Type: application/json\r\n')))
  const opened = await openGateway(t, service(upstream.origin))
  const asks = [
    `GET /json HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
    `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\n\r\n`,
    `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: TLS/1.2, HTTP/2.0\r\n\r\n`,
    `GET /ws HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
    `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi`
  ]
  for (const ask of asks) assert.equal(statusOf(await exchange(opened.port, ask)), 200, ask)
  assert.equal(upstream.heads.filter(head => /^upgrade:/im.test(head)).length, 0)
})

test('follows a stage of the service that leads another path to a tunnel', async t => {
  const upstream = await rawUpstream(t, socket => socket.write(`${SWITCH}\r\n`))
  const reroute: Wrap = next => request => {
    if (request.path === '/old') request.path = '/ws'
    return next(request)
  }
  const opened = await openGateway(t, service(upstream.origin), { wrapService: reroute })
  const client = await RawClient.open(opened.port)
  client.send(ASK.replace('/ws', '/old'))
  assert.match(await client.heard('\r\n\r\n'), /^HTTP\/1\.1 101 /)
  client.socket.destroy()
  assert.equal(statusOf(await exchange(opened.port, ASK.replace('/ws', '/nowhere'))), 404)
})

test('takes an offer up when the answer before it is out', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    if (/^upgrade:/im.test(head)) socket.write(`${SWITCH}\r\nin the tunnel`)
    else setTimeout(() => socket.end(answer('200 OK', 'an answer')), 50)
  })
  const opened = await openGateway(t, service(upstream.origin))
  const client = await RawClient.open(opened.port)
  client.send(`GET /ws HTTP/1.1\r\nHost: a\r\n\r\n${ASK}`)
  const heard = await client.heard('in the tunnel')
  assert.match(heard, /^HTTP\/1.1 200 OK[\s\S]*an answerHTTP\/1.1 101 Switching Protocols\r\n[\s\S]*in the tunnel$/)
  client.socket.destroy()
})

test('fails when the upstream switches to what the client did not offer', async t => {
  const upstream = await rawUpstream(t, socket =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
  )
  const opened = await openGateway(t, service(upstream.origin, { error_status: 'http' }))
  assert.equal(statusOf(await exchange(opened.port, ASK)), 502)
  assert.equal((await entry(opened, /"status":502/)).error, 'SLUICE_ERR_UPSTREAM_PROTOCOL')
  for (const socket of upstream.sockets) await gone(socket)
})

test('keeps what both sides send ahead of the switch', async t => {
  const upstream = await rawUpstream(t, (socket, _, rest) => {
    socket.write(`${SWITCH}\r\nHTTP/1.1 100 looks like HTTP\r\n\r\nserver first;`)
    socket.write(rest)
    socket.on('data', chunk => socket.write(chunk))
  })
  const opened = await openGateway(t, service(upstream.origin))
  const client = await RawClient.open(opened.port)
  client.send(`${ASK}client ahead;`)
  const heard = await client.heard('client ahead;')
  assert.match(heard, /\r\n\r\nHTTP\/1\.1 100 looks like HTTP\r\n\r\nserver first;client ahead;$/)
  client.socket.destroy()
  for (const socket of upstream.sockets) await gone(socket)
})

test('closes one half when a side has said all, and still carries the other one', async t => {
  const upstream = await rawUpstream(t, socket => {
    socket.write(`${SWITCH}\r\n`)
    socket.on('data', () => {})
    socket.on('end', () => socket.end('last words'))
  })
  const opened = await openGateway(t, service(upstream.origin))
  const client = await RawClient.open(opened.port)
  client.send(ASK)
  await client.heard('\r\n\r\n')
  client.socket.end('bye')
  assert.match(await client.ended(), /last words$/)
  assert.equal((await entry(opened, /"status":101/)).error, undefined)

  const other = await rawUpstream(t, socket => {
    socket.end(`${SWITCH}\r\nall said`)
    let heard = ''
    socket.on('data', chunk => {
      heard += chunk
    })
    socket.on('end', () => heads.push(heard))
  })
  const heads: string[] = []
  const second = await openGateway(t, service(other.origin))
  const { connect } = await import('node:net')
  const socket = connect({ port: second.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.write(ASK)
  socket.resume()
  await once(socket, 'end')
  const upstreamSocket = [...other.sockets][0]!
  socket.end('an answer to it')
  await gone(upstreamSocket)
  assert.deepEqual(heads, ['an answer to it'])
})

test('takes both sides down when one breaks', async t => {
  const upstream = await rawUpstream(t, socket => socket.write(`${SWITCH}\r\n`))
  const opened = await openGateway(t, service(upstream.origin))
  const first = await RawClient.open(opened.port)
  first.send(ASK)
  await first.heard('\r\n\r\n')
  ;[...upstream.sockets][0]!.resetAndDestroy()
  await first.ended()
  assert.equal((await entry(opened, /SLUICE_ERR_UPSTREAM_RESET/)).status, 101)

  const second = await RawClient.open(opened.port)
  second.send(ASK)
  await second.heard('\r\n\r\n')
  const [socket] = upstream.sockets
  second.socket.resetAndDestroy()
  await gone(socket!)
})

test('frees the upstream when the client leaves before the answer', async t => {
  const asked = deferred('the handshake')
  const upstream = await rawUpstream(t, () => asked.resolve())
  const opened = await openGateway(t, service(upstream.origin))
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    const client = await RawClient.open(opened.port)
    client.send(ASK)
    await asked.promise
    await until(() => upstream.sockets.size > 0)
    const [socket] = upstream.sockets
    client.socket[leave]()
    await gone(socket!)
  }
  assert.equal((await entry(opened, /"status":499/)).error, 'SLUICE_ERR_CLIENT_ABORTED')
})

test('answers the deadline when the upstream does not answer the handshake', async t => {
  const upstream = await rawUpstream(t, () => void passTime(60_000))
  const opened = await openGateway(t, service(upstream.origin, { error_status: 'http' }, { timeout: '60s' }))
  assert.equal(statusOf(await exchange(opened.port, ASK)), 504)
  assert.equal((await entry(opened, /"status":504/)).limit, 'timeout=60000ms')
})

test('ends a tunnel that is silent for tunnel_idle_timeout, not one that is in use or that outlives the timeout', async t => {
  const upstream = await rawUpstream(t, socket => {
    socket.write(`${SWITCH}\r\n`)
    socket.on('data', chunk => socket.write(chunk))
  })
  const opened = await openGateway(t, service(upstream.origin, { tunnel_idle_timeout: '60s' }, { timeout: '30s' }))
  const busy = await RawClient.open(opened.port)
  const silent = await RawClient.open(opened.port)
  busy.send(ASK)
  silent.send(ASK)
  await silent.heard('\r\n\r\n')
  await busy.heard('\r\n\r\n')
  for (let seconds = 0; seconds < 120; seconds += 20) {
    await passTime(20_000)
    busy.send(`${seconds}.`)
    await busy.heard(`${seconds}.`)
  }
  await silent.ended()
  assert.equal(busy.closed, false)
  const log = await entry(opened, /TIMEOUT_IDLE/)
  assert.equal(log.limit, 'tunnel_idle_timeout=60000ms')
  await passTime(120_000)
  await busy.ended()
})

test('holds a fast sender back while the other side does not read', async t => {
  const upstream = await rawUpstream(t, socket => {
    socket.write(`${SWITCH}\r\n`)
    socket.pause()
  })
  const opened = await openGateway(t, service(upstream.origin, { tunnel_idle_timeout: '60s' }))
  const client = await RawClient.open(opened.port)
  client.send(ASK)
  await client.heard('\r\n\r\n')
  const block = Buffer.alloc(1024 * 1024, 1)
  for (let i = 0; i < 64; i++) client.socket.write(block)
  // all stands still in the end, and the idle limit ends it
  await until(() => passTime(60_000).then(() => /TIMEOUT_IDLE/.test(opened.log.text)), 'the idle limit')
  const log = await entry(opened, /TIMEOUT_IDLE/)
  assert.ok((log.bytes_in as number) < 32 * block.length, `${log.bytes_in}`)
  await client.ended()
})

test('refuses more tunnels to one host than max_connections_per_host', async t => {
  const upstream = await rawUpstream(t, socket => socket.write(`${SWITCH}\r\n`))
  const opened = await openGateway(t, service(upstream.origin, { max_connections_per_host: 2 }))
  const open: RawClient[] = []
  for (let i = 0; i < 2; i++) {
    const client = await RawClient.open(opened.port)
    client.send(ASK)
    await client.heard('\r\n\r\n')
    open.push(client)
  }
  const refused = await exchange(opened.port, ASK)
  assert.equal(statusOf(refused), 503)
  assert.match(refused, /Retry-After: 1/)
  for (const client of open) client.socket.destroy()
})

test('ends tunnels at shutdown: at once without a grace, else when it is over', async t => {
  const upstream = await rawUpstream(t, socket => socket.write(`${SWITCH}\r\n`))
  for (const graceMs of [0, 100]) {
    const opened = await openGateway(t, service(upstream.origin))
    const client = await RawClient.open(opened.port)
    client.send(ASK)
    await client.heard('\r\n\r\n')
    const [socket] = upstream.sockets
    assert.equal(await opened.gateway.close({ graceMs }), true)
    await client.ended()
    await gone(socket!)
  }
})

test('leaves no socket and no deadline behind after a thousand tunnels', async t => {
  const upstream = await echoServer(t)
  const opened = await openGateway(t, service(upstream.origin))
  const before = deadlines.size
  const rounds = Number(process.env.TUNNEL_ROUNDS ?? 1000)
  const width = 25
  for (let round = 0; round < rounds; round += width) {
    await Promise.all(
      Array.from({ length: width }, async (_, i) => {
        const client = new WebSocket(`ws://127.0.0.1:${opened.port}/ws`)
        await once(client, 'open')
        client.send(String(i))
        await once(client, 'message')
        if (i % 2 === 0) client.close()
        else client.terminate()
        await once(client, 'close')
      })
    )
  }
  for (const socket of upstream.sockets.clients) await once(socket, 'close')
  const connections = promisify(upstream.server.getConnections.bind(upstream.server))
  await until(async () => (await connections()) === 0, 'no connection of the upstream')
  await until(() => deadlines.size <= before)
})
