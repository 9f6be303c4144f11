import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { constants, createSecureServer, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createNetServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { CollectorAddress } from '../../../../plugins/_shared/otlp/collector-address.js'
import type { ExportOutcome } from '../../../../plugins/_shared/otlp/export-queue.js'
import { GrpcSender } from '../../../../plugins/_shared/otlp/grpc-sender.js'
import { HttpSender } from '../../../../plugins/_shared/otlp/http-sender.js'
import { pem } from '../../../support/certificates.js'
import {
  END_HEADERS,
  END_STREAM,
  FrameClient,
  field,
  frame,
  HEADERS,
  PREFACE,
  RST_STREAM,
  SETTINGS
} from '../../../support/frames.js'
import { freePort } from '../../../support/free-port.js'
import { opentelemetry, startGrpcReceiver, startReceiver } from '../../../support/otlp-receiver.js'
import { LIMIT_MS, once, until } from '../../../support/waiting.js'

/** Resolves when a client of this process has read the head of its next response. */
function headCame(): Promise<void> {
  return new Promise(resolve => {
    const come = (): void => {
      unsubscribe('undici:request:headers', come)
      resolve()
    }
    subscribe('undici:request:headers', come)
  })
}

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const signal = new AbortController().signal
const body = Buffer.from([0x0a, 0x00])

const at = (port: number): CollectorAddress => ({
  host: '127.0.0.1',
  port,
  tls: undefined,
  headers: {},
  userAgent: 'test',
  gzip: false
})

for (const [status, kind] of [
  [200, 'sent'],
  [400, 'refused'],
  [401, 'refused'],
  [429, 'retry'],
  [500, 'refused'],
  [502, 'retry'],
  [503, 'retry'],
  [504, 'retry']
] as const) {
  test(`HTTP ${status}: ${kind}`, async t => {
    const { port } = await startReceiver(t, (_, res) => {
      res.statusCode = status
      if (status === 503) res.setHeader('Retry-After', '7')
      res.end()
    })
    const sender = new HttpSender(at(port), '/v1/traces')
    t.after(() => sender.close())
    const outcome = await sender.send(body, signal)
    assert.equal(outcome.kind, kind)
    if (outcome.kind === 'retry') assert.equal(outcome.afterMs, status === 503 ? 7000 : undefined)
    if (outcome.kind !== 'sent') assert.match(outcome.message, new RegExp(String(status)))
  })
}

test('a partial success is told', async t => {
  const type = opentelemetry.proto.collector.trace!.v1.ExportTraceServiceResponse!
  const answer = type.encode({ partialSuccess: { rejectedSpans: 3, errorMessage: 'too\nold' } }).finish()
  const { port } = await startReceiver(t, (_, res) => res.end(answer))
  const sender = new HttpSender(at(port), '/v1/traces')
  t.after(() => sender.close())
  assert.deepEqual(await sender.send(body, signal), { kind: 'sent', rejected: 3, message: 'too old', written: true })
})

test('a collector that answers before it has read the request: the bytes are still in use', async t => {
  const { createServer } = await import('node:net')
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.pause().write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.after(() => server.close())
  const sender = new HttpSender(at((server.address() as { port: number }).port), '/v1/traces')
  const outcome = await sender.send(Buffer.alloc(32 * 1024 * 1024), signal)
  assert.deepEqual(outcome, { kind: 'sent', rejected: 0, message: '', written: false })
  sender.close()
})

test('gRPC: the stream ends too when a collector answers before it has read the request', async t => {
  const status = Buffer.concat([field(':status', '200'), field('grpc-status', '0')])
  const resets: number[] = []
  const server = createNetServer(socket => {
    const client = new FrameClient(socket, PREFACE.length)
    socket.on('data', () => {
      for (const { type, id, payload } of client.frames.splice(0)) {
        if (type === HEADERS) client.send(frame(HEADERS, END_HEADERS | END_STREAM, id, status))
        else if (type === RST_STREAM) resets.push(payload.readUInt32BE(0))
      }
    })
    client.send(frame(SETTINGS, 0, 0))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const sender = new GrpcSender(at((server.address() as { port: number }).port), TRACES)
  // more than the windows let through
  const outcome = await sender.send(Buffer.alloc(1024 * 1024), signal)
  assert.deepEqual(outcome, { kind: 'sent', rejected: 0, message: '', written: false })
  await until(() => resets.length === 1, 'RST_STREAM')
  assert.deepEqual(resets, [constants.NGHTTP2_CANCEL])
  sender.close()
})

test('a response without an end is left', async t => {
  const { port } = await startReceiver(t, (_, res) => {
    const more = (): void => void (res.write(Buffer.alloc(1024 * 1024)) ? setImmediate(more) : res.once('drain', more))
    more()
  })
  const sender = new HttpSender(at(port), '/v1/traces')
  // it has said that it has the request: sent again it would be there twice
  assert.deepEqual(await sender.send(body, signal), { kind: 'sent', rejected: 0, message: '', written: false })
  sender.close()
})

test('a failure without an end is left too', async t => {
  const { port } = await startReceiver(t, (_, res) => {
    res.statusCode = 503
    const more = (): void => void (res.write(Buffer.alloc(1024 * 1024)) ? setImmediate(more) : res.once('drain', more))
    more()
  })
  const sender = new HttpSender(at(port), '/v1/traces')
  const outcome = await sender.send(body, signal)
  assert.deepEqual(outcome, { kind: 'retry', message: 'the response does not end', afterMs: undefined })
  sender.close()
})

for (const [name, answer] of [
  ['hangs in its body', res => void res.writeHead(200, { 'Content-Length': '10' }).write('abc')],
  ['breaks off in its body', res => void res.writeHead(200, { 'Content-Length': '10' }).write('abc', () => res.destroy())],
  ['is no protobuf', res => void res.end('<html>all is well</html>')],
  ['is another message', res => void res.end(Buffer.from([0x0a, 0x02, 0x08, 0xff]))],
  ['is random', res => void res.end(randomBytes(64 * 1024))],
  ['has no type', res => res.removeHeader('Content-Type')],
  ['has no content', res => void res.writeHead(204).end()]
] as const satisfies readonly (readonly [string, (res: ServerResponse) => void])[]) {
  test(`HTTP: an answer of success that ${name} is a success, and is not sent again`, async t => {
    const { port } = await startReceiver(t, (_, res) => {
      answer(res)
      if (name === 'has no type') res.end('x')
    })
    const sender = new HttpSender(at(port), '/v1/traces')
    t.after(() => sender.close())
    const attempt = new AbortController()
    const outcome = sender.send(body, attempt.signal)
    if (name === 'hangs in its body') void headCame().then(() => attempt.abort())
    assert.equal((await outcome).kind, 'sent')
  })
}

for (const [fields, afterMs] of [
  [{ 'Retry-After': '0' }, 0],
  [{ 'Retry-After': '120' }, 120_000],
  [{ 'Retry-After': new Date(0).toUTCString() }, undefined],
  [{ 'Retry-After': 'soon' }, undefined],
  [{ 'Retry-After': '-5' }, undefined],
  [{ 'Retry-After': '9999999999' }, 9_999_999_999_000]
] as const) {
  test(`HTTP 429 with ${JSON.stringify(fields)} waits ${afterMs ?? 'as it likes'}`, async t => {
    const { port } = await startReceiver(t, (_, res) => res.writeHead(429, fields).end())
    const sender = new HttpSender(at(port), '/v1/traces')
    t.after(() => sender.close())
    const outcome = await sender.send(body, signal)
    assert.equal(outcome.kind, 'retry')
    assert.equal(Math.max(0, (outcome as { afterMs: number | undefined }).afterMs ?? -1), Math.max(0, afterMs ?? -1))
  })
}

test('HTTP: a redirect is not followed, and told', async t => {
  const { port, requests } = await startReceiver(t, (_, res) => res.writeHead(301, { Location: 'https://other/v1/traces' }).end())
  const sender = new HttpSender(at(port), '/v1/traces')
  t.after(() => sender.close())
  const message = 'status 301, which is not followed, to https://other/v1/traces'
  assert.deepEqual(await sender.send(body, signal), { kind: 'refused', message })
  assert.equal(requests.length, 1)
})

test('HTTP: what a collector says of a failure is one short line', async t => {
  const type = opentelemetry.proto.collector.trace!.v1.ExportTraceServiceResponse!
  let answer = (_res: ServerResponse): void => {}
  const { port } = await startReceiver(t, (_, res) => answer(res))
  const sender = new HttpSender(at(port), '/v1/traces')
  t.after(() => sender.close())
  for (const bytes of [
    randomBytes(300_000),
    Buffer.from('\n'.repeat(5000)),
    Buffer.from(type.encode({}).finish()),
    Buffer.alloc(9, 0xff)
  ]) {
    for (const contentType of ['application/x-protobuf', 'text/plain', 'text/html', '']) {
      answer = res => res.writeHead(400, { 'Content-Type': contentType }).end(bytes)
      const outcome = await sender.send(body, signal)
      assert.equal(outcome.kind, 'refused')
      const { message } = outcome as { message: string }
      assert.ok(message.startsWith('status 400') && message.length < 400 && !/[\n\r\x1b]/.test(message), message)
    }
  }
})

/** A server of HTTP/2 that does what a collector should not. */
async function oddHttp2(owner: TestContext, answer: (stream: ServerHttp2Stream) => void): Promise<number> {
  const server = createServer()
  server.on('stream', stream => {
    stream.on('error', () => {})
    answer(stream)
  })
  const sessions: ServerHttp2Session[] = []
  server.on('session', session => {
    session.on('error', () => {})
    sessions.push(session)
  })
  owner.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

const GRPC = { ':status': 200, 'content-type': 'application/grpc' }

for (const [name, kind, answer] of [
  ['RST_STREAM before the head', 'retry', stream => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
  ['RST_STREAM without a reason', 'retry', stream => stream.close(constants.NGHTTP2_NO_ERROR)],
  ['RST_STREAM with REFUSED_STREAM', 'retry', stream => stream.close(constants.NGHTTP2_REFUSED_STREAM)],
  [
    'RST_STREAM in the body',
    'retry',
    stream => {
      stream.respond(GRPC)
      stream.write(Buffer.alloc(3), () => stream.destroy(new Error('gone')))
    }
  ],
  ['GOAWAY at once', 'retry', stream => stream.session!.goaway(constants.NGHTTP2_NO_ERROR, 0)],
  ['the end of the connection', 'retry', stream => stream.session!.destroy()],
  ['an answer without a status', 'refused', stream => stream.respond(GRPC, { endStream: true })],
  ['HTTP 503', 'retry', stream => stream.respond({ ':status': 503 }, { endStream: true })],
  ['HTTP 404', 'refused', stream => stream.respond({ ':status': 404 }, { endStream: true })],
  ['a status that is none', 'refused', stream => stream.respond({ ...GRPC, 'grpc-status': 'x' }, { endStream: true })],
  [
    'a message that is no protobuf',
    'sent',
    stream => {
      stream.respond(GRPC, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(randomBytes(100_000))
    }
  ],
  [
    'an answer without an end',
    'retry',
    stream => {
      stream.respond(GRPC)
      const more = (): void => {
        while (!stream.destroyed && stream.write(Buffer.alloc(256 * 1024)));
        stream.once('drain', more)
      }
      more()
    }
  ],
  [
    'a message that cannot be decoded, and an odd wish',
    'refused',
    stream => stream.respond({ ...GRPC, 'grpc-status': '3', 'grpc-message': '%zz%0a%1b' }, { endStream: true })
  ]
] as const satisfies readonly (readonly [string, string, (stream: ServerHttp2Stream) => unknown])[]) {
  test(`gRPC: ${name}: ${kind}, and the next one is sent on`, async t => {
    let odd = true
    const port = await oddHttp2(t, stream => {
      if (odd) return void answer(stream)
      stream.respond({ ...GRPC, 'grpc-status': '0' }, { endStream: true })
    })
    const sender = new GrpcSender(at(port), TRACES)
    t.after(() => sender.close())
    const outcome = await sender.send(body, AbortSignal.timeout(LIMIT_MS))
    assert.equal(outcome.kind, kind, JSON.stringify(outcome))
    if (outcome.kind === 'sent') assert.ok(Number.isFinite(outcome.rejected))
    else assert.ok(!/[\n\x1b]/.test(outcome.message), outcome.message)
    odd = false
    assert.equal((await sender.send(body, AbortSignal.timeout(LIMIT_MS))).kind, 'sent')
  })
}

test('gRPC: UNAVAILABLE and RESOURCE_EXHAUSTED wait as RetryInfo says', async t => {
  // google.rpc.Status { details: Any { RetryInfo { retry_delay: 3.5 s } } }
  const delay = Buffer.from([0x0a, 0x08, 0x08, 3, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01])
  const url = Buffer.from('type.googleapis.com/google.rpc.RetryInfo')
  const any = Buffer.concat([Buffer.from([0x0a, url.length]), url, Buffer.from([0x12, delay.length]), delay])
  const details = Buffer.concat([Buffer.from([0x08, 14, 0x1a, any.length]), any]).toString('base64')
  for (const status of ['14', '8']) {
    const port = await oddHttp2(t, stream =>
      stream.respond({ ...GRPC, 'grpc-status': status, 'grpc-status-details-bin': details }, { endStream: true })
    )
    const sender = new GrpcSender(at(port), TRACES)
    t.after(() => sender.close())
    const outcome = await sender.send(body, signal)
    assert.deepEqual(outcome, { kind: 'retry', message: `gRPC status ${status}`, afterMs: 3500 })
  }
})

test('gRPC: a partial success is told', async t => {
  const type = opentelemetry.proto.collector.trace!.v1.ExportTraceServiceResponse!
  const message = Buffer.from(type.encode({ partialSuccess: { rejectedSpans: 3, errorMessage: 'too old' } }).finish())
  const port = await oddHttp2(t, stream => {
    stream.respond(GRPC, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]))
  })
  const sender = new GrpcSender(at(port), TRACES)
  t.after(() => sender.close())
  assert.deepEqual(await sender.send(body, signal), { kind: 'sent', rejected: 3, message: 'too old', written: true })
})

for (const [code, kind] of [
  [undefined, 'sent'],
  [3, 'refused'],
  [7, 'refused'],
  [8, 'refused'],
  [14, 'retry'],
  [4, 'retry'],
  [16, 'refused']
] as const) {
  test(`gRPC status ${code ?? 0}: ${kind}`, async t => {
    const { port } = await startGrpcReceiver(t, () => (code === undefined ? undefined : { code, details: 'why' }))
    const sender = new GrpcSender(at(port), TRACES)
    t.after(() => sender.close())
    const outcome = await sender.send(body, signal)
    assert.equal(outcome.kind, kind)
    if (outcome.kind !== 'sent') assert.match(outcome.message, /why/)
    assert.equal((await sender.send(body, signal)).kind, kind)
  })
}

for (const Sender of [HttpSender, GrpcSender]) {
  test(`${Sender.name}: nothing listens`, async () => {
    const sender = new Sender(at(await freePort()), Sender === HttpSender ? '/v1/traces' : TRACES)
    const outcome = await sender.send(body, signal)
    assert.equal(outcome.kind, 'retry')
    assert.match((outcome as { message: string }).message, /ECONNREFUSED/)
    sender.close()
  })

  test(`${Sender.name}: a collector that hangs is left`, async t => {
    const { createServer } = await import('node:net')
    const server = createServer(socket => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    t.after(() => server.close())
    const { port } = server.address() as { port: number }
    const sender = new Sender(at(port), Sender === HttpSender ? '/v1/traces' : TRACES)
    const attempt = new AbortController()
    const sent = sender.send(body, attempt.signal)
    setImmediate(() => attempt.abort())
    assert.deepEqual(await sent, { kind: 'retry', message: 'no response in time', afterMs: undefined })
    sender.close()
  })
}

for (const protocol of ['HTTP', 'gRPC'] as const) {
  test(`${protocol} over TLS: an authority that is not known is refused with its reason, one that is named is taken`, async t => {
    const options = { cert: pem('a.pem'), key: pem('a.key') }
    const server =
      protocol === 'HTTP'
        ? createHttpsServer(options, (_, res) => res.end())
        : createSecureServer(options).on('stream', stream => stream.respond({ ...GRPC, 'grpc-status': '0' }, { endStream: true }))
    server.on('tlsClientError', () => {})
    t.after(() => void server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const send = async (tls: object): Promise<ExportOutcome> => {
      const address = { ...at(port), host: 'localhost', tls: { minVersion: 'TLSv1.2', ...tls } } as CollectorAddress
      const sender = protocol === 'HTTP' ? new HttpSender(address, '/v1/traces') : new GrpcSender(address, TRACES)
      try {
        return await sender.send(body, AbortSignal.timeout(LIMIT_MS))
      } finally {
        sender.close()
      }
    }
    const refused = await send({})
    assert.equal(refused.kind, 'retry')
    assert.match((refused as { message: string }).message, /self.signed|unable to (verify|get)/)
    assert.equal((await send({ ca: pem('ca.pem') })).kind, 'sent')
    assert.equal((await send({ rejectUnauthorized: false })).kind, 'sent')
  })
}
