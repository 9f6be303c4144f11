/**
 * The rules of HTTP towards clients stand once, in `exchange/answer-writer.ts`: both kinds of exchange keep them alike. HTTP/2's share is in
 * http2-responses.test.ts, interim responses and types in response-heads.test.ts.
 */

import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import type { PluginModule } from '../../src/plugin/index.js'
import { RawClient } from '../server/raw-client.js'
import { type OpenGateway, openGateway } from '../support/open-gateway.js'
import { rawUpstream } from '../support/raw-upstream.js'
import { passTime } from '../support/time.js'
import { until } from '../support/waiting.js'

const plugins: PluginModule = {
  ModifierRegisterer: { registerModifiers: register => register('on', () => ({ response() {} })) }
}

const KINDS = {
  'a pass-through exchange': {},
  'an exchange of messages': { extra_config: { 'plugin/req-resp-modifier': { name: ['on'] } } }
}

const IDLE_MS = 60_000
/** More than the sockets between an upstream and a client hold. */
const LARGE = Buffer.alloc(32 << 20, 'x')

interface Open extends OpenGateway {
  readonly sockets: ReadonlySet<Socket>
}

/** A no-op endpoint `/x` whose upstream says `text` to each request. */
async function saying(t: TestContext, keys: object, text: string, timeout = '20s', more?: Buffer): Promise<Open> {
  const upstream = await rawUpstream(t, socket => {
    socket.write(text.replace('\r\n', '\r\nConnection: close\r\n'), 'latin1')
    if (more !== undefined) socket.write(more)
  })
  const endpoint = { endpoint: '/x', output_encoding: 'no-op', timeout, ...keys }
  const config = {
    extra_config: {
      router: { auto_head: true },
      'telemetry/logging': { level: 'DEBUG', stdout: true, access_log_format: 'json' }
    },
    endpoints: [{ ...endpoint, backend: [{ host: [upstream.origin], url_pattern: '/x' }] }]
  }
  return Object.assign(await openGateway(t, config, { plugins: [plugins] }), { sockets: upstream.sockets })
}

/** What a client gets until its connection ends. */
async function get(port: number, fields = '', method = 'GET'): Promise<string> {
  const client = await RawClient.open(port)
  client.send(`${method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`)
  return client.ended()
}

/** Resolves when nothing of what was written to a socket moves on, turn by turn. */
async function untilStill(socket: Socket): Promise<void> {
  let [before, turns] = [-1, 0]
  await until(() => {
    const taken = socket.bytesWritten - socket.writableLength
    turns = taken === before ? turns + 1 : 0
    before = taken
    return turns === 20
  }, 'a socket that takes no more')
}

async function logged(opened: OpenGateway): Promise<Record<string, unknown>> {
  return JSON.parse(await opened.log.line(/"route"/)) as Record<string, unknown>
}

const headOf = (text: string): string => text.slice(0, text.indexOf('\r\n\r\n'))
const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4)

for (const [kind, keys] of Object.entries(KINDS)) {
  describe(kind, () => {
    test('sends trailers to a client that takes them, and to no other', async t => {
      const { port } = await saying(
        t,
        keys,
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nHost: no\r\n\r\n'
      )
      assert.match(await get(port, 'TE: trailers\r\n'), /2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n$/)
      assert.match(await get(port), /2\r\nok\r\n0\r\n\r\n$/)
    })

    test('passes the content of a 205 on over HTTP/1, as KrakenD does', async t => {
      const { port } = await saying(t, keys, 'HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok')
      assert.match(await get(port), /^HTTP\/1\.1 205 [\s\S]*\r\n\r\nok$/)
    })

    test('promises no content with 204, and describes it with 304', async t => {
      const none = await saying(t, keys, 'HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n')
      for (const method of ['GET', 'HEAD']) assert.doesNotMatch(await get(none.port, '', method), /content-length/i)
      const kept = await saying(t, keys, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n')
      const got = await get(kept.port)
      assert.match(headOf(got), /content-length: 7/i)
      assert.equal(bodyOf(got), '')
    })

    test('cuts the connection when a body breaks off', async t => {
      for (const framing of ['Content-Length: 100\r\n\r\npart', 'Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n']) {
        const opened = await saying(t, keys, `HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n${framing}`)
        const client = await RawClient.open(opened.port)
        client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
        await client.heard('part')
        for (const socket of opened.sockets) socket.destroy()
        assert.doesNotMatch(bodyOf(await client.ended()), /\r\n0\r\n\r\n$/)
        const { status, error } = await logged(opened)
        assert.equal(status, 200)
        assert.match(String(error), /^SLUICE_ERR_UPSTREAM_(RESET|PROTOCOL)$/)
      }
    })

    test('cuts a body that stands still, and the log names the side and the limit', async t => {
      const opened = await saying(
        t,
        keys,
        'HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 100\r\n\r\npart',
        `${IDLE_MS}ms`
      )
      const client = await RawClient.open(opened.port)
      client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.heard('part')
      await passTime(IDLE_MS)
      assert.equal(bodyOf(await client.ended()), 'part')
      const { error, limit } = await logged(opened)
      assert.deepEqual([error, limit], ['SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE', `idle timeout=${IDLE_MS}ms`])
      await opened.log.line(/the upstream stopped sending/)
    })

    test('cuts a client that stops reading, and lets go of the upstream', async t => {
      const head = `HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: ${LARGE.length}\r\n\r\n`
      const opened = await saying(t, keys, head, `${IDLE_MS}ms`, LARGE)
      const client = await RawClient.open(opened.port)
      client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.heard('\r\n\r\n')
      client.socket.pause()
      const [upstream] = opened.sockets
      await untilStill(upstream!)
      await passTime(IDLE_MS)
      const { error, limit } = await logged(opened)
      assert.deepEqual([error, limit], ['SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE', `idle timeout=${IDLE_MS}ms`])
      await opened.log.line(/the client stopped reading/)
      await until(() => [...opened.sockets].every(socket => socket.closed), 'the end of the upstream connection')
      client.socket.destroy()
    })

    test('answers 500 for a head that cannot be written, at once or once its first bytes have come', async t => {
      for (const type of ['Content-Type: a/b\r\n', '']) {
        const opened = await saying(t, keys, `HTTP/1.1 200 OK\r\n${type}X-Bad: a\x01b\r\nContent-Length: 2\r\n\r\nok`)
        assert.match(await get(opened.port), /^HTTP\/1\.1 500 /)
      }
    })

    test('hears that its client has left', async t => {
      const opened = await saying(t, keys, 'HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 100\r\n\r\npart')
      const client = await RawClient.open(opened.port)
      client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.heard('part')
      client.socket.destroy()
      const { status, error } = await logged(opened)
      assert.deepEqual([status, error], [499, 'SLUICE_ERR_CLIENT_ABORTED'])
      await until(() => [...opened.sockets].every(socket => socket.closed), 'the end of the upstream connection')
    })
  })
}
