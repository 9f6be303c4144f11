/** What was not a complete request never leaves as one. */

import assert from 'node:assert/strict'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { PluginModule } from '../../src/plugin/index.js'
import { DATA, END_HEADERS, END_STREAM, FrameClient, field, frame, HEADERS, head, reset, until } from '../support/frames.js'
import { openGateway } from '../support/open-gateway.js'
import { openStreamingUpstream } from '../support/upstream.js'
import { once } from '../support/waiting.js'

const observer: PluginModule[] = [
  {
    ModifierRegisterer: {
      registerModifiers: register => register('m', () => ({ request: request => request.body.tap(() => {}) }))
    }
  }
]
const staged = { 'plugin/req-resp-modifier': { name: ['m'] } }

function endpoints(host: string): object[] {
  const backend = { host: [host], url_pattern: '/sink', method: 'POST' }
  const post = { method: 'POST', input_headers: ['*'] }
  return [
    { ...post, endpoint: '/direct', output_encoding: 'no-op', backend: [backend] },
    { ...post, endpoint: '/staged', output_encoding: 'no-op', extra_config: staged, backend: [backend] },
    { ...post, endpoint: '/decoded', backend: [backend] },
    {
      ...post,
      endpoint: '/merged',
      backend: [
        { ...backend, group: 'a' },
        { ...backend, group: 'b' }
      ]
    }
  ]
}

interface Sink {
  readonly port: number
  /** Bodies of requests that arrived whole. */
  readonly whole: string[]
  /** Requests that broke off. */
  broken: number
  log: { text: string }
}

async function sink(t: TestContext): Promise<Sink> {
  const state: Sink = { port: 0, whole: [], broken: 0, log: { text: '' } }
  const upstream = await openStreamingUpstream(t, (req, res) => {
    let body = ''
    req.on('data', chunk => {
      body += chunk
    })
    req.on('error', () => state.broken++)
    req.on('end', () => {
      state.whole.push(body)
      res.end('{}')
    })
  })
  const router = { use_h2c: true }
  const opened = await openGateway(t, { endpoints: endpoints(upstream.origin), extra_config: { router } }, { plugins: observer })
  return Object.assign(state, { port: opened.port, log: opened.log })
}

const KINDS = ['/direct', '/staged', '/decoded', '/merged']
const length = (n: number): [string, string] => ['content-length', String(n)]
const open = (path: string, fields: [string, string][] = []): Buffer => frame(HEADERS, END_HEADERS, 1, head('POST', path, fields))
const data = (text: string, last = false): Buffer => frame(DATA, last ? END_STREAM : 0, 1, text)

/** Frames of one segment each. */
const CUT: [string, (path: string) => Buffer[][]][] = [
  ['reset in the segment of its head', path => [[open(path), reset(1, 8)]]],
  ['reset without error in the segment of its head', path => [[open(path), reset(1, 0)]]],
  ['reset behind a part of its body', path => [[open(path), data('he')], [reset(1, 8)]]],
  ['reset without error behind a part of its body', path => [[open(path), data('he')], [reset(1, 0)]]],
  ['reset behind all of its body, but not its end', path => [[open(path, [length(5)]), data('hello')], [reset(1, 8)]]],
  ['reset instead of the end of no body', path => [[open(path, [length(0)])], [reset(1, 8)]]],
  ['shorter than its length', path => [[open(path, [length(30)]), data('hello', true)]]],
  ['shorter than its length, in a later segment', path => [[open(path, [length(30)]), data('he')], [data('llo', true)]]],
  ['longer than its length', path => [[open(path, [length(5)]), data('hello!', true)]]],
  ['longer than its length, in a later segment', path => [[open(path, [length(5)]), data('hello')], [data('!', true)]]],
  [
    'with trailers that are pseudo-fields',
    path => [[open(path), data('hello')], [frame(HEADERS, END_HEADERS | END_STREAM, 1, field(':path', '/x'))]]
  ],
  ['with trailers that do not end it', path => [[open(path), data('hello')], [frame(HEADERS, END_HEADERS, 1, field('a', 'b'))]]]
]

