import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as grpc from '@grpc/grpc-js'
import { load } from '@grpc/proto-loader'
import { loadGrpcPackages } from '../../../../plugins/named/grpc/packages.js'
import { type KeptLines, openGateway } from '../../../support/open-gateway.js'
import { type ReceivedSpan, startReceiver } from '../../../support/otlp-receiver.js'
import { passTime } from '../../../support/time.js'
import { type Deferred, deferred, fetch, once, until, within } from '../../../support/waiting.js'

const PROTO = fileURLToPath(new URL('./grpc.proto', import.meta.url))

const cert = (name: string): string => fileURLToPath(new URL(`../../../server/certs/${name}`, import.meta.url))

interface Shop {
  readonly host: string
  readonly seen: { request: Record<string, unknown>; metadata: grpc.Metadata; deadline: grpc.Deadline }[]
  /** Resolved when a hanging call is cancelled. */
  readonly cancelled: Deferred<void>
  /** Messages that `List` has handed to gRPC so far. */
  written: number
}

/** Waits until the client has read on, or has gone. */
function drained(call: grpc.ServerWritableStream<Record<string, unknown>, object>): Promise<void> {
  return new Promise(resolve => {
    const go = (): void => {
      call.off('drain', go).off('cancelled', go)
      resolve()
    }
    call.on('drain', go).on('cancelled', go)
  })
}

type Call = { request: Record<string, unknown>; metadata: grpc.Metadata; getDeadline(): grpc.Deadline }

/** A real gRPC server. */
async function openShop(t: TestContext, tls = false): Promise<Shop> {
  const definition = await load(PROTO, { keepCase: true, longs: String, enums: String })
  const server = new grpc.Server()
  const shop: Shop = {
    host: '',
    seen: [],
    cancelled: deferred('the cancellation of a call'),
    written: 0
  }
  const note = (call: Call): void => {
    shop.seen.push({ request: call.request, metadata: call.metadata, deadline: call.getDeadline() })
  }
  server.addService(definition['shop.v1.Catalog'] as grpc.ServiceDefinition, {
    Get(call: grpc.ServerUnaryCall<Record<string, unknown>, object>, done: grpc.sendUnaryData<object>) {
      note(call)
      const metadata = new grpc.Metadata()
      metadata.set('x-shard', '7')
      call.sendMetadata(metadata)
      done(null, { id: call.request.id, display_name: 'Tea', image: Buffer.from([1, 2, 255]), kind: 'FOOD' })
    },
    async List(call: grpc.ServerWritableStream<Record<string, unknown>, object>) {
      note(call)
      const count = Number(call.request.count)
      for (let id = 1; id <= count; id++) {
        shop.written = id
        const more = call.write({ id, display_name: 'x'.repeat(count > 1000 ? 1000 : 1) })
        if (!more) await drained(call)
        if (call.cancelled) return shop.cancelled.resolve()
      }
      if (call.request.in_stock) call.emit('error', { code: grpc.status.DATA_LOSS, details: 'lost' })
      else call.end()
    },
    Put: (_call: unknown, done: grpc.sendUnaryData<object>) => done(null, {}),
    Fail(call: grpc.ServerUnaryCall<{ code: number; text: string }, object>, done: grpc.sendUnaryData<object>) {
      done({ code: call.request.code, details: call.request.text })
    },
    Hang(call: grpc.ServerWritableStream<Record<string, unknown>, object>) {
      note(call)
      call.on('cancelled', () => shop.cancelled.resolve())
    }
  })
  const pair = { cert_chain: readFileSync(cert('a.pem')), private_key: readFileSync(cert('a.key')) }
  const credentials = tls ? grpc.ServerCredentials.createSsl(null, [pair]) : grpc.ServerCredentials.createInsecure()
  const bound = new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error)))
  })
  const port = await within('the port of the gRPC server', bound)
  t.after(() => server.forceShutdown())
  return Object.assign(shop, { host: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}` })
}

/** An upstream whose responses are these bytes: messages of five bytes at least, their length among them. */
async function upstreamOf(t: TestContext, messages: Buffer): Promise<string> {
  const server = createServer().on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {})
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(messages)
  })
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', session => sessions.add(session))
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Opened {
  readonly port: number
  readonly log: KeptLines
  call(path: string, init?: RequestInit): Promise<Response>
}

/** `/call/{method}` for any method, `POST` and `GET`. */
async function open(
  t: TestContext,
  host: string,
  options: object = {},
  endpoint: object = {},
  extra_config: object = {}
): Promise<Opened> {
  const backend = (method: string): object => ({
    host: [host],
    url_pattern: '/shop.v1.Catalog/{method}',
    method,
    encoding: 'no-op',
    extra_config: { 'plugin/http-client': { name: 'sluice-grpc', 'sluice-grpc': { proto: PROTO, ...options } } }
  })
  const { port, log } = await openGateway(t, {
    extra_config,
    endpoints: ['GET', 'POST'].map(method => ({
      endpoint: '/call/{method}',
      method,
      output_encoding: 'no-op',
      input_headers: ['*'],
      input_query_strings: ['*'],
      timeout: '10s',
      backend: [backend(method)],
      ...endpoint
    }))
  })
  return { port, log, call: (path, init) => fetch(`http://127.0.0.1:${port}/call/${path}`, init) }
}

