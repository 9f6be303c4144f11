/** Clients over HTTP/2 that hold something are let go; those that do as the protocol says are not. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BODY_WINDOW_MS, MIN_BODY_BYTES } from '../../src/server/connection.js'
import { Http2Exchange } from '../../src/server/http2-exchange.js'
import type { Http2Request, Http2Response } from '../../src/server/http2-messages.js'
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  FrameClient,
  field,
  frame,
  HEADERS,
  head,
  PING,
  SETTINGS,
  uint32,
  until,
  WINDOW_UPDATE
} from '../support/frames.js'
import { skipTime } from '../support/time.js'
import { echo, open, SWEPT_OFTEN } from './listening.js'

const CALM = 11
const get = (id: number, fields: [string, string][] = []): Buffer =>
  frame(HEADERS, END_STREAM | END_HEADERS, id, head('GET', '/x', fields))

describe('a head has its time', () => {
  const limits = { ...SWEPT_OFTEN, useH2c: true, readHeaderTimeoutMs: 60_000, idleTimeoutMs: 180_000 }
  const begun = frame(HEADERS, END_STREAM | END_HEADERS, 1, head('GET', '/x'))
  for (const [what, bytes] of [
    ['without END_HEADERS', frame(HEADERS, END_STREAM, 1, head('GET', '/x'))],
    ['of half a frame', begun.subarray(0, begun.length - 3)],
    ['of half a frame header', begun.subarray(0, 5)],
    ['behind a whole request', Buffer.concat([begun, frame(HEADERS, END_STREAM, 3, head('GET', '/x'))])]
  ] as const) {
    test(`one ${what}`, async t => {
      const skip = skipTime(t)
      const { port, infos } = await open(t, limits)
      const client = await FrameClient.open(t, port)
      client.polite = false
      const before = client.of(PING).length
      client.send(bytes)
      await client.until('a PING that has no answer', () => client.of(PING).length > before)
      skip(60_000)
      await client.until('the end of the connection', () => client.closed)
      assert.equal(client.goaway, CALM)
      assert.equal(infos.at(-1)!.detail, 'read_header_timeout=60000ms')
    })
  }

  test('that bytes one by one do not prolong', async t => {
    const skip = skipTime(t)
    const { port } = await open(t, limits)
    const client = await FrameClient.open(t, port)
    client.polite = false
    let at = 0
    const drip = setInterval(() => {
      client.socket.write(begun.subarray(at, ++at))
      skip(6_000)
    }, 20)
    t.after(() => clearInterval(drip))
    await client.until('the end of the connection', () => client.closed)
    assert.ok(at < begun.length, 'the whole head was taken')
  })

  test('and so has the first SETTINGS frame', async t => {
    const skip = skipTime(t)
    const { port, infos } = await open(t, limits)
    const client = await FrameClient.silent(t, port)
    client.polite = false
    client.preface()
    await client.until('the settings of the gateway', () => client.of(SETTINGS).length > 0)
    skip(60_000)
    await client.until('the end of the connection', () => client.closed)
    assert.equal(infos.at(-1)!.detail, 'no SETTINGS for 60000ms')
  })

  test('not an idle connection that answers PING', async t => {
    const skip = skipTime(t)
    const { port } = await open(t, limits)
    const client = await FrameClient.open(t, port)
    client.send(get(1))
    await client.ended(1)
    for (let passed = 0; passed < 150_000; passed += 50_000) {
      const before = client.of(PING).length
      client.send(frame(WINDOW_UPDATE, 0, 0, uint32(10)))
      await client.until('a PING', () => client.of(PING).length > before)
      await client.heard() // the answer to that PING too
      skip(50_000)
      assert.equal(client.closed, false, 'closed before idle_timeout')
    }
    await client.heard()
    skip(50_000)
    await client.until('the end of the connection', () => client.closed)
    assert.equal(client.goaway, 0)
  })
})

describe('an idle connection ends', () => {
  test('also when its client never reads', async t => {
    const { port, listener } = await open(t, { useH2c: true, idleTimeoutMs: 200 })
    const client = await FrameClient.open(t, port)
    client.socket.pause()
    await until('the end of the connection', () => listener.connections === 0)
  })

  test('at the moment when more comes from its client', async t => {
    const { port, errors } = await open(t, { useH2c: true, idleTimeoutMs: 100 })
    const client = await FrameClient.open(t, port)
    const more = setInterval(() => client.send(frame(WINDOW_UPDATE, 0, 0, uint32(1))), 1)
    t.after(() => clearInterval(more))
    await client.until('the end of the connection', () => client.closed)
    assert.deepEqual(errors, [])
  })

  test('when its client has sent FIN', async t => {
    const { port, listener } = await open(t, { useH2c: true })
    const client = await FrameClient.open(t, port)
    client.socket.end()
    await until('the end of the connection', () => listener.connections === 0)
  })
})

describe('header fields', () => {
  const many = (count: number): [string, string][] => Array.from({ length: count }, (_, i) => [`x-${i}`, 'v'])
  const limits = { useH2c: true, http2MaxHeaderFields: 100, http2HeaderFieldsPerSecond: 150, http2HeaderBytesPerSecond: 20_000 }

  test('beyond the limit of a request are 431, far beyond they reset the stream', async t => {
    const { port, infos } = await open(t, limits)
    const client = await FrameClient.open(t, port)
    client.send(get(1, many(90)))
    assert.equal(await client.ended(1), 'END_STREAM')
    client.send(get(3, many(110)))
    assert.equal(await client.ended(3), 'END_STREAM')
    assert.equal(infos.at(-1)!.status, 431)
    client.send(get(5, many(200)))
    assert.equal(await client.ended(5), `RST_STREAM(${CALM})`)
  })

  test('beyond the limit of a connection and second end it, whatever they cost on the wire', async t => {
    for (const [fields, repeats] of [
      [field('x-bomb', 'a'.repeat(10), true), 90],
      [field('x-bomb', 'a'.repeat(3000), true), 9]
    ] as const) {
      let served = 0
      const { port, infos } = await open(t, limits, (req, res) => {
        served++
        echo(req, res)
      })
      const client = await FrameClient.open(t, port)
      const repeat = Buffer.alloc(repeats, 0x80 | 62)
      const heads = [frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.concat([head('GET', '/x'), fields, repeat]))]
      for (let id = 3; id < 100; id += 2)
        heads.push(frame(HEADERS, END_STREAM | END_HEADERS, id, Buffer.concat([head('GET', '/x'), repeat])))
      client.send(...heads)
      await client.until('the end of the connection', () => client.closed)
      assert.equal(client.goaway, CALM)
      assert.ok(served < 10, `${served} requests were served`)
      assert.equal(infos.filter(info => info.detail === 'header fields per second').length, 1)
    }
  })

  test('of ordinary requests are not counted, however many there are', async t => {
    const { port } = await open(t, limits)
    const client = await FrameClient.open(t, port)
    for (let id = 1; id < 400; id += 2) client.send(get(id, many(30)))
    for (let id = 1; id < 400; id += 2) assert.equal(await client.ended(id), 'END_STREAM')
  })

  test('count in trailers too', async t => {
    const { port } = await open(t, { ...limits, http2HeaderFieldsPerSecond: 10 })
    const client = await FrameClient.open(t, port)
    const trailers = Buffer.concat([field('x-bomb', 'a', true), Buffer.alloc(80, 0x80 | 62)])
    client.send(
      frame(HEADERS, END_HEADERS, 1, head('POST', '/x')),
      frame(DATA, 0, 1, 'body'),
      frame(HEADERS, END_HEADERS | END_STREAM, 1, trailers)
    )
    await client.until('the end of the connection', () => client.closed)
    assert.equal(client.goaway, CALM)
  })
})

for (const [what, authority, fields] of [
  [':authority with a user', 'a@evil', []],
  [':authority with a user and a password', 'a:b@evil', []],
  [':authority with an empty user', '@evil', []],
  [':authority and another Host', 'a', [['host', 'b']]],
  ['the same user in both', 'a@evil', [['host', 'a@evil']]]
] as [string, string, [string, string][]][]) {
  test(`refuses ${what}`, async t => {
    const { port, infos } = await open(t, { useH2c: true })
    const client = await FrameClient.open(t, port)
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, head('GET', '/x', fields, authority)))
    await client.ended(1)
    // newer versions of nghttp2 reset such a stream before any request is seen
    if (infos.length > 0) assert.equal(infos[0]!.status, 400)
    else assert.equal(client.end(1), 'RST_STREAM(1)')
  })
}

test('refuses a Host with a user, and a path that is none', async t => {
  const { port, infos } = await open(t, { useH2c: true })
  const client = await FrameClient.open(t, port)
  const pseudo = (path: string, scheme = 'http'): Buffer =>
    Buffer.concat([field(':method', 'GET'), field(':scheme', scheme), field(':path', path)])
  client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.concat([pseudo('/x'), field('host', 'a@evil')])))
  await client.ended(1)
  client.send(frame(HEADERS, END_STREAM | END_HEADERS, 3, Buffer.concat([pseudo('http://a/x', 'x'), field('host', 'a')])))
  await client.ended(3)
  // newer versions of nghttp2 reset such a stream before any request is seen
  const reset = [1, 3].filter(id => client.code(id) === 1).length
  assert.equal(infos.length, 2 - reset)
  assert.ok(infos.every(info => info.status === 400))
})

describe('an answer that is complete and not read is cut', () => {
  const server = { useH2c: true, unreadAnswerTimeoutMs: 300 }

  for (const bytes of [10, 1_000_000]) {
    test(`of ${bytes} bytes behind a closed window`, async t => {
      const { port, listener } = await open(t, server, (_req, res) => void res.end('x'.repeat(bytes)))
      const client = await FrameClient.open(t, port, 0)
      client.send(get(1))
      assert.equal(await client.ended(1), 'RST_STREAM(2)')
      assert.equal(listener.connections, 1)
      client.send(get(3))
      assert.equal(await client.ended(3), 'RST_STREAM(2)', 'the connection goes on')
    })

    test(`of ${bytes} bytes behind a socket that is not read`, async t => {
      const body = Buffer.alloc(bytes, 'x')
      const { port, listener } = await open(t, server, (_req, res) => void res.end(body))
      const client = await FrameClient.open(t, port, 2 ** 31 - 1)
      client.send(frame(WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1 - 65_535)))
      client.socket.pause()
      for (let id = 1; id < 60; id += 2) client.send(get(id))
      if (bytes > 10) await until('the end of the connection', () => listener.connections === 0)
    })
  }

  test('not one that is read slowly', async t => {
    const body = Buffer.alloc(200_000, 'x')
    const { port } = await open(t, { ...server, unreadAnswerTimeoutMs: 3000 }, (_req, res) => void res.end(body))
    const client = await FrameClient.open(t, port, 0)
    client.send(frame(WINDOW_UPDATE, 0, 0, uint32(1_000_000)), get(1))
    const grant = setInterval(() => client.send(frame(WINDOW_UPDATE, 0, 1, uint32(16_384))), 250)
    t.after(() => clearInterval(grant))
    assert.equal(await client.ended(1), 'END_STREAM')
    assert.equal(client.body(1).length, body.length)
  })
})

test('finds an upload over HTTP/2 that crawls although the gateway waits for it', async t => {
  const exchanges: [Http2Request, Http2Response][] = []
  const { port } = await open(t, { useH2c: true }, (req, res) => {
    req.on('error', error => res.writeHead(408).end(error.message))
    req.resume()
    exchanges.push([req as unknown as Http2Request, res as unknown as Http2Response])
  })
  const times = { readMs: 0, writeMs: 0, unreadMs: 1e9 }
  const client = await FrameClient.open(t, port)
  client.send(frame(HEADERS, END_HEADERS, 1, head('POST', '/x')))
  await client.until('the request', () => exchanges.length === 1)
  const [request, response] = exchanges[0]!
  const exchange = new Http2Exchange(request, response, 1)
  const check = (ms: number) => exchange.check(times, ms, ms)
  check(1)
  client.send(frame(DATA, 0, 1, 'x'.repeat(MIN_BODY_BYTES)))
  await client.until('the body', () => request.bodyBytes === MIN_BODY_BYTES)
  check(1 + BODY_WINDOW_MS)
  assert.equal(response.headersSent, false)
  client.send(frame(DATA, 0, 1, 'x'))
  await client.until('one byte', () => request.bodyBytes > MIN_BODY_BYTES)
  request.pause()
  check(1 + 2 * BODY_WINDOW_MS)
  assert.equal(response.headersSent, false, 'what reads the body does not want more')
  request.resume()
  check(2 + 2 * BODY_WINDOW_MS)
  check(2 + 3 * BODY_WINDOW_MS)
  assert.equal(await client.ended(1), 'END_STREAM')
  assert.equal(client.body(1), 'the request did not arrive in time')
})

test('agrees on settings once', async t => {
  const { port } = await open(t, { useH2c: true })
  const client = await FrameClient.open(t, port)
  assert.equal(client.of(SETTINGS).length, 2)
})
