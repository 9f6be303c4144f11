/** What HTTP/2 clients get: trailers, responses without content, and cut responses that look cut. */

import assert from 'node:assert/strict'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { describe, type TestContext, test } from 'node:test'
import type { PluginModule } from '../../src/plugin/index.js'
import { END_HEADERS, END_STREAM, FrameClient, frame, HEADERS, head, until } from '../support/frames.js'
import { openGateway } from '../support/open-gateway.js'
import { rawUpstream } from '../support/raw-upstream.js'
import { passTime } from '../support/time.js'
import { openStreamingUpstream } from '../support/upstream.js'
import { once } from '../support/waiting.js'

/** `pass` looks on, `late` fails in the middle of a body, `content` answers a status that has no content with a body. */
const modifiers: PluginModule[] = [
  {
    ModifierRegisterer: {
      registerModifiers(register) {
        register('pass', () => ({ response: response => response.body.tap(() => {}) }))
        register('late', () => ({
          response: response =>
            response.body.transform({
              chunk() {
                throw new Error('too late')
              }
            })
        }))
        register('content', () => ({
          response(response) {
            response.status = 204
            response.body.set('no content')
          }
        }))
      }
    }
  }
]

const modifier = (name: string): object => ({ extra_config: { 'plugin/req-resp-modifier': { name: [name] } } })

function endpoints(host: string): object[] {
  const backend = [{ host: [host], url_pattern: '/x' }]
  const noop = { output_encoding: 'no-op', backend }
  return [
    { ...noop, endpoint: '/direct' },
    { ...noop, endpoint: '/staged', ...modifier('pass') },
    { ...noop, endpoint: '/late', ...modifier('late') },
    { ...noop, endpoint: '/content', ...modifier('content') },
    { endpoint: '/shaped', max_body_bytes: 100, backend: [{ host: [host], url_pattern: '/x', group: 'g' }] }
  ]
}

