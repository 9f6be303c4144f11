/** How messages are delimited stays the gateway's, whatever a plugin does to fields, trailers and bodies. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { FieldMap } from '../../src/message/field-map.js'
import { GatewayError, type GatewayRequest, GatewayResponse, type PluginModule } from '../../src/plugin/index.js'
import { RawClient } from '../server/raw-client.js'
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
      const map = new FieldMap(['Content-Length', '5'])
      assert.throws(() => map.set(name, '3'), refusal)
      assert.throws(() => map.set(name, ['3']), refusal)
      assert.throws(() => map.append(name, '3'), refusal)
      assert.throws(() => FieldMap.from({ [name]: '3' }), refusal)
      assert.throws(() => FieldMap.from([[name, '3']]), refusal)
      assert.throws(() => new GatewayResponse({ headers: { [name]: '3' } }), refusal)
      assert.throws(() => GatewayResponse.text('x', { headers: [[name, '3']] }), refusal)
      assert.deepEqual(map.raw, ['Content-Length', '5'])
    })
  }

  test('is copied without framing, and can be read with it', () => {
    const map = new FieldMap(['X', '1', 'Content-Length', '5'])
    assert.deepEqual(FieldMap.from(map).raw, ['X', '1'])
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
            return (await edits.response?.(response, request)) as void
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

for (const [what, thrown] of Object.entries({
  'an error of its own': Object.assign(new Error('no'), { statusCode: 503, headers: { 'Content-Length': '3' } }),
  'a GatewayError': new GatewayError('SLUICE_ERR_PLUGIN_FAILED', {
    statusCode: 503,
    headers: [
      ['Content-Length', '3'],
      ['Transfer-Encoding', 'chunked'],
      ['X', '1']
    ]
  })
})) {
  test(`framing among the headers of ${what} does not reach the client`, async t => {
    const { port } = await edited(t, await hello(t), {
      request() {
        throw thrown
      }
    })
    const got = await ask(port, '/x')
    assert.deepEqual([got.status, got.headers['content-length'], got.headers['transfer-encoding']], [503, '0', undefined])
  })
}

for (const [what, read] of Object.entries({ 'a body in memory': true, 'a body that streams': false })) {
  test(`a length that a plugin forged is a failure: ${what}`, async t => {
    const { port } = await edited(t, await hello(t), {
      async response({ headers, body }) {
        if (read) await body.text()
        const { raw } = headers as FieldMap
        raw[raw.indexOf('5')] = '3'
      }
    })
    assert.deepEqual(await ask(port, '/x').then(got => [got.status, got.text]), [500, ''])
  })
}

test('deleting a length is harmless', async t => {
  const { port } = await edited(t, await hello(t), { response: response => response.headers.delete('Content-Length') })
  assert.deepEqual(await ask(port, '/x').then(got => [got.headers['content-length'], got.text]), ['5', 'hello'])
})

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

  test('is a failure when the plugin made it without a range', async t => {
    assert.equal((await get(t, { response: () => new GatewayResponse({ status: 206 }) })).status, 500)
  })

  test('may be several parts when the plugin made it', async t => {
    const headers = { 'Content-Type': 'multipart/byteranges; boundary=x' }
    const response: Edit = () => {
      const made = new GatewayResponse({ status: 206, headers })
      made.body.set('--x--')
      return made
    }
    assert.deepEqual(told(await get(t, { response })), [206, undefined, '--x--'])
  })

  test('passes when nothing of it is changed', async t => {
    assert.deepEqual(told(await get(t, { response: one => one.body.tap(() => {}) })), [206, 'bytes 0-3/8', 'abcd'])
  })
})

test('a 416 keeps its Content-Range when a plugin changes its text', async t => {
  const upstream = await openUpstream(t, (_req, res) => res.writeHead(416, { 'Content-Range': 'bytes */8' }).end('no such part'))
  const { port } = await edited(t, upstream, { response: one => one.body.set('none') })
  const got = await ask(port, '/x')
  assert.deepEqual([got.status, got.headers['content-range'], got.text], [416, 'bytes */8', 'none'])
})

describe('a part that a client sends (RFC 9110 §14.5)', () => {
  const CHANGES: Readonly<Record<string, (request: GatewayRequest) => unknown>> = {
    set: ({ body }) => body.set('xy'),
    'set behind stream': ({ body }) => body.set(body.stream()),
    setJson: ({ body }) => body.setJson({}),
    editJson: ({ body }) => body.editJson(() => {}),
    transform: ({ body }) => body.transform({ chunk: chunk => chunk }),
    tokens: ({ body }) => body.tokens({ token() {} } as never)
  }
  const put = async (t: TestContext, request: (request: GatewayRequest) => unknown): Promise<[Answer, Upstream]> => {
    const upstream = await hello(t)
    const { port } = await edited(t, upstream, { request })
    const headers = ['Content-Range', 'bytes 0-1/8', 'Content-Length', '2']
    return [await ask(port, '/x', { method: 'POST', body: '[]', headers }), upstream]
  }
  for (const [what, change] of Object.entries(CHANGES)) {
    test(`is refused when a plugin changes it: ${what}`, async t => {
      const [got, upstream] = await put(t, change)
      assert.deepEqual([got.status, upstream.seen.length], [400, 0])
    })
  }

  test('is sent on when a plugin reads it, and whole when the plugin says so', async t => {
    const [, read] = await put(t, ({ body }) => body.text())
    assert.deepEqual([read.seen[0]!.headers['content-range'], read.seen[0]!.body], ['bytes 0-1/8', '[]'])
    const [, whole] = await put(t, ({ headers, body }) => {
      headers.delete('content-range')
      body.set('12345678')
    })
    assert.deepEqual([whole.seen[0]!.headers['content-range'], whole.seen[0]!.body], [undefined, '12345678'])
  })
})

test('trailers that a client sends can be read, and do not reach the backend', async t => {
  const upstream = await hello(t)
  const read: unknown[] = []
  const { port } = await edited(t, upstream, {
    async request({ body }) {
      read.push(await body.text(), body.trailers.get('x-end'))
    }
  })
  const body = '2\r\nhi\r\n0\r\nX-End: yes\r\n\r\n'
  const client = await RawClient.open(port)
  client.send(`POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n${body}`)
  assert.match(await client.ended(), /^HTTP\/1.1 200 /)
  assert.deepEqual(read, ['hi', 'yes'])
  const { headers, body: sent } = upstream.seen[0]!
  assert.deepEqual([sent, headers['x-end'], headers.trailer], ['hi', undefined, undefined])
})
