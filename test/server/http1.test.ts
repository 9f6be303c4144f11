import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { RequestHandler } from '../../src/server/http1.js'
import { createListener } from '../../src/server/listener.js'
import { freePort } from '../support/free-port.js'
import { deferred, once } from '../support/waiting.js'
import { DEFAULTS, echo, open } from './listening.js'
import { exchange, RawClient, statusOf } from './raw-client.js'

const HOST = 'Host: gw.test\r\n'
/** Node's parser counts from the moment when the connection is there: long enough for a busy machine to read the first bytes. */
const HEARD_WITHIN_MS = 3000
const GET = `GET /x HTTP/1.1\r\n${HOST}\r\n`

test('asks for the body only when a stage reads it', async t => {
  const arrived = deferred('the request')
  let go: (() => void) | undefined
  const { port } = await open(t, {}, (req, res) => {
    go = () => echo(req, res)
    arrived.resolve()
  })
  const client = await RawClient.open(port)
  client.send(`POST /x HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`)
  await arrived.promise
  assert.equal(client.received, '')
  go!()
  await client.heard('HTTP/1.1 100 Continue\r\n\r\n')
  client.send('hello')
  const answer = await client.heard('<hello>')
  assert.doesNotMatch(answer, /Connection: close/)
})

test('answers an expectation without 100 and closes when no stage reads', async t => {
  const { port } = await open(t, {}, (_, res) => void res.writeHead(401).end('no'))
  const answer = await exchange(port, `POST /x HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`)
  assert.equal(statusOf(answer), 401)
  assert.match(answer, /Connection: close/)
})

test('answers 500 for a handler that throws and goes on serving', async t => {
  let calls = 0
  const { port, errors } = await open(t, {}, (req, res) => {
    if (++calls === 1) throw new Error('oops')
    if (calls === 2) {
      res.write('half')
      throw new Error('late')
    }
    echo(req, res)
  })
  const client = await RawClient.open(port)
  client.send(GET)
  await client.heard('500')
  assert.doesNotMatch(await exchange(port, GET), /\r\n0\r\n\r\n/)
  client.send(GET)
  await client.heard('GET /x <>')
  assert.deepEqual(
    errors.map(e => (e as Error).message),
    ['oops', 'late']
  )
})

test('ends a head that does not come within read_header_timeout', async t => {
  const { port, infos } = await open(t, { readHeaderTimeoutMs: HEARD_WITHIN_MS })
  const client = await RawClient.open(port)
  client.send('GET /x HT')
  const silent = await RawClient.open(port)
  assert.equal(statusOf(await client.ended()), 408)
  assert.equal(infos[0]!.detail, `read_header_timeout=${HEARD_WITHIN_MS}ms`)
  assert.equal(await silent.ended(), '')
})

test('ends a body that does not come within read_timeout and tells its reader', async t => {
  const failed = deferred<unknown>('a failure')
  const { port, infos } = await open(t, { readTimeoutMs: HEARD_WITHIN_MS }, req => {
    req.on('error', error => failed.resolve(error))
    req.resume()
  })
  const answer = await exchange(port, `POST /x HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\nhello`)
  assert.equal(statusOf(answer), 408)
  assert.equal(infos[0]!.detail, `read_timeout=${HEARD_WITHIN_MS}ms`)
  assert.equal(((await failed.promise) as { code: string }).code, 'SLUICE_ERR_CLIENT_TIMEOUT')
})

test('cuts an answer that is not over within write_timeout', async t => {
  const { port, infos } = await open(t, { writeTimeoutMs: 500 }, (_, res) => void res.write('never ends'))
  assert.match(await exchange(port, GET), /never ends\r\n$/)
  assert.equal(infos[0]!.detail, 'write_timeout=500ms')
})

test('ends an idle connection after idle_timeout', async t => {
  const { port } = await open(t, { idleTimeoutMs: 500 })
  const answer = await exchange(port, GET)
  assert.match(answer, /GET \/x <>$/)
})

test('lets the client read an early answer to an upload it goes on sending', async t => {
  const { port } = await open(t, {}, (_, res) => void res.writeHead(413, { Connection: 'close' }).end('too large'))
  const client = await RawClient.open(port)
  client.send(`POST /x HTTP/1.1\r\n${HOST}Content-Length: 300000\r\n\r\n`)
  client.send('a'.repeat(100_000))
  await client.heard('too large')
  client.send('a'.repeat(100_000))
  assert.equal(statusOf(await client.ended()), 413)
})

