/** Blocks among the other parts of a pipe: several backends, caches, watchers, tunnels, streams. */

import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createGateway } from '../../../../src/gateway.js'
import type { ConfigInput } from '../../../../src/index.js'
import { freePort } from '../../../support/free-port.js'
import { deferred, once, until } from '../../../support/waiting.js'
import { build, startUpstream } from '../../scripted-upstream.js'
import { set, withBlock } from './support.js'

const martian = (block: unknown): object => ({ extra_config: { 'modifier/martian': block } })

test('backends of one endpoint are edited each for itself', async t => {
  const host = await startUpstream(t, async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    res.end(JSON.stringify({ body, url: req.url, x: req.headers['x-n'] ?? null }))
  })
  const backend = (group: string, block: unknown): object => ({
    host: [host],
    url_pattern: `/${group}`,
    method: 'POST',
    group,
    ...martian(block)
  })
  const { gateway } = await build(t, {
    endpoints: [
      {
        endpoint: '/m',
        method: 'POST',
        input_query_strings: ['*'],
        backend: [
          backend('a', { 'body.Modifier': { scope: ['request'], body: 'bmV3' } }),
          backend('b', {
            'fifo.Group': {
              scope: ['request'],
              modifiers: [set('X-N', '1'), { 'querystring.Modifier': { name: 'q', value: '2' } }]
            }
          }),
          { host: [host], url_pattern: '/c', method: 'POST', group: 'c' }
        ]
      }
    ]
  })
  const answer = await gateway.request({ method: 'POST', path: '/m?q=1', body: 'old' })
  assert.deepEqual(answer.json(), {
    a: { body: 'new', url: '/a?q=1', x: null },
    b: { body: 'old', url: '/b?q=2', x: '1' },
    c: { body: 'old', url: '/c?q=1', x: null }
  })
})

test('concurrent calls are edited each for itself', async t => {
  const { gateway, seen } = await withBlock(
    t,
    { 'header.Append': { name: 'X-N', value: '1' } },
    { decoded: true, endpoint: { concurrent_calls: 2 } }
  )
  assert.equal((await gateway.request({ path: '/a' })).status, 200)
  assert.deepEqual([...new Set(seen.map(one => one.headers['x-n']))], ['1'])
})

test('the cache stands further in: it keeps what the upstream said', async t => {
  let calls = 0
  const host = await startUpstream(t, (_, res) => {
    calls++
    res.setHeader('Cache-Control', 'max-age=60').setHeader('X-Up', '1').end('{}')
  })
  const block = { 'header.Append': { scope: ['response'], name: 'X-Up', value: '2' } }
  const extra_config = { 'modifier/martian': block, 'qos/http-cache': {} }
  const { gateway } = await build(t, {
    endpoints: [{ endpoint: '/a', output_encoding: 'no-op', backend: [{ host: [host], url_pattern: '/x', extra_config }] }]
  })
  for (let i = 0; i < 2; i++) assert.equal((await gateway.request({ path: '/a' })).headers['x-up'], '1, 2')
  assert.equal(calls, 1)
})

test('a block that is measured edits the same', async t => {
  const host = await startUpstream(t, (_, res) => res.setHeader('X-Up', '1').end('{}'))
  const block = { 'fifo.Group': { modifiers: [set('X-N', '1'), { 'status.Modifier': { statusCode: 201 } }] } }
  const { gateway } = await build(t, {
    extra_config: {
      'telemetry/opentelemetry': { exporters: { prometheus: [{ name: 'p', port: await freePort(), listen_ip: '127.0.0.1' }] } }
    },
    endpoints: [{ endpoint: '/a', output_encoding: 'no-op', backend: [{ host: [host], url_pattern: '/x', ...martian(block) }] }]
  })
  const { status, headers } = await gateway.request({ path: '/a' })
  assert.deepEqual([status, headers['x-n'], headers['x-up']], [201, '1', '1'])
})

/** A pass-through endpoint `/a` on a port of its own, in front of an upstream's port. */
async function listening(t: TestContext, method: string, block: unknown, upstream: number): Promise<number> {
  const port = await freePort()
  const backend = { host: [`http://127.0.0.1:${upstream}`], url_pattern: '/x', method, ...martian(block) }
  const endpoints = [{ endpoint: '/a', method, output_encoding: 'no-op', input_headers: ['*'], backend: [backend] }]
  const config = { version: 3, port, listen_ip: '127.0.0.1', timeout: '30s', endpoints }
  const gateway = await createGateway(config as ConfigInput, { env: {} })
  t.after(() => gateway.close({ graceMs: 1 }))
  await gateway.listen()
  return port
}

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

/** Sends text and returns the connection. */
function send(t: TestContext, port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.setEncoding('latin1')
  socket.write(text)
  return socket
}

test('a request body streams through edits of fields and query', async t => {
  const half = deferred<void>('the first half')
  const server = createServer((req, res) => {
    req.once('data', () => half.resolve())
    req.on('end', () => res.end(`${req.url} ${req.headers['x-n']}`))
    req.resume()
  })
  const block = {
    'fifo.Group': { scope: ['request'], modifiers: [set('X-N', '1'), { 'querystring.Modifier': { name: 'a', value: 'b' } }] }
  }
  const port = await listening(t, 'POST', block, await listen(t, server))
  const socket = send(t, port, 'POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8\r\n\r\nhalf')
  await half.promise
  socket.write('half')
  let text = ''
  for await (const chunk of socket) text += chunk
  assert.match(text, /^HTTP\/1.1 200 [\s\S]*\r\n\r\n\/x\?a=b 1$/)
})

test('a tunnel is opened with edited fields; its status and its bytes stay', async t => {
  const server = createServer()
  server.on('upgrade', (req, socket) => {
    socket.on('error', () => {})
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Got: ${req.headers['x-n']}\r\n\r\n`
    )
    socket.pipe(socket)
  })
  const block = {
    'fifo.Group': {
      modifiers: [
        set('X-N', '1'),
        { 'status.Modifier': { statusCode: 500 } },
        { 'body.Modifier': { scope: ['response'], body: '' } }
      ]
    }
  }
  const port = await listening(t, 'GET', block, await listen(t, server))
  const socket = send(t, port, 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  await until(() => text.includes('\r\n\r\n'), 'the head of the tunnel')
  assert.match(text, /^HTTP\/1.1 101 /)
  assert.match(text, /\r\nx-got: 1\r\n/i)
  assert.match(text, /\r\nx-n: 1\r\n/i)
  socket.write('ping')
  await until(() => text.endsWith('ping'), 'the echo')
})
