/** Heads of backends' responses: what passes to the client as it came, and what is no response. */

import assert from 'node:assert/strict'
import { connect as connectHttp2, constants } from 'node:http2'
import type { Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { GatewayResponse, type PluginModule } from '../../src/plugin/index.js'
import { RawClient } from '../server/raw-client.js'
import { type OpenGateway, openGateway } from '../support/open-gateway.js'
import { rawUpstream } from '../support/raw-upstream.js'

const plugins: PluginModule = {
  HandlerRegisterer: { registerHandlers: register => register('on', (_context, _extra, next) => request => next(request)) },
  ModifierRegisterer: {
    registerModifiers: register =>
      register('name', () => ({ response: response => response.headers.set('Content-Disposition', 'inline; filename="\xfc"') }))
  }
}

/** What stands between the sockets of an endpoint. */
const PIPES = {
  'pass-through': {},
  'with a plugin': { extra_config: { 'plugin/http-server': { name: ['on'] } } }
}

/** A no-op endpoint `/x` whose backend says `parts` in as many segments, one every 20 ms. */
async function saying(t: TestContext, pipe: object, ...parts: string[]): Promise<OpenGateway> {
  const upstream = await rawUpstream(t, socket => void say(socket, parts))
  const endpoint = {
    ...{ endpoint: '/x', output_encoding: 'no-op', input_headers: ['*'], ...pipe },
    backend: [{ host: [upstream.origin], url_pattern: '/x' }]
  }
  const extra_config = { router: { error_status: 'http' } }
  return openGateway(t, { use_h2c: true, extra_config, endpoints: [endpoint] }, { plugins: [plugins] })
}

async function say(socket: Socket, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    socket.write(part, 'latin1')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** The whole answer to a GET as latin1 text; the connection ends with it. */
async function get(port: number, version = '1.1', path = '/x', fields = ''): Promise<string> {
  const client = await RawClient.open(port)
  client.send(`GET ${path} HTTP/${version}\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`)
  return client.ended()
}

const statusLine = (answer: string): string => answer.slice(0, answer.indexOf('\r\n'))
const fieldIn = (answer: string, name: string): string | undefined => new RegExp(`\r\n${name}: (.*)\r\n`, 'i').exec(answer)?.[1]
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4)

for (const [pipe, keys] of Object.entries(PIPES)) {
  describe(`interim answers, ${pipe}`, () => {
    const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nKeep-Alive: 1\r\n\r\n'
    const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

    test('go on to HTTP/1.1 clients in order, but 100', async t => {
      const more = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </\xfc>\r\n\r\nHTTP/1.1 110 Odd\r\n\r\n'
      const { port } = await saying(t, keys, HINTS, more + OK)
      const got = await get(port)
      const expected =
        'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </\xfc>\r\n\r\nHTTP/1.1 110 status code 110\r\n\r\nHTTP/1.1 200 OK\r\n'
      assert.equal(got.slice(0, expected.length), expected)
      assert.equal(got.slice(-2), 'ok')
    })

    test('are not sent to HTTP/1.0 clients', async t => {
      const { port } = await saying(t, keys, HINTS + OK)
      assert.equal(statusLine(await get(port, '1.0')), 'HTTP/1.1 200 OK')
    })

    test('go on to HTTP/2 clients', async t => {
      const { origin } = await saying(t, keys, HINTS + OK)
      const session = connectHttp2(origin)
      t.after(() => session.destroy())
      const stream = session.request({ ':path': '/x' })
      const hints: unknown[] = []
      stream.on('headers', fields => hints.push([fields[':status'], fields.link]))
      const status = await new Promise(resolve => stream.on('response', fields => resolve(fields[':status'])))
      assert.deepEqual([hints, status], [[[103, '</a.css>']], 200])
    })

    test('beyond a limit are dropped, and the answer comes', async t => {
      const { port } = await saying(t, keys, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(3000) + OK)
      const got = await get(port)
      assert.equal(got.slice(-2), 'ok')
      assert.ok(got.length < 100_000, `${got.length} bytes`)
    })
  })

  describe(`lengths and statuses, ${pipe}`, () => {
    const body = '{"ok":1}'
    const LENGTH = `Content-Length: ${body.length}\r\n`
    const sound: Readonly<Record<string, readonly string[]>> = {
      'the same length twice': [`HTTP/1.1 200 OK\r\n${LENGTH}${LENGTH}\r\n${body}`],
      'the same length three times, in other spellings': [
        `HTTP/1.1 200 OK\r\n${LENGTH}CONTENT-LENGTH:${body.length}  \r\nX: 1\r\ncontent-length: ${body.length}\r\n\r\n${body}`
      ],
      'the same length twice, in pieces': [
        'HTTP/1.',
        `1 200 OK\r\n${LENGTH}Conte`,
        `nt-Length: ${body.length}\r`,
        `\n\r\n${body.slice(0, 3)}`,
        body.slice(3)
      ],
      'behind interim answers': [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${LENGTH}${LENGTH}\r\n${body}`]
    }
    for (const [what, parts] of Object.entries(sound)) {
      test(`${what}: one answer`, async t => {
        const { port } = await saying(t, keys, ...parts)
        const got = await get(port)
        assert.deepEqual([statusLine(got), bodyOf(got)], ['HTTP/1.1 200 OK', body])
      })
    }

    const broken: Readonly<Record<string, readonly string[]>> = {
      'differing lengths': ['HTTP/1.1 200 OK\r\nContent-Length: 8\r\nContent-Length: 9\r\n\r\n{"ok":1}'],
      'a list of lengths': ['HTTP/1.1 200 OK\r\nContent-Length: 8, 8\r\n\r\n{"ok":1}'],
      'a status of four digits': ['HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n'],
      'a status of four digits, in pieces': ['HTTP/1.1 100', '0 X\r\nContent-Length: 0\r\n\r\n'],
      'a status of two digits': ['HTTP/1.1 20 X\r\nContent-Length: 0\r\n\r\n'],
      'status 099': ['HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
      'no digits': ['HTTP/1.1 2oo X\r\nContent-Length: 0\r\n\r\n'],
      'bare line feeds': ['HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
      'no HTTP': ['SSH-2.0-OpenSSH\r\n']
    }
    for (const [what, parts] of Object.entries(broken)) {
      test(`${what}: a bad answer at once`, async t => {
        const { port } = await saying(t, keys, ...parts)
        // a timeout would be 504
        assert.equal(statusLine(await get(port)), 'HTTP/1.1 502 Bad Gateway')
      })
    }

    test('statuses of 600 to 999 are relayed', async t => {
      for (const status of [600, 799, 999]) {
        const { port } = await saying(t, keys, `HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nok`)
        assert.equal(statusLine(await get(port)), `HTTP/1.1 ${status} status code ${status}`)
      }
    })
  })

  describe(`bytes of fields, ${pipe}`, () => {
    const NAMES = { utf8: Buffer.from('한글.pdf').toString('latin1'), latin1: 'M\xfcller.pdf' }
    for (const [coding, name] of Object.entries(NAMES)) {
      const field = `Content-Disposition: attachment; filename="${name}"\r\n`
      const heads = {
        'before the length': `${field}Content-Length: 2\r\n\r\n`,
        'behind the length': `Content-Length: 2\r\n${field}\r\n`,
        'twice behind the length': `Content-Length: 2\r\n${field}${field}\r\n`,
        'without a length': `Transfer-Encoding: chunked\r\n${field}\r\n`
      }
      for (const [where, head] of Object.entries(heads)) {
        test(`${coding} ${where} pass as they came, with the body and ahead of it`, async t => {
          const text = head.startsWith('Transfer') ? '2\r\nok\r\n0\r\n\r\n' : 'ok'
          for (const parts of [
            [`HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n${head}`, text],
            [`HTTP/1.1 200 OK\r\n${head}${text}`]
          ]) {
            const { port } = await saying(t, keys, ...parts)
            const got = await get(port)
            assert.equal(statusLine(got), 'HTTP/1.1 200 OK')
            assert.equal(fieldIn(got, 'content-disposition'), `attachment; filename="${name}"`)
          }
        })
      }

      test(`${coding} pass to HTTP/2 clients, in trailers and to the backend`, async t => {
        const answer = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${field}\r\n2\r\nok\r\n0\r\nX-End: ${name}\r\n\r\n`
        const upstream = await rawUpstream(t, socket => void socket.end(answer, 'latin1'))
        const backend = [{ host: [upstream.origin], url_pattern: '/x' }]
        const endpoint = { endpoint: '/x', output_encoding: 'no-op', input_headers: ['*'], backend, ...keys }
        const { port, origin } = await openGateway(t, { use_h2c: true, endpoints: [endpoint] }, { plugins: [plugins] })
        const got = await get(port, '1.1', '/x', `TE: trailers\r\nX-Name: ${name}\r\n`)
        assert.equal(fieldIn(got, 'x-end'), name)
        assert.match(upstream.heads[0]!, new RegExp(`X-Name: ${name}\r\n`))
        const session = connectHttp2(origin)
        t.after(() => session.destroy())
        const stream = session.request({ ':path': '/x' })
        const seen = await new Promise(resolve => stream.on('response', fields => resolve(fields['content-disposition'])))
        assert.equal(seen, `attachment; filename="${name}"`)
        stream.close(constants.NGHTTP2_NO_ERROR)
      })
    }
  })

  describe(`answers without a type, ${pipe}`, () => {
    const typed = async (t: TestContext, fields: string, body: string, request = ''): Promise<string | undefined> => {
      const { port } = await saying(t, keys, `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`)
      return fieldIn(await get(port, '1.1', '/x', request), 'content-type')
    }

    test('get the one that their first bytes tell', async t => {
      assert.equal(await typed(t, '', '<html><body>'), 'text/html; charset=utf-8')
      assert.equal(await typed(t, '', '\x89PNG\r\n\x1a\n'), 'image/png')
    })

    test('keep what they say', async t => {
      assert.equal(await typed(t, 'content-type: a/b\r\n', 'x'), 'a/b')
      assert.equal(await typed(t, 'Content-Type: \r\n', 'x'), '')
    })

    test('get none for encoded and for empty bodies', async t => {
      assert.equal(await typed(t, 'Content-Encoding: gzip\r\n', '\x1f\x8b\x08'), undefined)
      assert.equal(await typed(t, '', ''), undefined)
    })

    test('get none for 204 and 304', async t => {
      for (const status of [204, 304]) {
        const { port } = await saying(t, keys, `HTTP/1.1 ${status} X\r\nContent-Length: 5\r\n\r\n`)
        assert.equal(fieldIn(await get(port), 'content-type'), undefined)
      }
    })

    test('lose it with 304, and with no other status, as in KrakenD', async t => {
      for (const [status, type] of [
        [304, undefined],
        [204, 'text/plain']
      ] as const) {
        const { port } = await saying(t, keys, `HTTP/1.1 ${status} X\r\nContent-Type: text/plain\r\nETag: "a"\r\n\r\n`)
        const got = await get(port)
        assert.deepEqual([fieldIn(got, 'content-type'), fieldIn(got, 'etag')], [type, '"a"'])
      }
    })

    test('of unknown length, with and without bytes', async t => {
      const { port } = await saying(t, keys, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n', '0\r\n\r\n')
      assert.equal(fieldIn(await get(port), 'content-type'), 'text/plain; charset=utf-8')
      const empty = await saying(t, keys, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '0\r\n\r\n')
      const got = await get(empty.port)
      assert.deepEqual([statusLine(got), fieldIn(got, 'content-type')], ['HTTP/1.1 200 OK', undefined])
    })

    test('that break off before their first byte are failures', async t => {
      const upstream = await rawUpstream(t, socket => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'))
      const backend = [{ host: [upstream.origin], url_pattern: '/x' }]
      const endpoints = [{ endpoint: '/x', output_encoding: 'no-op', backend, ...keys }]
      const { port } = await openGateway(t, { endpoints }, { plugins: [plugins] })
      assert.equal(statusLine(await get(port)), 'HTTP/1.1 500 Internal Server Error')
    })

    test('leave without one when no byte comes', async t => {
      const { port } = await saying(t, keys, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
      const client = await RawClient.open(port)
      client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      assert.equal(fieldIn(await client.heard('\r\n\r\n'), 'content-type'), undefined)
      client.socket.destroy()
    })
  })
}

test('what a plugin sets passes as bytes too, behind a length', async t => {
  const modifier = { extra_config: { 'plugin/req-resp-modifier': { name: ['name'] } } }
  const { port } = await saying(t, modifier, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  assert.equal(fieldIn(await get(port), 'content-disposition'), 'inline; filename="\xfc"')
})

test('an answer that a plugin makes of bytes gets a type too', async t => {
  const own: PluginModule = {
    HandlerRegisterer: {
      registerHandlers: register =>
        register('own', () => () => {
          const response = new GatewayResponse()
          response.body.set('<p>hello')
          return response
        })
    }
  }
  const endpoints = [
    {
      ...{ endpoint: '/x', output_encoding: 'no-op', extra_config: { 'plugin/http-server': { name: ['own'] } } },
      backend: [{ host: ['http://127.0.0.1:19'], url_pattern: '/x' }]
    }
  ]
  const { port } = await openGateway(t, { endpoints }, { plugins: [own] })
  assert.equal(fieldIn(await get(port), 'content-type'), 'text/html; charset=utf-8')
})
