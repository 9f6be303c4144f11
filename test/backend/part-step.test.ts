/** Decoded backends whose stages stand outside of decoding: what comes of their calls is what comes of calls without stages. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocateBytes, freeBytes } from '../../src/message/slab.js'
import { ask } from '../support/client.js'
import { openGateway } from '../support/open-gateway.js'
import { answer, rawUpstream } from '../support/raw-upstream.js'
import { openUpstream } from '../support/upstream.js'
import { checkKeptBodies, long, numbered } from './numbered-bodies.js'

const BREAKER = { 'qos/circuit-breaker': { interval: 60, timeout: 60, max_errors: 2 } }

/** An endpoint whose backends, one for each pattern, have these components. */
const guarded = (host: string, patterns: readonly string[], backend: object = BREAKER, more: object = {}): object => ({
  timeout: '20s',
  host: [host],
  endpoints: [{ endpoint: '/x/{n}', ...more, backend: patterns.map(url_pattern => ({ url_pattern, extra_config: backend })) }]
})

test('each of many bodies is its own, at any size', async t => {
  const upstream = await openUpstream(t, (req, res) => {
    const [, name, size] = req.url.split('/')
    res.end(JSON.stringify({ [name!]: `${name}${size}`.repeat(Number(size)) }))
  })
  const { port } = await openGateway(t, guarded(upstream.origin, ['/a/{n}', '/b/{n}', '/c/{n}']))
  const sizes = [0, 1, 500, 5000, 30_000, 80_000]
  const got = await Promise.all([...sizes, ...sizes].map(size => ask(port, `/x/${size}`)))
  for (const [i, { text }] of got.entries()) {
    const size = sizes[i % sizes.length]!
    const parts = ['a', 'b', 'c'].map(name => [name, `${name}${size}`.repeat(size)])
    assert.deepEqual(JSON.parse(text), Object.fromEntries(parts), `${size}`)
  }
})

test('a refused status, a body that is no JSON, and one that breaks off fail their part and count for the breaker', async t => {
  // the upstream takes one request from each connection
  const close = 'Connection: close\r\n'
  const failing = [
    answer('500 No', 'no', close),
    answer('200 OK', 'no JSON', close),
    `HTTP/1.1 200 OK\r\n${close}Content-Length: 9\r\n\r\n{`
  ]
  for (const response of failing) {
    const upstream = await rawUpstream(t, (socket, head) => {
      socket.end(head.startsWith('GET /a') ? answer('200 OK', '{"a":1}', close) : response)
    })
    const { port } = await openGateway(t, guarded(upstream.origin, ['/a', '/b']))
    for (let i = 0; i < 5; i++) {
      const got = await ask(port, '/x/1')
      assert.deepEqual([got.status, got.headers['x-krakend-completed'], got.text], [200, 'false', '{"a":1}'])
    }
    assert.equal(upstream.heads.filter(head => head.startsWith('GET /b')).length, 3, 'then the breaker is open')
  }
})

test('the query and the fields of the list go up, and a body does', async t => {
  const upstream = await openUpstream(t, (req, res) => {
    res.end(JSON.stringify({ method: req.method, url: req.url, tenant: req.headers['x-tenant'], body: req.body.toString() }))
  })
  const more = { input_query_strings: ['q'], input_headers: ['X-Tenant'] }
  const get = await openGateway(t, guarded(upstream.origin, ['/a/{n}'], BREAKER, more))
  const asked = await ask(get.port, '/x/7?q=1&other=2', { headers: ['X-Tenant', 'acme'] })
  assert.deepEqual(asked.json(), { method: 'GET', url: '/a/7?q=1', tenant: 'acme', body: '' })
  const config = guarded(upstream.origin, ['/a/{n}'], BREAKER, { ...more, method: 'POST' })
  const post = await openGateway(t, config)
  const sent = await ask(post.port, '/x/7', { method: 'POST', body: 'what is sent' })
  assert.deepEqual(sent.json(), { method: 'POST', url: '/a/7', body: 'what is sent' })
})

test('what a plugin of the backend keeps of a body stays as it is when the next bodies come', t =>
  checkKeptBodies(t, (origin, extra) => guarded(origin, ['/{n}'], { ...BREAKER, ...extra })))

test('bodies of the same size one after the other have the same memory behind a breaker', async t => {
  const upstream = await numbered(t)
  const { port } = await openGateway(t, guarded(upstream.origin, ['/{n}']))
  const next = (): readonly [ArrayBufferLike, number] => {
    const bytes = allocateBytes(5000)
    freeBytes(bytes)
    return [bytes.buffer, bytes.byteOffset]
  }
  await ask(port, '/x/100')
  while (next()[1] !== 0) allocateBytes(5000)
  const before = next()
  for (let n = 100; n < 120; n++) assert.equal((await ask(port, `/x/${n}`)).text, long(`${n}`))
  assert.deepEqual(next(), before)
})
