/** Values of fields are bytes that pass as they came (RFC 9110 §5.5), whatever stands between the sockets. */

import assert from 'node:assert/strict'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { describe, type TestContext, test } from 'node:test'
import type { PluginModule } from '../../src/plugin/index.js'
import { exchange } from '../server/raw-client.js'
import { type OpenGateway, openGateway } from '../support/open-gateway.js'
import { type RawUpstream, rawUpstream } from '../support/raw-upstream.js'
import { once } from '../support/waiting.js'

const plugins: PluginModule = {
  HandlerRegisterer: { registerHandlers: register => register('on', (_context, _extra, next) => request => next(request)) },
  ClientRegisterer: { registerClients: register => register('on', (_context, _extra, next) => request => next(request)) },
  ModifierRegisterer: {
    registerModifiers: register =>
      register('again', () => {
        const again = ({
          headers
        }: {
          headers: { getAll(name: string): string[]; set(name: string, to: string[]): void }
        }): void => {
          for (const name of ['X-Bytes', 'Content-Disposition']) headers.set(name, headers.getAll(name))
        }
        return { request: again, response: again }
      })
  }
}

/** What stands between the sockets of an endpoint. */
const PIPES: Readonly<Record<string, readonly [endpoint: object, backend: object]>> = {
  'pass-through': [{}, {}],
  'a server plugin': [{ extra_config: { 'plugin/http-server': { name: ['on'] } } }, {}],
  'a cache': [{}, { extra_config: { 'qos/http-cache': {} } }],
  'a client plugin': [{}, { extra_config: { 'plugin/http-client': { name: 'on' } } }],
  'a modifier that sets them again': [{ extra_config: { 'plugin/req-resp-modifier': { name: ['again'] } } }, {}]
}

/** Every byte that a value may hold (RFC 9110 §5.5), but blanks at its ends, which are none of it. */
const ALL = `x\t${String.fromCharCode(...Array.from({ length: 0x100 }, (_, i) => i).filter(i => i >= 0x20 && i !== 0x7f))}`
const UTF8 = Buffer.from('attachment; filename="Müller 한글.pdf"').toString('latin1')
const FIELDS = `X-Bytes: ${ALL}\r\nX-Bytes:\r\nContent-Disposition: ${UTF8}\r\n`

async function opened(t: TestContext, pipe: string, answer: string): Promise<[OpenGateway, RawUpstream]> {
  const upstream = await rawUpstream(t, socket => void socket.end(answer, 'latin1'))
  const [endpoint, backend] = PIPES[pipe]!
  const endpoints = ['GET', 'POST'].map(method => ({
    ...{ endpoint: '/x', method, output_encoding: 'no-op', input_headers: ['*'], ...endpoint },
    backend: [{ host: [upstream.origin], url_pattern: '/x', method, ...backend }]
  }))
  return [await openGateway(t, { use_h2c: true, endpoints }, { plugins: [plugins] }), upstream]
}

/** The values of a field, in order. */
function valuesIn(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`(?<=\r\n)${name}: ?(.*)(?=\r\n)`, 'gi'))].map(found => found[1]!)
}

const told = (text: string): unknown => [valuesIn(text, 'x-bytes'), valuesIn(text, 'content-disposition')]
const AS_SENT = [[ALL, ''], [UTF8]]
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n'
const TRAILER = `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-End: ${ALL}\r\nX-End: ${UTF8}\r\n\r\n`
const OK = `${HEAD}Content-Length: 2\r\n\r\nok`

/** Fields and trailers of the answer to a request over HTTP/2. */
async function overHttp2(
  t: TestContext,
  origin: string,
  fields: object = {}
): Promise<[IncomingHttpHeaders, IncomingHttpHeaders]> {
  const session = connectHttp2(origin)
  t.after(() => session.destroy())
  const stream = session.request({ ':path': '/x', ...fields })
  let head: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders = {}
  stream.on('response', got => {
    head = got
  })
  stream.on('trailers', got => {
    trailers = got
  })
  stream.resume()
  await once(stream, 'close')
  return [head, trailers]
}

for (const pipe of Object.keys(PIPES)) {
  describe(pipe, () => {
    for (const [where, length] of [
      ['before', (fields: string) => `${HEAD}${fields}Content-Length: 2\r\n\r\nok`],
      ['behind', (fields: string) => `${HEAD}Content-Length: 2\r\n${fields}\r\nok`],
      ['without', (fields: string) => `${HEAD}${fields}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
      ['in an error', (fields: string) => `HTTP/1.1 503 X\r\n${fields}Content-Length: 2\r\n\r\nok`]
    ] as const) {
      test(`of an answer, ${where} its length`, async t => {
        const [{ port }] = await opened(t, pipe, length(FIELDS))
        const got = await exchange(port, 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        assert.deepEqual(told(got), AS_SENT)
        assert.equal(got.slice(-2) === 'ok' || got.includes('2\r\nok\r\n'), true)
      })
    }

    test('of an answer, over HTTP/2', async t => {
      const [{ origin }] = await opened(t, pipe, `${HEAD}Content-Length: 2\r\n${FIELDS}\r\nok`)
      const [head] = await overHttp2(t, origin)
      assert.deepEqual([head['x-bytes'], head['content-disposition']], [`${ALL}, `, UTF8])
    })

    test('of trailers', async t => {
      const [{ port }] = await opened(t, pipe, TRAILER)
      const got = await exchange(port, 'GET /x HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close\r\n\r\n')
      assert.deepEqual(valuesIn(got, 'x-end'), [ALL, UTF8])
    })

    test('of trailers, over HTTP/2', async t => {
      const [{ origin }] = await opened(t, pipe, TRAILER)
      const [, trailers] = await overHttp2(t, origin)
      assert.equal(trailers['x-end'], `${ALL}, ${UTF8}`)
    })

    test('of a request', async t => {
      const [{ port }, upstream] = await opened(t, pipe, OK)
      await exchange(port, `GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${FIELDS}\r\n`)
      assert.deepEqual(told(upstream.heads[0]!), AS_SENT)
    })

    test('of a request with a body', async t => {
      const [{ port }, upstream] = await opened(t, pipe, OK)
      await exchange(port, `POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n${FIELDS}\r\nhi`)
      assert.deepEqual(told(upstream.heads[0]!), AS_SENT)
    })

    test('of a request over HTTP/2', async t => {
      const [{ origin }, upstream] = await opened(t, pipe, OK)
      await overHttp2(t, origin, { 'x-bytes': [ALL, ''], 'content-disposition': UTF8 })
      assert.deepEqual(told(upstream.heads[0]!), AS_SENT)
    })
  })
}
