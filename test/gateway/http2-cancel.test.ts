/** A client that takes its request back is heard at once, whatever serves it and however far it has come. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { PluginModule } from '../../src/plugin/index.js'
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  FrameClient,
  frame,
  GOAWAY,
  HEADERS,
  head,
  PREFACE,
  reset,
  SETTINGS,
  uint32,
  until
} from '../support/frames.js'
import { type KeptLines, openGateway } from '../support/open-gateway.js'
import { openStreamingUpstream, type Upstream } from '../support/upstream.js'

const modifiers: PluginModule[] = [
  {
    ModifierRegisterer: {
      registerModifiers: register => register('m', () => ({ request: request => request.body.tap(() => {}) }))
    }
  }
]

function endpoints(host: string, url_pattern: string): object[] {
  const backend = { host: [host], url_pattern, method: 'POST' }
  const post = { method: 'POST', timeout: '60s', input_headers: ['*'] }
  const staged = { 'plugin/req-resp-modifier': { name: ['m'] } }
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
    },
    {
      ...post,
      endpoint: '/sequential',
      extra_config: { proxy: { sequential: true } },
      backend: [{ ...backend, group: 'a' }, backend]
    },
    {
      ...post,
      endpoint: '/static',
      extra_config: { proxy: { static: { data: { s: 1 }, strategy: 'always' } } },
      backend: [backend]
    }
  ]
}

const KINDS = ['/direct', '/staged', '/decoded', '/merged', '/sequential', '/static']
const PASSING = ['/direct', '/staged']

const ENDS: [string, (client: FrameClient) => void][] = [
  ['RST_STREAM(CANCEL)', client => client.send(reset(1, 8))],
  ['RST_STREAM(NO_ERROR)', client => client.send(reset(1, 0))],
  ['GOAWAY with an error', client => client.send(frame(GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(2)])))],
  ['the end of the connection', client => void client.socket.end()],
  ['a reset of the connection', client => void client.socket.resetAndDestroy()]
]

/** An upstream that never ends an answer, and a gateway before it. */
async function endless(
  t: TestContext,
  begins: boolean,
  logging: object = {}
): Promise<{ port: number; upstream: Upstream; log: KeptLines }> {
  const upstream = await openStreamingUpstream(t, (req, res) => {
    req.on('error', () => {}).resume()
    if (begins) res.writeHead(200, { 'Content-Type': 'application/json' }).write('{"a":')
  })
  const router = { use_h2c: true }
  const { port, log } = await openGateway(
    t,
    { endpoints: endpoints(upstream.origin, '/x'), extra_config: { router, ...logging } },
    { plugins: modifiers }
  )
  return { port, upstream, log }
}

async function expectFreed(kind: string, upstream: Upstream, log: KeptLines, before: number): Promise<void> {
  await until(`the calls of ${kind} to end`, () => upstream.sockets.size === 0)
  const lines = (): string[] => log.lines.filter(line => line.includes('[SLUICE]'))
  await until(`the log line of ${kind}`, () => lines().length > before)
  assert.match(lines().at(-1)!, / 499 /, kind)
}

for (const [how, end] of ENDS) {
  for (const [when, body, begins] of [
    ['before the head', 'whole', false],
    ['in the body', 'whole', true],
    ['during the upload', 'part', false]
  ] as const) {
    test(`${how} ${when} ends the calls`, async t => {
      const { port, upstream, log } = await endless(t, begins)
      let count = 0
      for (const kind of body === 'part' ? [...PASSING, '/decoded', '/static'] : KINDS) {
        const client = await FrameClient.open(t, port)
        client.send(
          frame(HEADERS, END_HEADERS, 1, head('POST', kind)),
          frame(DATA, body === 'whole' ? END_STREAM : 0, 1, 'hello')
        )
        await until(`a call for ${kind}`, () => upstream.sockets.size > 0)
        if (begins && PASSING.includes(kind)) await client.until('the first bytes', () => client.body(1) !== '')
        end(client)
        await expectFreed(kind, upstream, log, count++)
        client.socket.destroy()
      }
    })
  }
}

const PING_FRAME = 6
const CONTINUATION = 9
/** Of no type that RFC 9113 knows: ignored. */
const UNKNOWN = frame(32, 0, 0)

