import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { AdminServer } from '../../src/admin/admin-server.js'
import { sendJson } from '../../src/admin/send.js'
import { deferred, once } from '../support/waiting.js'
import { ask, openAdmin } from './support.js'

test('a path leads to its route, another one to 404', async t => {
  const { server, port } = await openAdmin(t)
  server.route('/x', { methods: ['GET'], handle: (_, res) => sendJson(res, 200, { x: 1 }) })
  const found = await ask(port, '/x?y=1')
  assert.deepEqual([found.status, found.body], [200, '{"x":1}\n'])
  assert.equal((await ask(port, '/x/')).status, 404)
  const head = await ask(port, '/x', { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '8', ''])
})

test('every response forbids caching, framing and guessing', async t => {
  const { port } = await openAdmin(t)
  const { headers } = await ask(port, '/nothing')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-frame-options'], 'DENY')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.match(headers['content-security-policy'] as string, /default-src 'none'/)
})

test('another method is refused with those that are allowed', async t => {
  const { server, port } = await openAdmin(t)
  server.route('/x', { methods: ['GET'], handle: (_, res) => sendJson(res, 200, {}) })
  const refused = await ask(port, '/x', { method: 'DELETE' })
  assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD'])
})

test('a body that no route reads is refused, and its connection ends', async t => {
  const { server, port } = await openAdmin(t)
  server.route('/x', { methods: ['GET'], handle: (_, res) => sendJson(res, 200, {}) })
  const refused = await ask(port, '/x', { headers: { 'content-length': '5' }, body: '12345' })
  assert.deepEqual([refused.status, refused.headers.connection], [413, 'close'])
})

test('a route that fails is a 500 and a line of the log', async t => {
  const { server, port, errors } = await openAdmin(t)
  server.route('/x', { methods: ['GET'], handle: () => Promise.reject(new Error('broken')) })
  assert.equal((await ask(port, '/x')).status, 500)
  assert.deepEqual(errors.map(String), ['Error: broken'])
})

test('a port that is taken says which', async t => {
  const { port } = await openAdmin(t)
  const second = new AdminServer({ address: '127.0.0.1', port, token: '' }, () => {})
  await assert.rejects(second.open(), { code: 'SLUICE_ERR_CONFIG_LISTEN', message: new RegExp(`127.0.0.1:${port}: EADDRINUSE`) })
  await second.close()
})

test('a head that does not come, and one that is too large, end the connection', async t => {
  const { port } = await openAdmin(t)
  const large = connect(port, '127.0.0.1')
  t.after(() => large.destroy())
  let text = ''
  large.on('data', part => {
    text += part
  })
  large.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
  await once(large, 'close')
  assert.match(text, /^HTTP\/1.1 431 /)
})

test('a client that leaves in the middle of its form is no error', async t => {
  const { port, server, errors } = await openAdmin(t)
  const over = deferred('the end of the form')
  server.route('/form', {
    methods: ['POST'],
    async handle(req) {
      try {
        for await (const _ of req) socket.destroy()
      } finally {
        over.resolve()
      }
    }
  })
  const socket = connect(port, '127.0.0.1')
  socket.write('POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ntoken=')
  await over.promise
  assert.equal((await ask(port, '/')).status, 404)
  assert.deepEqual(errors, [])
})

test('connections that ask nothing do not keep others out', async t => {
  const { server, port } = await openAdmin(t)
  const held = deferred('the end of the request that is served')
  server.route('/x', { methods: ['GET'], handle: (_, res) => sendJson(res, 200, {}) })
  server.route('/held', { methods: ['GET'], handle: (_, res) => held.promise.then(() => sendJson(res, 200, {})) })
  const busy = ask(port, '/held')
  const silent = Array.from({ length: 300 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  t.after(() => {
    for (const socket of silent) socket.destroy()
  })
  await Promise.all(silent.map(socket => once(socket, 'connect')))
  assert.equal((await ask(port, '/x')).status, 200)
  held.resolve()
  assert.equal((await busy).status, 200, 'a request that is served is not cut')
})