/** A gateway before an upstream that writes `text`, and `ends` then; the upstream's sockets. */
async function before(t: TestContext, text: string, server: object = {}, ends = false) {
  const upstream = await rawUpstream(t, socket => void (ends ? socket.end(text) : socket.write(text)))
  const config = {
    ...server,
    endpoints: endpoints(upstream.origin),
    extra_config: { router: { use_h2c: true, auto_head: true } }
  }
  const { port } = await openGateway(t, config, { plugins: modifiers })
  return { port, sockets: upstream.sockets }
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n'
const LONG = JSON.stringify({ a: 'x'.repeat(3000), b: 'y'.repeat(3000) })
const FRAMED = `${OK}Content-Length: ${LONG.length}\r\n\r\n`
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n${LONG.length.toString(16)}\r\n`
const PART = LONG.slice(0, 5000)

describe('an answer that breaks off ends by RST_STREAM with an error code', () => {
  for (const [cause, text, after, server] of [
    ['its upstream closes before the length', FRAMED + PART, 'destroy', {}],
    ['its upstream ends before the length', FRAMED + PART, 'end', {}],
    ['its upstream closes within a chunk', CHUNKED + PART, 'destroy', {}],
    ['its upstream closes before the last chunk', `${CHUNKED}${LONG}\r\n`, 'destroy', {}],
    ['its upstream sends no more', FRAMED + PART, 'time', {}],
    ['it takes longer than write_timeout', FRAMED + PART, 'time', { write_timeout: '60s', timeout: '600s' }],
    ['its upstream breaks the framing', `${CHUNKED}${LONG}\r\nno length\r\n`, 'wait', {}]
  ] as const) {
    test(cause, async t => {
      const { port, sockets } = await before(t, text, server)
      for (const path of ['/direct', '/staged', '/shaped']) {
        const client = await FrameClient.open(t, port)
        client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, head('GET', path)))
        await client.until('the head', () => client.of(HEADERS, 1).length > 0)
        if (after === 'time') await passTime(60_000)
        else if (after !== 'wait') for (const socket of sockets) socket[after]()
        const end = await client.ended(1)
        assert.equal(end, 'RST_STREAM(2)', path)
        client.socket.destroy()
      }
    })
  }

  test('a plugin fails in its middle', async t => {
    const { port } = await before(t, FRAMED + LONG)
    const client = await FrameClient.open(t, port)
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, head('GET', '/late')))
    assert.equal(await client.ended(1), 'RST_STREAM(2)')
  })

  test('the gateway closes', async t => {
    const upstream = await rawUpstream(t, socket => void socket.write(FRAMED + PART))
    const config = { endpoints: endpoints(upstream.origin), extra_config: { router: { use_h2c: true } } }
    const { gateway, port } = await openGateway(t, config, { plugins: modifiers })
    const client = await FrameClient.open(t, port)
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, head('GET', '/direct')))
    await client.until('the body', () => client.body(1) !== '')
    await gateway.close({ graceMs: 1 })
    await client.until('the end of the connection', () => client.closed)
    assert.notEqual(client.end(1), 'END_STREAM')
    assert.notEqual(client.end(1), 'RST_STREAM(0)')
  })
})

interface Got {
  status: number
  length: string | undefined
  body: string
  trailers: IncomingHttpHeaders
  code: number
  error: string
}

/** One exchange of a strict client. */
function get(t: TestContext, port: number, path: string, method = 'GET'): Promise<Got> {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  t.after(() => session.destroy())
  const stream = session.request({ ':path': path, ':method': method })
  const got: Got = { status: 0, length: undefined, body: '', trailers: {}, code: 0, error: '' }
  return new Promise(resolve => {
    stream.on('response', fields => {
      got.status = fields[':status']!
      got.length = fields['content-length']
    })
    stream.on('trailers', fields => {
      got.trailers = { ...fields }
    })
    stream.on('error', error => {
      got.error = error.message
    })
    stream.on('data', chunk => {
      got.body += chunk
    })
    stream.on('close', () => {
      got.code = stream.rstCode
      session.destroy()
      resolve(got)
    })
  })
}

test('trailers reach every HTTP/2 client, without what may not stand in them', async t => {
  const { port } = await before(
    t,
    `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\ngrpc-status: 0\r\nX-Sum: 1\r\nx-sum: 2\r\nETag: "a"\r\netag: "b"\r\n` +
      'Keep-Alive: 1\r\nTE: gzip\r\nHost: x\r\nContent-Type: x/y\r\nSet-Cookie: a=b\r\n\r\n'
  )
  for (const path of ['/direct', '/staged']) {
    const got = await get(t, port, path)
    assert.deepEqual([got.status, got.body, got.error], [200, 'ok', ''], path)
    assert.deepEqual(Object.entries(got.trailers), Object.entries({ 'grpc-status': '0', 'x-sum': '1, 2', etag: '"a", "b"' }))
  }
})

test('trailers without a body reach HTTP/2 clients', async t => {
  const { port } = await before(t, `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\ngrpc-status: 12\r\n\r\n`)
  for (const path of ['/direct', '/staged']) {
    const got = await get(t, port, path)
    assert.deepEqual([got.status, got.body, got.trailers['grpc-status'], got.error], [200, '', '12', ''], path)
  }
})

for (const status of [204, 205, 304]) {
  for (const [framing, rest] of [
    ['a length', 'Content-Length: 2\r\n\r\nno'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n'],
    ['nothing', '\r\n']
  ] as const) {
    test(`${status} with ${framing} has no content over HTTP/2`, async t => {
      const text = `HTTP/1.1 ${status} X\r\nConnection: close\r\n${rest}`
      const { port } = await before(t, text, {}, framing === 'nothing')
      for (const path of ['/direct', '/staged']) {
        const got = await get(t, port, path)
        assert.deepEqual([got.status, got.body, got.code, got.error], [status, '', 0, ''], path)
      }
    })
  }
}

test('a plugin that answers 204 with a body answers without it', async t => {
  const { port } = await before(t, `${OK}Content-Length: 2\r\n\r\nok`)
  assert.deepEqual(await get(t, port, '/content'), { status: 204, length: undefined, body: '', trailers: {}, code: 0, error: '' })
})

test('interim answers reach HTTP/2 clients, and break nothing', async t => {
  const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nETag: "a"\r\nETag: "b"\r\n\r\n'
  const { port } = await before(t, `${hint}${hint}${OK}Content-Length: 2\r\n\r\nok`)
  for (const path of ['/direct', '/staged']) {
    const client = await FrameClient.open(t, port)
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, head('GET', path)))
    assert.equal(await client.ended(1), 'END_STREAM')
    assert.deepEqual([client.of(HEADERS, 1).length, client.body(1)], [3, 'ok'], path)
    client.socket.destroy()
  }
})

test('an upload that is answered early is stopped without an error', async t => {
  const upstream = await openStreamingUpstream(t, (_req, res) => {
    res.writeHead(403, { 'Content-Length': 2 }).end('no')
  })
  const endpoint = {
    endpoint: '/up',
    method: 'POST',
    output_encoding: 'no-op',
    backend: [{ host: [upstream.origin], url_pattern: '/x' }]
  }
  const { port } = await openGateway(t, { endpoints: [endpoint], extra_config: { router: { use_h2c: true } } })
  const client = await FrameClient.open(t, port)
  client.send(frame(HEADERS, END_HEADERS, 1, head('POST', '/up')), frame(0, 0, 1, 'begun'))
  await client.until('the answer', () => client.body(1) === 'no')
  assert.equal(await client.ended(1), 'END_STREAM')
  await until('RST_STREAM(NO_ERROR)', () => client.code(1) !== undefined)
  assert.equal(client.code(1), 0)
})

test('fields that HTTP/2 has once or not at all do not break an answer', async t => {
  const fields = [
    'ETag: "a"',
    'ETag: "b"',
    'Age: 1',
    'Age: 1',
    'Keep-Alive: 5',
    'Content-Encoding: a',
    'Content-Encoding: b',
    'X: 1',
    'X: 2'
  ]
  const { port } = await before(t, `${OK}${fields.join('\r\n')}\r\nContent-Length: 2\r\n\r\nok`)
  for (const path of ['/direct', '/staged']) {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    t.after(() => session.destroy())
    const stream = session.request({ ':path': path })
    const [got] = (await once(stream, 'response')) as [IncomingHttpHeaders]
    assert.deepEqual([got.etag, got.age, got['content-encoding'], got.x], ['"a"', '1', 'a, b', '1, 2'], path)
  }
})

test('HEAD over HTTP/2 ends cleanly, whatever is done with the body', async t => {
  const { port } = await before(t, `${OK}Content-Length: 2\r\n\r\n`)
  for (const path of ['/direct', '/staged', '/content']) {
    const got = await get(t, port, path, 'HEAD')
    assert.deepEqual([got.body, got.code, got.error], ['', 0, ''], path)
  }
})
