import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { openGateway } from '../support/open-gateway.js'
import { once } from '../support/waiting.js'
import { borders, cut, holdsAsync } from './fuzz.js'

/** An end that a connection must come to by itself; nothing here is slow. */
const PATIENCE_MS = 60_000

interface Fixture {
  readonly port: number
  /** Request lines that reached the upstream. */
  readonly seen: string[]
}

async function fixture(t: TestContext): Promise<Fixture> {
  const seen: string[] = []
  const upstream = createServer((req, res) => {
    seen.push(`${req.method} ${req.url}`)
    req.resume()
    req.on('end', () => res.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}'))
    req.on('error', () => res.destroy())
  })
  upstream.keepAliveTimeout = 0 // a gateway that was held up finds its idle connections open
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const host = [`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`]
  const endpoint = (path: string, method: string, encoding: string): object => ({
    endpoint: path,
    method,
    output_encoding: encoding,
    input_headers: ['*'],
    input_query_strings: ['*'],
    timeout: '30s',
    backend: [{ host, url_pattern: path, encoding, method }]
  })
  const { port } = await openGateway(t, {
    endpoints: [
      endpoint('/raw/{x}', 'GET', 'no-op'),
      endpoint('/raw/{x}', 'POST', 'no-op'),
      endpoint('/data/{x}', 'GET', 'json'),
      endpoint('/data/{x}', 'POST', 'json')
    ],
    extra_config: {
      'telemetry/logging': { level: 'CRITICAL', stdout: true },
      router: { disable_access_log: true, max_request_bytes: 1_000_000 }
    }
  })
  t.after(() => upstream.close())
  return { port, seen }
}

/** Sends pieces, says that no more comes, and answers all that was heard until the gateway has closed. */
function talk(port: number, pieces: readonly Buffer[], abrupt: boolean, patient = false): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const heard: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1' })
    const guard = setTimeout(() => {
      reject(new Error(`still open, heard ${Buffer.concat(heard).toString('latin1')}`))
      socket.destroy()
    }, PATIENCE_MS)
    socket.on('data', (chunk: Buffer) => heard.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(guard)
      resolve(Buffer.concat(heard))
    })
    const next = (i: number): void => {
      if (socket.destroyed) return
      if (i < pieces.length) socket.write(pieces[i]!, () => setImmediate(next, i + 1))
      else if (abrupt) socket.resetAndDestroy()
      else if (!patient) {
        // half of a request would be waited for; a client that has heard something may go
        const leave = setTimeout(() => socket.end(), 30)
        socket.once('data', () => setImmediate(() => socket.end()))
        socket.once('close', () => clearTimeout(leave))
      }
    }
    next(0)
  })
}

async function stillServes(port: number): Promise<void> {
  const ask = Buffer.from('GET /raw/ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match((await talk(port, [ask], false, true)).toString('latin1'), /^HTTP\/1\.1 200 [\s\S]*\{"a":1\}/)
}

/** What is heard is answers one after another, nothing else. */
function looksLikeHttp(heard: Buffer): void {
  if (heard.length > 0) assert.match(heard.toString('latin1'), /^HTTP\/1\.1 [1-5]\d\d /)
}

test('random bytes on the socket end with a refusal and change nothing for the next client', async t => {
  const { port, seen } = await fixture(t)
  await holdsAsync(
    t,
    150,
    fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), borders, fc.boolean(), async (bytes, places, abrupt) => {
      looksLikeHttp(await talk(port, cut(Buffer.from(bytes), places), abrupt))
    })
  )
  assert.deepEqual(seen, [])
  await stillServes(port)
})

const VALID = [
  'GET /raw/a?x=1&y=%20 HTTP/1.1\r\nHost: gw.test\r\nAccept: */*\r\nCookie: a=b\r\n\r\n',
  'GET /data/a HTTP/1.1\r\nHost: gw.test:80\r\nConnection: close, x-a\r\nX-A: 1\r\n\r\n',
  'POST /raw/a HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 11\r\nContent-Type: text/plain\r\n\r\nhello world',
  'POST /data/b HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n5\r\nhello\r\n6;e=1\r\n world\r\n0\r\nx-t: 1\r\n\r\n',
  'POST /raw/c HTTP/1.1\r\nHost: gw.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
  'GET http://gw.test/raw/abs HTTP/1.1\r\nHost: gw.test\r\nTE: trailers\r\n\r\n',
  'GET /raw/ws HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  'HEAD /raw/a HTTP/1.0\r\n\r\n'
]

const PIECES = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '%',
  '%2e%2e/',
  '//',
  '../',
  '#',
  '?',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Host: b\r\n',
  'Upgrade: h2c\r\n',
  'Connection: upgrade\r\n',
  'HTTP/2.0',
  'ffffffffffffffff\r\n',
  '0\r\n\r\n',
  '\x80',
  'é',
  'GET /raw/second HTTP/1.1\r\nHost: x\r\n\r\n'
]

const change = fc.record({
  at: fc.nat(),
  length: fc.nat(6),
  by: fc.oneof(fc.constantFrom('', ...PIECES), fc.string({ unit: 'binary', maxLength: 4 }))
})

test('requests with a few bytes changed are answered or refused, and never reach the upstream in another shape', async t => {
  const { port, seen } = await fixture(t)
  const messages = fc.array(fc.constantFrom(...VALID), { minLength: 1, maxLength: 2 })
  await holdsAsync(
    t,
    500,
    fc.asyncProperty(
      messages,
      fc.array(change, { maxLength: 3 }),
      borders,
      fc.boolean(),
      async (texts, changes, places, abrupt) => {
        let text = texts.join('')
        for (const { at, length, by } of changes) {
          const place = at % (text.length + 1)
          text = text.slice(0, place) + by + text.slice(place + (by === '' ? length : 0))
        }
        looksLikeHttp(await talk(port, cut(Buffer.from(text, 'latin1'), places), abrupt))
      }
    )
  )
  await stillServes(port)
  for (const line of seen) assert.match(line, /^(GET|HEAD|POST) \/(raw|data)\/[\x21-\x7e]+$/)
  for (const line of seen) assert.doesNotMatch(line, /^[^?]*\/\.{1,2}(?:[/?]|$)|#/) // a query may hold dots and slashes
})
