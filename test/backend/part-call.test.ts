import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { ask } from '../support/client.js'
import { openGateway } from '../support/open-gateway.js'
import { answer, rawUpstream } from '../support/raw-upstream.js'
import { openStreamingUpstream } from '../support/upstream.js'
import { deferred, once } from '../support/waiting.js'

/** A merge of `/a`, which answers well, and `/b`, which each test writes itself. */
const merge = (host: string, more: object = {}, endpoint: object = {}): object => ({
  timeout: '5s',
  host: [host],
  endpoints: [{ endpoint: '/x', ...endpoint, backend: [{ url_pattern: '/a' }, { url_pattern: '/b', ...more }] }]
})

/** Whether it ends in order or is cut. */
const closed = (socket: Socket): Promise<unknown> => once(socket, 'close')

const GOOD = answer('200 OK', '{"a":1}')

test('a refused status fails its part before the body has come', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    socket.write(head.startsWith('GET /a') ? GOOD : 'HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\n')
  })
  const { port } = await openGateway(t, merge(upstream.origin))
  const got = await ask(port, '/x')
  assert.deepEqual([got.status, got.headers['x-krakend-completed'], got.text], [200, 'false', '{"a":1}'])
})

test('a refused body is read for a while to keep the connection, a long one is cut', async t => {
  let cut: Promise<unknown> | undefined
  const upstream = await rawUpstream(t, (socket, head) => {
    if (head.startsWith('GET /a')) return socket.write(GOOD)
    cut = closed(socket)
    socket.write(`HTTP/1.1 500 No\r\nContent-Length: 9999999\r\n\r\n${'x'.repeat(80 * 1024)}`)
  })
  const { port } = await openGateway(t, merge(upstream.origin))
  assert.equal((await ask(port, '/x')).text, '{"a":1}')
  await cut
})

test('the body of a refused status is read where its details are wanted, and no further than the limit', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    socket.write(head.startsWith('GET /a') ? GOOD : answer('503 No', 'why not', 'Content-Type: text/plain\r\n'))
  })
  const details = { extra_config: { 'backend/http': { return_error_details: 'b' } } }
  const whole = await ask((await openGateway(t, merge(upstream.origin, details))).port, '/x')
  const error_b = { http_status_code: 503, http_body: 'why not', http_body_encoding: 'text/plain' }
  assert.deepEqual(whole.json(), { a: 1, error_b })
  const tight = { max_body_bytes: 7 }
  const held = await ask((await openGateway(t, merge(upstream.origin, details, tight))).port, '/x')
  assert.deepEqual(held.json(), { a: 1, error_b })
  const tighter = { max_body_bytes: 6 }
  assert.equal((await ask((await openGateway(t, merge(upstream.origin, details, tighter))).port, '/x')).status, 500)
})

test('a body in pieces is joined; one that breaks off is no part', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    if (head.startsWith('GET /a')) return socket.write(GOOD)
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"b":\r\n'
    if (!head.includes('break=1')) return socket.write(`${chunked}3\r\n22}\r\n0\r\n\r\n`)
    socket.write(chunked, () => socket.destroy())
  })
  const config = merge(upstream.origin, {}, { input_query_strings: ['break'] })
  assert.deepEqual((await ask((await openGateway(t, config)).port, '/x')).json(), { a: 1, b: 22 })
  const broken = await ask((await openGateway(t, config)).port, '/x?break=1')
  assert.deepEqual([broken.headers['x-krakend-completed'], broken.text], ['false', '{"a":1}'])
})

test('bodies of any size come whole, in pieces and side by side, over connections that are used again', async t => {
  const sizes = [0, 50, 3000, 5000, 20_000, 40_000, 65_536, 65_537, 200_000]
  const bodyOf = (name: string, size: number): string => `{"${name}":"${`${name}${size}-`.repeat(size).slice(0, size)}"}`
  const upstream = await openStreamingUpstream(t, (req, res) => {
    const { pathname, searchParams } = new URL(req.url!, 'http://upstream')
    const body = Buffer.from(bodyOf(pathname.slice(1), Number(searchParams.get('size'))))
    const pieces = Number(searchParams.get('pieces'))
    res.writeHead(200, { 'Content-Length': body.length })
    if (pieces === 1) return void res.end(body)
    res.flushHeaders()
    const step = Math.ceil(body.length / pieces)
    const write = (from: number): void => {
      if (from >= body.length) return void res.end()
      res.write(body.subarray(from, from + step))
      setImmediate(write, from + step)
    }
    setImmediate(write, 0)
  })
  const { port } = await openGateway(t, merge(upstream.origin, {}, { input_query_strings: ['size', 'pieces'] }))
  for (let round = 0; round < 3; round++) {
    const asked = sizes.flatMap(size => [1, 2, 7].map(pieces => ({ size, pieces })))
    const got = await Promise.all(asked.map(({ size, pieces }) => ask(port, `/x?size=${size}&pieces=${pieces}`)))
    for (const [i, { size, pieces }] of asked.entries())
      assert.equal(got[i]!.text, `${bodyOf('a', size).slice(0, -1)},${bodyOf('b', size).slice(1)}`, `${size} in ${pieces}`)
  }
})

test('a body that is shorter than its length is no part', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    if (head.startsWith('GET /a')) return socket.write(GOOD)
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"b":2}', () => socket.end())
  })
  const got = await ask((await openGateway(t, merge(upstream.origin))).port, '/x')
  assert.deepEqual([got.headers['x-krakend-completed'], got.text], ['false', '{"a":1}'])
})

test('a coding that was meant for this hop alone is none', async t => {
  const upstream = await rawUpstream(t, (socket, head) => {
    const hop = 'Connection: Content-Encoding\r\nContent-Encoding: gzip\r\n'
    socket.write(head.startsWith('GET /a') ? GOOD : answer('201 Made', '{"b":2}', hop))
  })
  assert.deepEqual((await ask((await openGateway(t, merge(upstream.origin))).port, '/x')).json(), { a: 1, b: 2 })
})

test('a client that leaves is no error of the parts that were cancelled for it', async t => {
  const both = deferred('both calls')
  const upstream = await rawUpstream(t, () => {
    if (upstream.heads.length === 2) both.resolve()
  })
  const { port, log } = await openGateway(t, merge(upstream.origin))
  const client = connect(port, '127.0.0.1')
  client.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  await both.promise
  const ended = [...upstream.sockets].map(socket => closed(socket))
  client.destroy()
  await Promise.all(ended)
  assert.deepEqual(
    log.lines.filter(line => line.includes('ERROR')),
    []
  )
})