for (const [error, bytes] of [
  ['a frame that is too large', Buffer.from('zzzzzzzzzzzz')],
  ['a PING of 3 bytes', frame(PING_FRAME, 0, 0, 'abc')],
  ['DATA on the connection', frame(DATA, 0, 0, 'x')],
  ['a CONTINUATION without its HEADERS', frame(CONTINUATION, END_HEADERS, 1, '')],
  ['a block of fields that is none', frame(HEADERS, END_HEADERS | END_STREAM, 3, Buffer.alloc(5, 0xff))]
] as const) {
  test(`${error} ends the connection and its calls`, async t => {
    const { port, upstream, log } = await endless(t, false)
    let count = 0
    for (const [path, flags] of [
      ['/direct', 0],
      ['/decoded', END_STREAM]
    ] as const) {
      const client = await FrameClient.open(t, port)
      client.send(frame(HEADERS, END_HEADERS, 1, head('POST', path)), frame(DATA, flags, 1, 'hello'))
      await until(`a call for ${path}`, () => upstream.sockets.size > 0)
      client.send(bytes)
      await client.until('GOAWAY', () => client.goaway !== undefined)
      await client.until('the end of the connection', () => client.closed)
      await expectFreed(path, upstream, log, count++)
    }
  })
}

test('a running stream outlives many looks at its connection, also of a client that answers no PING', async t => {
  const { port, upstream } = await endless(t, true)
  const client = await FrameClient.open(t, port)
  client.polite = false
  client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, head('POST', '/direct')))
  await client.until('the first bytes', () => client.body(1) !== '')
  for (let looks = 1; looks <= 4; looks++) {
    client.send(UNKNOWN)
    await client.until('a PING of the gateway', () => client.of(PING_FRAME).length >= looks)
  }
  assert.deepEqual([client.closed, client.end(1), upstream.sockets.size], [false, '', 1])
})

test('GOAWAY without an error lets running streams end', async t => {
  const { port, upstream } = await endless(t, true)
  const client = await FrameClient.open(t, port)
  client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, head('POST', '/direct')))
  await client.until('the first bytes', () => client.body(1) !== '')
  client.send(frame(GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0)])))
  await client.heard()
  assert.equal(upstream.sockets.size, 1)
  client.send(reset(1, 8))
  await until('the call to end', () => upstream.sockets.size === 0)
})

test('a request that is reset in the segment of its head leaves no call', async t => {
  const { port, upstream, log } = await endless(t, false)
  const client = await FrameClient.open(t, port)
  client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, head('POST', '/direct')), reset(1, 8))
  await expectFreed('/direct', upstream, log, 0)
})

test('a request that is reset in the first segment of its connection calls no backend', async t => {
  const logging = { 'telemetry/logging': { level: 'INFO', stdout: true, access_log_format: 'json' } }
  const { port, upstream, log } = await endless(t, false, logging)
  const client = await FrameClient.silent(t, port)
  const request = frame(HEADERS, END_STREAM | END_HEADERS, 1, head('POST', '/direct'))
  client.send(PREFACE, frame(SETTINGS, 0, 0), request, reset(1, 8))
  assert.match(await log.line(/"status":499/), /"client":"127\.0\.0\.1"/)
  assert.equal(upstream.accepted, 0)
})

for (const [how, end, status] of [
  ['a client that resets its stream', (client: FrameClient) => client.send(reset(1, 8)), / 499 /],
  ['a client that never opens its window', () => {}, /unread_answer_timeout=300ms/]
] as const) {
  test(`${how} while a decoded answer waits for it shows in the access log`, async t => {
    const upstream = await openStreamingUpstream(t, (_req, res) => void res.end(JSON.stringify({ a: 'x'.repeat(1e6) })))
    const router = { use_h2c: true, ...(end.length === 0 && { unread_answer_timeout: '300ms' }) }
    const backend = [{ host: [upstream.origin], url_pattern: '/x', group: 'g' }]
    const logging = { level: 'DEBUG', stdout: true, ...(end.length === 0 && { access_log_format: 'json' }) }
    const extra_config = { router, 'telemetry/logging': logging }
    const { port, log } = await openGateway(t, { endpoints: [{ endpoint: '/j', backend }], extra_config })
    const client = await FrameClient.open(t, port, 10)
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, head('GET', '/j')))
    await client.until('the first bytes', () => client.body(1) !== '')
    end(client)
    assert.match(await log.line(status), /\/j/)
  })
}