for (const [what, segments] of CUT) {
  test(`an upload over HTTP/2 ${what} is no request`, async t => {
    const state = await sink(t)
    for (const path of KINDS) {
      const client = await FrameClient.open(t, state.port)
      for (const segment of segments(path)) {
        client.send(...segment)
        await client.heard()
      }
      await until(`the log line of ${path}`, () => state.log.text.includes(path))
      client.socket.destroy()
    }
    assert.deepEqual(state.whole, [])
    for (const line of state.log.text.split('\n').filter(one => one.includes('[SLUICE]'))) assert.match(line, / 499 /)
  })
}

test('an upload over HTTP/2 whose connection ends is no request', async t => {
  const state = await sink(t)
  for (const path of KINDS) {
    for (const end of ['end', 'resetAndDestroy'] as const) {
      const client = await FrameClient.open(t, state.port)
      client.send(open(path, [length(5)]), data('hello'))
      await client.heard()
      client.socket[end]()
    }
    await until(`both log lines of ${path}`, () => state.log.text.split(path).length > 2)
  }
  assert.deepEqual(state.whole, [])
})

test('complete uploads over HTTP/2 arrive whole, however they are cut into frames', async t => {
  const state = await sink(t)
  const whole: ((path: string) => Buffer[])[] = [
    path => [open(path, [length(5)]), data('hello', true)],
    path => [open(path, [length(5)]), data('he'), data('llo'), data('', true)],
    path => [open(path), data('hel'), data('lo'), frame(HEADERS, END_HEADERS | END_STREAM, 1, field('x-sum', '5'))]
  ]
  for (const path of KINDS) {
    for (const frames of whole) {
      const client = await FrameClient.open(t, state.port)
      client.send(...frames(path))
      assert.equal(await client.ended(1), 'END_STREAM')
      client.socket.destroy()
    }
  }
  assert.deepEqual(
    state.whole,
    Array.from({ length: 3 * (KINDS.length + 1) }, () => 'hello')
  )
})

test('an upload over HTTP/2 that a response left unread keeps no connection open when the gateway closes', async t => {
  const upstream = await openStreamingUpstream(t, (_req, res) => res.end('{}'))
  const router = { use_h2c: true }
  const config = { endpoints: endpoints(upstream.origin), max_body_bytes: 10, extra_config: { router } }
  const { gateway, origin } = await openGateway(t, config, { plugins: observer })
  for (const path of KINDS) {
    for (const ends of [true, false]) {
      const session = connectHttp2(origin)
      t.after(() => session.destroy())
      const stream = session.request({ ':method': 'POST', ':path': path })
      stream.on('error', () => {})
      stream.write('x'.repeat(64_000))
      if (ends) stream.end()
      const [fields] = (await once(stream, 'response')) as [IncomingHttpHeaders]
      assert.equal(fields[':status'], path === '/merged' ? 413 : 200, path)
    }
  }
  assert.equal(await gateway.close({ graceMs: 60_000 }), true)
})

for (const [what, text] of [
  ['with too few bytes', 'Content-Length: 30\r\n\r\nhello'],
  ['without its last chunk', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ['with a chunk that breaks off', 'Transfer-Encoding: chunked\r\n\r\n9\r\nhello'],
  ['with nothing but its head', 'Transfer-Encoding: chunked\r\n\r\n']
] as const) {
  test(`an upload over HTTP/1 ${what} is no request`, async t => {
    const state = await sink(t)
    for (const path of KINDS) {
      for (const end of ['end', 'resetAndDestroy'] as const) {
        const socket = connect({ port: state.port, host: '127.0.0.1' })
        socket.on('error', () => {})
        socket.resume()
        socket.write(`POST ${path} HTTP/1.1\r\nHost: gw\r\n${text}`, () => socket[end]())
      }
      await until(`the log line of ${path}`, () => state.log.text.includes(path))
    }
    assert.deepEqual(state.whole, [])
  })
}
