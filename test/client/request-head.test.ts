import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { Upload } from '../../src/client/upload.js'
import { withoutConnection } from '../../src/http/undici-quirks.js'
import { type ConfigInput, createGateway } from '../../src/index.js'
import { BufferSource, type ByteSink, type ByteSource } from '../../src/message/byte-flow.js'
import { silentLogger } from '../../src/telemetry/logger.js'
import { pem } from '../support/certificates.js'
import { once } from '../support/waiting.js'
import { call, openPool, type TRANSPORT } from './probe.js'

const TLS = { cert: pem('a.pem'), key: pem('a.key') }

/** What a field's removal could be mistaken for. */
const DECOY = 'GET / HTTP/1.1\r\nhost: h\r\nconnection: keep-alive\r\n\r\n'

/** An upstream that keeps every byte and answers when the text it waits for has come. */
async function wire(t: TestContext, ends: string, tls = false): Promise<{ origin: string; texts: string[] }> {
  const texts: string[] = []
  const serve = (socket: Socket): void => {
    const index = texts.push('') - 1
    socket.on('error', () => {})
    socket.on('data', chunk => {
      texts[index] += chunk.toString('latin1')
      if (texts[index]!.endsWith(ends)) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    })
  }
  const server = tls ? createTlsServer(TLS, serve) : createServer(serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return { origin: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`, texts }
}

test('no call carries a Connection field; the connection lives on', async t => {
  const { origin, texts } = await wire(t, '\r\n\r\n')
  const pool = openPool(t, origin)
  const host = origin.slice('http://'.length)
  await call(pool, '/a', { headers: ['X-A', 'connection: keep-alive'] }).said()
  await call(pool, '/b%0D%0Aconnection:%20keep-alive').said()
  await call(pool, '/c', { method: 'DELETE', headers: ['connection-x', '1'] }).said()
  assert.deepEqual(texts, [
    `GET /a HTTP/1.1\r\nhost: ${host}\r\nX-A: connection: keep-alive\r\n\r\n` +
      `GET /b%0D%0Aconnection:%20keep-alive HTTP/1.1\r\nhost: ${host}\r\n\r\n` +
      `DELETE /c HTTP/1.1\r\nhost: ${host}\r\nconnection-x: 1\r\n\r\n`
  ])
})

/** Does `work` while undici writes every head: a tool watches it. */
async function watched<T>(work: () => Promise<T>): Promise<T> {
  const heads = diagnostics.channel('undici:client:sendHeaders')
  const watch = (): void => {}
  heads.subscribe(watch)
  try {
    return await work()
  } finally {
    heads.unsubscribe(watch)
  }
}

test('a head that the gateway writes is the one that undici writes', async t => {
  const { origin, texts } = await wire(t, '\r\n\r\n')
  const fields = ['X-A', '1', 'x-a', '2', 'Accept', '', 'Cookie', 'a=b; c="d\xe9"', 'X-Tab', 'a\tb', 'Content-Type', 'a/b']
  for (const path of ['/a', '/b?c=%20&d', `/${'e'.repeat(5000)}`]) {
    for (const headers of [fields, []]) {
      await call(openPool(t, origin), path, { headers }).said()
      await watched(() => call(openPool(t, origin), path, { headers }).said())
      const [own, written] = texts.splice(0)
      assert.equal(own, written)
    }
  }
})

test('fields that undici reads or refuses are left to it', async t => {
  const { origin, texts } = await wire(t, '\r\n\r\n')
  const cases = [
    ['Host', 'other.test'],
    ['Connection', 'close'],
    ['content-length', '0'],
    ['Expect', '100-continue'],
    ['Transfer-Encoding', 'chunked'],
    ['Upgrade', 'x'],
    ['Keep-Alive', '1'],
    ['X-A', 'b\r\nX-C: d'],
    ['X-A', 'b\0'],
    ['X-A', '\u0100'],
    ['X A', 'b'],
    ['X-A:', 'b'],
    ['X-A\r\nX-B', 'c'],
    ['', 'b']
  ]
  for (const headers of cases) {
    const own = await call(openPool(t, origin), '/a', { headers }).said()
    const seen = texts.splice(0)
    const written = await watched(() => call(openPool(t, origin), '/a', { headers }).said())
    assert.equal(own, written)
    assert.deepEqual(seen, texts.splice(0))
  }
})

test('nor a HEAD, after which the client closes by itself', async t => {
  const { origin, texts } = await wire(t, '\r\n\r\n')
  const pool = openPool(t, origin)
  for (const path of ['/1', '/2']) await call(pool, path, { method: 'HEAD' }).said()
  assert.deepEqual(
    texts.map(text => /^connection/im.test(text)),
    [false, false]
  )
})

test('nor a call over TLS', async t => {
  const { origin, texts } = await wire(t, '\r\n\r\n', true)
  const tls = { ...CLIENT_TLS, allowInsecureConnections: true }
  const pool = openPool(t, origin, {}, { tls })
  for (const path of ['/1', '/2']) await call(pool, path).said()
  assert.equal(texts.length, 1)
  assert.doesNotMatch(texts[0]!, /^connection/im)
})

test('bodies that hold the same bytes arrive as they are, whole, streamed with a length, and in chunks', async t => {
  const { origin, texts } = await wire(t, DECOY)
  const pool = openPool(t, origin)
  const body = Buffer.from(DECOY)
  await call(pool, '/whole', { method: 'POST', body }).said()
  const length = ['Content-Length', String(body.length)]
  await call(pool, '/length', { method: 'POST', headers: length, body: new Upload(new BufferSource(body)) }).said()
  const bodies = texts.join('').split(/(?=POST )/)
  assert.deepEqual(
    bodies.map(text => text.slice(text.indexOf('\r\n\r\n') + 4)),
    [DECOY, DECOY]
  )
  for (const text of bodies) assert.doesNotMatch(text.slice(0, text.indexOf('\r\n\r\n')), /^connection/im)

  const chunked = await wire(t, '\r\n0\r\n\r\n')
  const parts = [DECOY.slice(0, 20), DECOY.slice(20), DECOY].map(text => Buffer.from(text))
  await call(openPool(t, chunked.origin), '/chunks', { method: 'PUT', body: new Upload(new Parts(parts)) }).said()
  const [head, ...rest] = chunked.texts[0]!.split('\r\n\r\n')
  assert.doesNotMatch(head!, /^connection/im)
  assert.match(head!, /^transfer-encoding: chunked$/m)
  assert.equal(
    rest.join('\r\n\r\n'),
    `${parts.map(part => `${part.length.toString(16)}\r\n${part.toString()}\r\n`).join('')}0\r\n\r\n`
  )
})

test('an offer of another protocol keeps its field, and so does the end that the operator asked for', async t => {
  const { origin, texts } = await wire(t, '\r\n\r\n')
  const offer = call(openPool(t, origin), '/up', { upgrade: 'echo' })
  await offer.said()
  await call(openPool(t, origin, {}, { disableKeepAlives: true }), '/x', { method: 'HEAD' }).said()
  assert.match(texts[0]!, /\r\nconnection: upgrade\r\nupgrade: echo\r\n/)
  assert.match(texts[1]!, /\r\nconnection: close\r\n/)
})

test('what comes after another protocol was agreed on is not looked at', async t => {
  const server = createServer(socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.pipe(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const tunnel = call(openPool(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`), '/', { upgrade: 'echo' })
  await tunnel.said()
  const socket = tunnel.tunnel!
  t.after(() => socket.destroy())
  socket.write(DECOY)
  let echoed = ''
  while (echoed.length < DECOY.length) echoed += (await once<[Buffer]>(socket, 'data'))[0].toString()
  assert.equal(echoed, DECOY)
})