const post = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'Content-Type': 'application/json', ...headers }
})

describe('sluice-grpc', () => {
  test('calls a method with a JSON body and answers its message as JSON', async t => {
    const shop = await openShop(t)
    const { call } = await open(t, shop.host, { return_metadata: ['X-Shard'] })
    const answer = await call(
      'Get',
      post('{"id":9007199254740993,"in_stock":true,"tags":["a","b"],"kind":"FOOD"}', { 'X-User': 'me' })
    )
    assert.equal(answer.status, 200)
    assert.match(answer.headers.get('content-type')!, /^application\/json/)
    assert.equal(answer.headers.get('x-shard'), '7')
    assert.deepEqual(await answer.json(), {
      id: '9007199254740993',
      display_name: 'Tea',
      image: 'AQL/',
      kind: 'FOOD',
      tags: [],
      in_stock: false
    })
    const [seen] = shop.seen
    assert.deepEqual({ ...seen!.request }, { id: '9007199254740993', in_stock: true, tags: ['a', 'b'], kind: 'FOOD' })
    assert.deepEqual(seen!.metadata.get('x-user'), ['me'])
    assert.deepEqual(seen!.metadata.get('content-length'), [])
    assert.equal(seen!.deadline, Number.POSITIVE_INFINITY)
  })

  test('makes the message of the query when there is no body', async t => {
    const shop = await openShop(t)
    const { call } = await open(t, shop.host, {
      service: 'shop.v1.Catalog',
      method: 'Get',
      use_json_names: true,
      omit_defaults: true
    })
    const answer = await call('anything?id=12345678901234567&inStock=true&tags=a&tags=b&kind=FOOD&other=1&__proto__=x')
    assert.deepEqual(await answer.json(), { id: '12345678901234567', displayName: 'Tea', image: 'AQL/', kind: 'FOOD' })
    assert.deepEqual({ ...shop.seen[0]!.request }, { id: '12345678901234567', in_stock: true, tags: ['a', 'b'], kind: 'FOOD' })
    assert.equal((await call('anything?in_stock=false&inStock=0')).status, 200)
    for (const query of ['id=x', 'inStock=perhaps', 'count=1e']) {
      const refused = await call(`anything?${query}`)
      assert.equal(refused.status, 400)
      assert.equal(((await refused.json()) as { status: string }).status, 'INVALID_ARGUMENT')
    }
    assert.equal(shop.seen.length, 2)
  })

  test('sends only the named fields, and a deadline where one is set', async t => {
    const shop = await openShop(t)
    const { call } = await open(t, shop.host, { metadata: ['X-Yes', 'Blob-Bin'], timeout_ms: 5000 })
    await call('Get', post('{}', { 'X-Yes': '1', 'X-No': '1', 'Blob-Bin': 'AQI=' }))
    const { metadata, deadline } = shop.seen[0]!
    assert.deepEqual(metadata.get('x-yes'), ['1'])
    assert.deepEqual(metadata.get('x-no'), [])
    assert.deepEqual(metadata.get('blob-bin'), [Buffer.from([1, 2])])
    assert.ok(Number.isFinite(Number(deadline)))
  })

  test('goes on with a trace that is recorded, in place of the context of the client', async t => {
    const shop = await openShop(t)
    const receiver = await startReceiver(t)
    const otlp = { name: 'local', host: '127.0.0.1', port: receiver.port, use_http: true }
    const telemetry = { 'telemetry/opentelemetry': { exporters: { otlp: [otlp] } } }
    const { call } = await open(t, shop.host, { metadata: ['x-none'] }, {}, telemetry)
    const trace = '0af7651916cd43dd8448eb211c80319c'
    await call('Get', post('{}', { traceparent: `00-${trace}-b7ad6b7169203331-01`, baggage: 'a=1' }))
    const { metadata } = shop.seen[0]!
    const [context, ...more] = metadata.get('traceparent')
    assert.match(String(context), new RegExp(`^00-${trace}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`))
    assert.deepEqual([more, metadata.get('baggage')], [[], ['a=1']])
    const called = (): ReceivedSpan | undefined => receiver.spans.find(one => one.name === '/shop.v1.Catalog/Get')
    await until(() => called() !== undefined, 'the span of the call')
    const { kind, spanId, attributes } = called()!
    assert.deepEqual([kind, attributes['http.response.status_code']], [3, 200])
    assert.equal(context, `00-${trace}-${spanId}-01`)
    assert.equal(attributes['url.full'], `${shop.host}/shop.v1.Catalog/Get`)
  })

  test('the span of a call with two messages has the status of the response', async t => {
    const receiver = await startReceiver(t)
    const otlp = { name: 'local', host: '127.0.0.1', port: receiver.port, use_http: true }
    const telemetry = { 'telemetry/opentelemetry': { exporters: { otlp: [otlp] } } }
    const { call } = await open(t, await upstreamOf(t, Buffer.alloc(10)), {}, {}, telemetry)
    assert.equal((await call('Get')).status, 500)
    const called = (): ReceivedSpan | undefined => receiver.spans.find(one => one.name === '/shop.v1.Catalog/Get')
    await until(() => called() !== undefined, 'the span of the call')
    assert.equal(called()!.attributes['http.response.status_code'], 500)
  })

  test('streams messages as a JSON array', async t => {
    const shop = await openShop(t)
    const { call } = await open(t, shop.host, { omit_defaults: true })
    const three = await call('List?count=3')
    assert.equal(
      await three.text(),
      '[{"id":"1","display_name":"x"},{"id":"2","display_name":"x"},{"id":"3","display_name":"x"}]'
    )
    assert.equal(await (await call('List?count=0')).text(), '[]')
    const many = (await (await call('List?count=5000')).json()) as { id: string }[]
    assert.equal(many.length, 5000)
    assert.equal(many.at(-1)!.id, '5000')
  })

  test('a stream that fails after its first message breaks the answer off', async t => {
    const shop = await openShop(t)
    const { call, log } = await open(t, shop.host)
    await assert.rejects(async () => (await call('List?count=5&in_stock=true')).text())
    await log.line(/\/shop\.v1\.Catalog\/List: DATA_LOSS: lost/)
    const early = await call('List?count=0&in_stock=true')
    assert.equal(early.status, 500)
  })

  test('a client that reads slowly slows the server down; one that goes away cancels the call', async t => {
    const shop = await openShop(t)
    const { port } = await open(t, shop.host)
    const request = get({ port, host: '127.0.0.1', path: '/call/List?count=200000' })
    const [res] = await once<[IncomingMessage]>(request, 'response')
    request.on('error', () => {})
    await once(res, 'data')
    res.on('error', () => {}).pause()
    request.destroy()
    await shop.cancelled.promise
    assert.ok(shop.written < 200_000)
  })

  test('a call that hangs is cancelled with its exchange', async t => {
    const shop = await openShop(t)
    const { call } = await open(t, shop.host)
    const hanging = call('Hang')
    await until(() => shop.seen.length === 1, 'the call')
    await passTime(20_000)
    assert.equal((await hanging).status, 500)
    await shop.cancelled.promise
    const other = await openShop(t)
    const deadline = await open(t, other.host, { timeout_ms: 3000 })
    assert.equal((await deadline.call('Hang')).status, 504)
    await other.cancelled.promise
  })

  test('turns each gRPC status into an HTTP status, and tells the text where it is the client’s business', async t => {
    const shop = await openShop(t)
    const { call } = await open(t, shop.host)
    const expected: [number, number, string][] = [
      [1, 499, 'CANCELLED'],
      [2, 500, 'UNKNOWN'],
      [3, 400, 'INVALID_ARGUMENT'],
      [4, 504, 'DEADLINE_EXCEEDED'],
      [5, 404, 'NOT_FOUND'],
      [6, 409, 'ALREADY_EXISTS'],
      [7, 403, 'PERMISSION_DENIED'],
      [8, 429, 'RESOURCE_EXHAUSTED'],
      [9, 400, 'FAILED_PRECONDITION'],
      [10, 409, 'ABORTED'],
      [11, 400, 'OUT_OF_RANGE'],
      [12, 501, 'UNIMPLEMENTED'],
      [13, 500, 'INTERNAL'],
      [14, 503, 'UNAVAILABLE'],
      [15, 500, 'DATA_LOSS'],
      [16, 401, 'UNAUTHENTICATED']
    ]
    for (const [code, http, status] of expected) {
      const answer = await call('Fail', post(JSON.stringify({ code, text: 'why' })))
      assert.equal(answer.status, http, status)
      assert.deepEqual(await answer.json(), http < 500 ? { code, status, message: 'why' } : { code, status })
    }
    const exposed = await open(t, shop.host, { expose_errors: true })
    const answer = await exposed.call('Fail', post('{"code":13,"text":"why"}'))
    assert.deepEqual(await answer.json(), { code: 13, status: 'INTERNAL', message: 'why' })
  })

  test('refuses bodies that are no message, unknown methods, and streams of requests', async t => {
    const shop = await openShop(t)
    const { call } = await open(t, shop.host)
    assert.equal((await call('Get', post('[1]'))).status, 400)
    assert.equal((await call('Get', post('{'))).status, 400)
    assert.equal((await call('Get', post('{"tags":"no list"}'))).status, 400)
    assert.equal((await call('Nothing')).status, 404)
    assert.equal((await call('toString')).status, 404)
    assert.equal((await call('Put')).status, 501)
    assert.equal(shop.seen.length, 0)
  })

  test('a server that is not there is 503', async t => {
    const { call, log } = await open(t, 'http://127.0.0.1:1111', { timeout_ms: 5000 })
    assert.equal((await call('Get')).status, 503)
    await log.line(/ERROR.*UNAVAILABLE/)
  })

  test('an https host is called over TLS and must have a certificate that is trusted', async t => {
    const shop = await openShop(t, true)
    const trusting = await open(t, shop.host, { tls: { ca: cert('ca.pem') } })
    assert.equal((await trusting.call('Get')).status, 200)
    const other = await open(t, shop.host, { timeout_ms: 5000 })
    assert.equal((await other.call('Get')).status, 503)
    assert.equal(shop.seen.length, 1)
  })

  test('an answer over the limit is refused', async t => {
    const shop = await openShop(t)
    const { call } = await open(t, shop.host, { max_message_bytes: 3 })
    assert.equal((await call('Get')).status, 429)
  })

  test('a message that cannot be unpacked is the upstream’s fault, alone and in a stream', async t => {
    // compressed, says the message; the head names no coding
    const { call, log } = await open(t, await upstreamOf(t, Buffer.from([1, 0, 0, 0, 3, 1, 2, 3])))
    for (const method of ['Get', 'List']) {
      const response = await call(method)
      assert.deepEqual([response.status, await response.json()], [500, { code: 13, status: 'INTERNAL' }])
      await log.line(new RegExp(`ERROR.*${method}: INTERNAL: the message of the upstream cannot be unpacked`))
    }
  })

  for (const [count, said] of [
    [0, 'no message'],
    [2, 'more than one message'],
    [500, 'more than one message']
  ] as const) {
    test(`${count} messages in response to a call that has one are the upstream’s fault at once`, async t => {
      const { call, log } = await open(t, await upstreamOf(t, Buffer.alloc(count * 5)))
      const response = await call('Get')
      assert.deepEqual([response.status, await response.json()], [500, { code: 13, status: 'INTERNAL' }])
      await log.line(new RegExp(`ERROR.*Get: INTERNAL: the upstream sent ${said}`))
      assert.equal(((await (await call('List')).json()) as unknown[]).length, count)
    })
  }

  test('its data goes through a decoded endpoint', async t => {
    const shop = await openShop(t)
    const { port } = await openGateway(t, {
      endpoints: [
        {
          endpoint: '/tea',
          backend: [
            {
              host: [shop.host],
              url_pattern: '/shop.v1.Catalog/Get?id=5',
              allow: ['id', 'kind'],
              extra_config: { 'plugin/http-client': { name: ['sluice-grpc'], 'sluice-grpc': { proto: [PROTO] } } }
            }
          ]
        }
      ]
    })
    assert.deepEqual(await (await fetch(`http://127.0.0.1:${port}/tea`)).json(), { id: '5', kind: 'FOOD' })
  })

  test('wrong options stop the start', async t => {
    const cases: [object, RegExp][] = [
      [{ proto: '/nowhere/x.proto' }, /x\.proto/],
      [{ service: 'shop.v1.Shop' }, /no service 'shop\.v1\.Shop'; they have shop\.v1\.Catalog/],
      [{ service: 'shop.v1.Catalog', method: 'Take' }, /no method 'Take'; it has Get, List, Put, Fail, Hang/],
      [{ service: 'shop.v1.Catalog', method: 'Put' }, /takes a stream of messages/],
      [{ method: 'Get' }, /'method' needs 'service'/],
      [{ tls: { ca: '/nowhere/ca.pem' } }, /ca\.pem/],
      [{ protos: 1 }, /must NOT have additional properties \('protos'\)/]
    ]
    for (const [options, message] of cases) await assert.rejects(open(t, 'http://127.0.0.1:1111', options), message)
  })

  test('says what to install when the packages are missing', async () => {
    const missing = Object.assign(new Error('x'), { code: 'ERR_MODULE_NOT_FOUND' })
    await assert.rejects(
      loadGrpcPackages(() => Promise.reject(missing)),
      /npm install @grpc\/grpc-js @grpc\/proto-loader/
    )
    const broken = new Error('broken')
    await assert.rejects(
      loadGrpcPackages(() => Promise.reject(broken)),
      broken
    )
  })
})
