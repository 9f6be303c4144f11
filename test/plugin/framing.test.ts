/** How messages are delimited stays the gateway's, whatever a plugin does to fields, trailers and bodies. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { HeaderMap } from '../../src/message/header-map.js'
import { type GatewayRequest, GatewayResponse, type PluginModule } from '../../src/plugin/index.js'
import { type Answer, ask } from '../support/client.js'
import { type OpenGateway, openGateway } from '../support/open-gateway.js'
import { openUpstream, type Upstream } from '../support/upstream.js'

const FRAMING = [
  'Content-Length',
  'transfer-encoding',
  'Connection',
  'Keep-Alive',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'upgrade',
  'HTTP2-Settings'
]

describe('a header map', () => {
  for (const name of FRAMING) {
    test(`refuses ${name} wherever it could be set`, () => {
      const refusal = { name: 'TypeError', message: new RegExp(`^header ${name} cannot be set`) }
      const map = new HeaderMap(['Content-Length', '5'])
      assert.throws(() => map.set(name, '3'), refusal)
      assert.throws(() => map.set(name, ['3']), refusal)
      assert.throws(() => map.append(name, '3'), refusal)
      assert.throws(() => HeaderMap.from({ [name]: '3' }), refusal)
      assert.throws(() => HeaderMap.from([[name, '3']]), refusal)
      assert.throws(() => new GatewayResponse({ headers: { [name]: '3' } }), refusal)
      assert.throws(() => GatewayResponse.text('x', { headers: [[name, '3']] }), refusal)
      assert.deepEqual(map.raw, ['Content-Length', '5'])
    })
  }

  test('is copied without framing, and can be read with it', () => {
    const map = new HeaderMap(['X', '1', 'Content-Length', '5'])
    assert.deepEqual(HeaderMap.from(map).raw, ['X', '1'])
    assert.equal(map.get('content-length'), '5')
  })
})

type Edit = (response: GatewayResponse, request: GatewayRequest) => unknown

interface Edits {
  readonly request?: (request: GatewayRequest) => unknown
  readonly response?: Edit
}

/** A no-op endpoint `/x`, for GET and POST, with a modifier of the endpoint that does what `edits` say. */
async function edited(t: TestContext, upstream: Upstream, edits: Edits): Promise<OpenGateway> {
  const plugins: PluginModule = {
    ModifierRegisterer: {
      registerModifiers: register =>
        register('edit', () => ({
          async request(request) {
            await edits.request?.(request)
          },
          async response(response, request) {
            await edits.response?.(response, request)
          }
        }))
    }
  }
  const endpoints = ['GET', 'POST'].map(method => ({
    ...{ endpoint: '/x', method, output_encoding: 'no-op', input_headers: ['*'] },
    extra_config: { 'plugin/req-resp-modifier': { name: ['edit'] } },
    backend: [{ host: [upstream.origin], url_pattern: '/x', method }]
  }))
  return openGateway(t, { endpoints }, { plugins: [plugins] })
}

const hello = (t: TestContext): Promise<Upstream> =>
  openUpstream(t, (_req, res) => res.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 5 }).end('hello'))

const SETS: Readonly<Record<string, Edits>> = {
  'a response': { response: response => response.headers.set('content-length', '3') },
  'a response, appended': { response: response => response.headers.append('Transfer-Encoding', 'chunked') },
  'a request': { request: request => request.headers.set('Content-Length', '3') }
}
for (const [where, edits] of Object.entries(SETS)) {
  test(`framing set on ${where} is the plugin's failure, by its name`, async t => {
    const { port, log } = await edited(t, await hello(t), edits)
    assert.equal((await ask(port, '/x')).status, 500)
    assert.match(await log.line(/cannot be set/), /\[Plugin: edit\].*framing belongs to the gateway/)
  })
}

test('the fields of another response can be taken over', async t => {
  const { port } = await edited(t, await hello(t), {
    response(response) {
      response.headers = new GatewayResponse({ headers: response.headers }).headers
      response.headers.set('X', '1')
    }
  })
  const got = await ask(port, '/x')
  assert.deepEqual([got.text, got.headers['content-length'], got.headers.x], ['hello', '5', '1'])
})