test('reads no more than a cap of a body that no stage wanted', async t => {
  const { port } = await open(t, {}, (_, res) => void res.end('no'))
  const client = await RawClient.open(port)
  client.send(`POST /x HTTP/1.1\r\n${HOST}Content-Length: 1000000000\r\n\r\n`)
  await client.heard('\r\n\r\nno')
  const block = 'a'.repeat(1 << 18)
  while (!client.closed) {
    if (!client.socket.write(block)) await client.next('drain', 'close')
    else await new Promise(setImmediate)
  }
  assert.ok(client.socket.bytesWritten < 1e9)
})

test('keeps the connection after an unread body that ends soon', async t => {
  const { port } = await open(t, {}, (_, res) => void res.end('no'))
  const client = await RawClient.open(port)
  client.send(`POST /x HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\n`)
  await client.heard('\r\n\r\nno')
  client.received = ''
  client.send(`hello${GET}`)
  await client.heard('\r\n\r\nno')
})

test('drains: refuses new connections, ends idle ones, finishes running exchanges with Connection: close', async t => {
  const running = deferred<ServerResponse>('the request')
  const { port, listener } = await open(t, {}, (req, res) => {
    if (req.url === '/slow') running.resolve(res)
    else echo(req, res)
  })
  const idle = await RawClient.open(port)
  idle.send(GET)
  await idle.heard('GET /x <>')
  const busy = await RawClient.open(port)
  busy.send(`GET /slow HTTP/1.1\r\n${HOST}\r\n`)
  const response = await running.promise
  assert.equal(listener.connections, 2)
  const drained = listener.drain(0)
  await idle.ended()
  await assert.rejects(RawClient.open(port))
  response.end('done')
  const answer = await busy.ended()
  assert.match(answer, /Connection: close[\s\S]*done$/)
  assert.equal(await drained, true)
  assert.equal(listener.connections, 0)
})

test('cuts what is left when the grace has passed', async t => {
  const { port, listener } = await open(t, {}, (_, res) => void res.write('x'))
  const client = await RawClient.open(port)
  client.send(GET)
  await client.heard('x')
  assert.equal(await listener.drain(50), false)
  await client.ended()
})

test('hands a WebSocket upgrade over, or serves it as a request', async t => {
  const serve: RequestHandler = (req, res, offer) => {
    if (offer === undefined) return echo(req, res)
    if (req.url === '/ws?no') return void res.end('no tunnel here')
    const socket = offer.accept()
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.pipe(socket)
  }
  const { port, listener } = await open(t, {}, serve, { mayUpgrade: req => req.url!.startsWith('/ws') })
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const tunnel = await RawClient.open(port)
  tunnel.send(`GET /ws HTTP/1.1\r\n${HOST}${upgrade}`)
  await tunnel.heard('101')
  tunnel.send('ping')
  await tunnel.heard('\r\n\r\nping')
  assert.equal(listener.connections, 1)
  const refused = await exchange(port, `GET /ws?no HTTP/1.1\r\n${HOST}Connection: close\r\n${upgrade}`)
  assert.match(refused, /^HTTP\/1\.1 200[\s\S]*Connection: close[\s\S]*no tunnel here/)
  const plain = await exchange(port, `GET /plain HTTP/1.1\r\n${HOST}Connection: close, upgrade\r\nUpgrade: websocket\r\n\r\n`)
  assert.match(plain, /^HTTP\/1\.1 200[\s\S]*GET \/plain <>/)
  assert.equal(statusOf(await exchange(port, `GET /ws HTTP/1.1\r\nHost: a\r\nHost: b\r\n${upgrade}`)), 400)
  tunnel.socket.destroy()
})

test('names the port that is in use', async t => {
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const { port } = other.address() as { port: number }
  const listener = createListener({ server: DEFAULTS, port, listenIp: '127.0.0.1' }, () => {})
  await assert.rejects(listener.listen(), {
    code: 'SLUICE_ERR_CONFIG_LISTEN',
    message: `listen tcp 127.0.0.1:${port}: bind: address already in use`
  })
  listener.destroy()
})

test('listens again on the port it has left', async t => {
  const first = await open(t, {}, echo, { port: await freePort() })
  await first.listener.drain(100)
  const second = createListener({ server: DEFAULTS, port: first.port, listenIp: '127.0.0.1' }, echo)
  t.after(() => second.destroy())
  assert.equal((await second.listen()).port, first.port)
})