test('behind a proxy calls carry none either', async t => {
  const seen: string[][] = []
  const proxy = createHttpServer((req, res) => {
    seen.push(req.rawHeaders.filter((_, i) => i % 2 === 0).map(name => name.toLowerCase()))
    res.end('{}')
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  const config = {
    version: 3,
    timeout: '60s',
    host: ['http://backend.test'],
    endpoints: [{ endpoint: '/a', backend: [{ url_pattern: '/a' }] }]
  }
  const env = { HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` }
  const gateway = await createGateway(config as ConfigInput, { env, logger: silentLogger })
  t.after(() => gateway.close({ graceMs: 1 }))
  await gateway.request({ path: '/a' })
  assert.equal(seen.length, 1)
  assert.equal(seen[0]!.includes('connection'), false)
})

test('text that undici would not write stays the same', () => {
  for (const text of [
    '',
    'x',
    'a\r\nb',
    'GET / HTTP/1.1\r\nhost: h\r\n',
    'GET / HTTP/1.1\r\nhost: h\r\nx: connection: keep-alive\r\n'
  ])
    assert.equal(withoutConnection(text, false), text)
  assert.equal(withoutConnection('POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n', false).includes('close'), true)
})

const CLIENT_TLS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  curvePreferences: [],
  cipherSuites: [],
  caCerts: [],
  disableSystemCaPool: false,
  clientCerts: [],
  allowInsecureConnections: false
} satisfies NonNullable<(typeof TRANSPORT)['tls']>

/** Sends its parts one after the other. */
class Parts implements ByteSource {
  readonly length = undefined
  private readonly parts: readonly Buffer[]

  constructor(parts: readonly Buffer[]) {
    this.parts = parts
  }

  flow(sink: ByteSink): void {
    for (const part of this.parts) sink.write(part)
    sink.end([])
  }

  resume(): void {}

  destroy(): void {}
}