const TAPS: Readonly<Record<string, (request: GatewayRequest) => void>> = {
  'an observer': request => request.body.tap(() => {}),
  'an observer of decoded bytes': request => request.body.tap(() => {}, { decoded: true }),
  'two observers': request => {
    request.body.tap(() => {})
    request.body.tap({ chunk() {}, end() {} })
  }
}
for (const [what, request] of Object.entries(TAPS)) {
  test(`a request body keeps its length under ${what}`, async t => {
    const upstream = await hello(t)
    const { port } = await edited(t, upstream, { request })
    for (const body of ['hello', 'x'.repeat(200_000)]) {
      await ask(port, '/x', { method: 'POST', body, headers: ['Content-Length', String(body.length)] })
      const seen = upstream.seen.at(-1)!
      assert.deepEqual(
        [seen.headers['content-length'], seen.headers['transfer-encoding'], seen.body],
        [String(body.length), undefined, body]
      )
    }
  })
}

test('a request body that is changed has no length that could be wrong', async t => {
  const upstream = await hello(t)
  const stage = { chunk: (chunk: Uint8Array) => [chunk, chunk] }
  const { port } = await edited(t, upstream, { request: request => request.body.transform(stage) })
  await ask(port, '/x', { method: 'POST', body: 'ab', headers: ['Content-Length', '2'] })
  assert.deepEqual([upstream.seen[0]!.headers['content-length'], upstream.seen[0]!.body], [undefined, 'abab'])
})

test('request trailers cannot be set, and say so', async t => {
  const upstream = await hello(t)
  const { port, log } = await edited(t, upstream, { request: request => request.body.trailers.append('X-End', 'yes') })
  assert.equal((await ask(port, '/x', { method: 'POST', body: 'ab', headers: ['Content-Length', '2'] })).status, 500)
  assert.match(await log.line(/X-End/), /trailer X-End cannot be set/)
  assert.equal(upstream.seen.length, 0)
})

describe('a part (206) whose body a plugin changes', () => {
  const parts = (t: TestContext): Promise<Upstream> =>
    openUpstream(t, (req, res) => {
      if (req.headers.range === undefined) return void res.writeHead(200, { 'Content-Type': 'text/plain' }).end('abcdefgh')
      res.writeHead(206, { 'Content-Type': 'text/plain', 'Content-Range': 'bytes 0-3/8', 'Content-Length': 4 }).end('abcd')
    })
  const upper: Edit = async response => response.body.set((await response.body.text()).toUpperCase())
  const get = async (t: TestContext, edits: Edits): Promise<Answer> =>
    ask((await edited(t, await parts(t), edits)).port, '/x', { headers: ['Range', 'bytes=0-3'] })
  const told = (got: Answer): unknown => [got.status, got.headers['content-range'], got.text]

  test('is a failure', async t => {
    assert.deepEqual(told(await get(t, { response: upper })), [500, undefined, ''])
    const stage = { chunk: (chunk: Uint8Array) => chunk }
    assert.equal((await get(t, { response: response => response.body.transform(stage) })).status, 500)
  })

  test('is what the plugin says when it names the range anew', async t => {
    const response: Edit = async (one, request) => {
      await upper(one, request)
      one.headers.set('Content-Range', 'bytes 0-3/8')
    }
    assert.deepEqual(told(await get(t, { response })), [206, 'bytes 0-3/8', 'ABCD'])
  })

  test('is whole when the plugin asks for the whole', async t => {
    const request = (one: GatewayRequest): void => one.headers.delete('range')
    assert.deepEqual(told(await get(t, { request, response: upper })), [200, undefined, 'ABCDEFGH'])
  })

  test('is another answer when the plugin makes one of it', async t => {
    const response: Edit = one => {
      one.body.set('no')
      one.status = 403
    }
    assert.deepEqual(told(await get(t, { response })), [403, undefined, 'no'])
  })

  test('passes when nothing of it is changed', async t => {
    assert.deepEqual(told(await get(t, { response: one => one.body.tap(() => {}) })), [206, 'bytes 0-3/8', 'abcd'])
  })
})
