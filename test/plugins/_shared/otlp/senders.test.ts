import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CollectorAddress } from '../../../../plugins/_shared/otlp/collector-address.js'
import { GrpcSender } from '../../../../plugins/_shared/otlp/grpc-sender.js'
import { HttpSender } from '../../../../plugins/_shared/otlp/http-sender.js'
import { freePort } from '../../../support/free-port.js'
import { opentelemetry, startGrpcReceiver, startReceiver } from '../../../support/otlp-receiver.js'

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

test('a response without an end is left', async t => {
  const { port } = await startReceiver(t, (_, res) => {
    const more = (): void => void (res.write(Buffer.alloc(1024 * 1024)) ? setImmediate(more) : res.once('drain', more))
    more()
  })
  const sender = new HttpSender(at(port), '/v1/traces')
  const outcome = await sender.send(body, signal)
  assert.deepEqual(outcome, { kind: 'retry', message: 'the response does not end', afterMs: undefined })
  sender.close()
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
