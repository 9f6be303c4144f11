import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { ServerConfig } from '../../src/config/types.js'
import type { Listener } from '../../src/server/listener.js'
import { freePort } from '../support/free-port.js'
import { deferred, fetch, once, until } from '../support/waiting.js'
import { DEFAULTS, open } from './listening.js'

const settings = (port: number, server: Partial<ServerConfig> = {}, listenIp = '127.0.0.1') => ({
  port,
  listenIp,
  server: { ...DEFAULTS, ...server }
})

async function change(listener: Listener, ...wanted: Parameters<typeof settings>): Promise<void> {
  const prepared = await listener.change(settings(...wanted))
  prepared.commit()
}

const isRefused = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`).then(
    () => false,
    () => true
  )

/** A connection that is kept, and what it gets. */
async function keptConnection(t: TestContext, port: number): Promise<{ socket: Socket; ask: () => Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  t.after(() => void socket.destroy())
  await once(socket, 'connect')
  const ask = async (): Promise<string> => {
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const [bytes] = await once<[Buffer]>(socket, 'data')
    return String(bytes)
  }
  return { socket, ask }
}

test('the same settings keep port and connections', async t => {
  const { listener, port } = await open(t, {})
  const { ask } = await keptConnection(t, port)
  assert.match(await ask(), /200 OK/)
  await change(listener, 0, { maxShutdownWaitMs: 50 })
  assert.equal(listener.bound!.port, port)
  assert.doesNotMatch(await ask(), /Connection: close/)
  assert.equal(listener.connections, 1)
})

test('other limits hold for connections from then on; those that are open end with their next response', async t => {
  const { listener, port } = await open(t, {})
  const { socket, ask } = await keptConnection(t, port)
  assert.match(await ask(), /200 OK/)
  await change(listener, 0, { maxHeaderBytes: 1 })
  assert.match(await ask(), /Connection: close/)
  await once(socket, 'close')
  const long = await fetch(`http://127.0.0.1:${port}/`, { headers: { x: 'y'.repeat(8_000) } })
  assert.equal(long.status, 431)
})

test('another port is open before the one before it closes; running exchanges finish', async t => {
  const arrived = deferred('a request')
  let letGo = (): void => {}
  const { listener, port } = await open(t, {}, (_req, res) => {
    letGo = () => res.end('late')
    arrived.resolve()
  })
  const response = fetch(`http://127.0.0.1:${port}/`)
  await arrived.promise
  const other = await freePort()
  const prepared = await listener.change(settings(other))
  assert.equal(await connects(port), true, 'nothing has changed yet')
  assert.equal(await connects(other), true)
  prepared.commit()
  assert.equal(listener.bound!.port, other)
  await until(() => isRefused(port), 'the old port is closed')
  letGo()
  assert.equal(await (await response).text(), 'late')
})

async function connects(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

test('a port that is taken changes nothing', async t => {
  const { listener, port } = await open(t, {})
  const { port: taken } = await open(t, {})
  await assert.rejects(listener.change(settings(taken)), { code: 'SLUICE_ERR_CONFIG_LISTEN', message: /already in use/ })
  const { ask } = await keptConnection(t, port)
  assert.match(await ask(), /200 OK/)
})

test('a change that is undone leaves nothing open', async t => {
  const { listener, port } = await open(t, {})
  const other = await freePort()
  const prepared = await listener.change(settings(other))
  await prepared.undo()
  assert.equal(await isRefused(other), true)
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200)
})

test('all interfaces instead of one on the same port', async t => {
  const port = await freePort()
  const { listener } = await open(t, {}, undefined, { port })
  await change(listener, port, {}, '0.0.0.0')
  assert.equal(listener.bound!.address, '0.0.0.0')
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200)
})

async function session(t: TestContext, port: number): Promise<ClientHttp2Session> {
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  t.after(() => client.destroy())
  await once(client, 'remoteSettings')
  return client
}

test('HTTP/2 clients are asked to go away, and what they have begun is served', async t => {
  const arrived = deferred('a request')
  let letGo = (): void => {}
  const { listener, port } = await open(t, { useH2c: true }, (_req, res) => {
    letGo = () => res.end('late')
    arrived.resolve()
  })
  const client = await session(t, port)
  const stream = client.request({ ':path': '/' })
  await arrived.promise
  const gone = once(client, 'goaway')
  await change(listener, 0, { useH2c: true, http2MaxHeaderFields: 50 })
  assert.equal((await gone)[0], 0)
  letGo()
  const [bytes] = await once<[Buffer]>(stream, 'data')
  assert.equal(String(bytes), 'late')
  const next = await session(t, port)
  next.request({ ':path': '/' }).on('error', () => {})
})

test('cleartext HTTP/2 can be switched on and off', async t => {
  const { listener, port } = await open(t, {})
  await change(listener, 0, { useH2c: true })
  const client = await session(t, port)
  const stream = client.request({ ':path': '/' })
  const [fields] = await once<[Record<string, unknown>]>(stream, 'response')
  assert.equal(fields[':status'], 200)
  await change(listener, 0, {})
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200)
})

test('changes under load fail no request', async t => {
  const { listener, port } = await open(t, {})
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  t.after(() => agent.destroy())
  let asked = 0
  let stopped = false
  const ask = (): Promise<number> =>
    new Promise((resolve, reject) => {
      asked++
      request({ host: '127.0.0.1', port, agent }, res => res.resume().on('end', () => resolve(res.statusCode!)))
        .on('error', reject)
        .end()
    })
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (!stopped) assert.equal(await ask(), 200)
    })
  )
  for (let turn = 0; turn < 30; turn++) {
    const before = asked
    await change(listener, 0, { useH2c: turn % 2 === 0, writeTimeoutMs: 60_000 + turn })
    await until(() => asked > before + 8, 'requests between two changes')
  }
  stopped = true
  await load
})

test('a drain in the middle of changes ends all of it', async t => {
  const { listener, port } = await open(t, {})
  const { socket } = await keptConnection(t, port)
  await change(listener, 0, { writeTimeoutMs: 60_000 })
  const prepared = await listener.change(settings(await freePort()))
  const closed = once(socket, 'close')
  assert.equal(await listener.drain(0), true)
  await closed
  prepared.commit()
  assert.equal(listener.connections, 0)
})
