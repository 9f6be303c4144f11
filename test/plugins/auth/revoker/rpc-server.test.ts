import assert from 'node:assert/strict'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { GobDecoder } from '../../../../plugins/auth/revoker/gob/decoder.js'
import { GOB, GobEncoder, type GobType, uintBytes } from '../../../../plugins/auth/revoker/gob/encoder.js'
import { FrameReader } from '../../../../plugins/auth/revoker/gob/frame-reader.js'
import type { GobValue } from '../../../../plugins/auth/revoker/gob/types.js'
import { createRpcServer } from '../../../../plugins/auth/revoker/rpc-server.js'
import type { SlidingFilter } from '../../../../plugins/auth/revoker/sliding-filter.js'
import { holdsAsync } from '../../../fuzz/fuzz.js'
import { once, until, within } from '../../../support/waiting.js'
import { openBook } from './book.js'
import { bytesOf, type RecordedCall, type RecordedSession, recorded } from './recorded.js'

interface Running {
  readonly filter: SlidingFilter
  readonly port: number
  readonly server: Server
  /** Why connections were ended. */
  readonly reasons: string[]
}

async function run(t: TestContext, form = { n: 100, p: 0.01, hash: 'optimal' as 'optimal' | 'default' }): Promise<Running> {
  const book = openBook(t, form)
  const { filter } = book
  const reasons: string[] = []
  const server = createRpcServer(() => ({
    book,
    ended: reason => void reasons.push(reason)
  }))
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { filter, port: (server.address() as AddressInfo).port, server, reasons }
}

/** A client: sends bytes, takes values. */
class Client {
  readonly socket: Socket
  private readonly frames = new FrameReader()
  private readonly decoder = new GobDecoder()
  private readonly values: GobValue[] = []

  constructor(t: TestContext, port: number) {
    this.socket = connect({ port, host: '127.0.0.1' })
    this.socket.on('error', () => undefined)
    this.socket.on('data', chunk => {
      this.frames.push(chunk)
      for (let frame = this.frames.next(1 << 20); frame !== undefined; frame = this.frames.next(1 << 20)) {
        const value = this.decoder.take(frame)
        if (value !== undefined) this.values.push(value)
      }
    })
    t.after(() => this.socket.destroy())
  }

  /** The two values of the next response. */
  async response(): Promise<{ head: Record<string, unknown>; result: Record<string, unknown> }> {
    await until(() => this.values.length >= 2, 'a response of the RPC')
    const [head, result] = this.values.splice(0, 2) as [Record<string, unknown>, Record<string, unknown>]
    return { head: { ...head }, result: { ...result } }
  }

  async call(bytes: Uint8Array): Promise<{ head: Record<string, unknown>; result: Record<string, unknown> }> {
    this.socket.write(bytes)
    return this.response()
  }
}

/** What Go's server responded to the same bytes. */
const responsesOf = (session: RecordedSession): { head: object; result: object }[] => {
  const decoder = new GobDecoder()
  return session.steps.map(step => {
    const frames = new FrameReader()
    frames.push(bytesOf(step.received))
    const values: GobValue[] = []
    for (let frame = frames.next(1 << 20); frame !== undefined; frame = frames.next(1 << 20)) {
      const value = decoder.take(frame)
      if (value !== undefined) values.push(value)
    }
    return { head: { ...(values[0] as object) }, result: { ...(values[1] as object) } }
  })
}

/** Faults of arguments, whose texts are those of Go's own decoder and of its `%.2f`. */
const OWN_TEXTS = new Set(['bare list', 'other struct', 'no common field', 'union other p', 'union other hash'])

for (const session of recorded.sessions) {
  test(`responds to the client of Go as the server of KrakenD's library does: ${session.hash}`, async t => {
    const { port } = await run(t, session)
    const client = new Client(t, port)
    const wanted = responsesOf(session)
    for (const [index, step] of session.steps.entries()) {
      const { head, result } = await client.call(bytesOf(step.sent))
      const expected = wanted[index]!
      if (!OWN_TEXTS.has(step.name)) assert.deepEqual({ head, result }, expected, step.name)
      else assert.deepEqual({ ...head, Error: typeof head.Error }, { ...expected.head, Error: 'string' }, step.name)
    }
  })
}

test('a call may come byte by byte, and several at once', async t => {
  const { port, filter } = await run(t)
  const [add, check] = recorded.sessions[0]!.steps as readonly [RecordedCall, RecordedCall]
  const slow = new Client(t, port)
  slow.socket.setNoDelay(true)
  for (const byte of bytesOf(add.sent)) slow.socket.write(Buffer.from([byte]))
  assert.deepEqual((await slow.response()).result, { Count: 2 })
  const quick = new Client(t, port)
  quick.socket.write(Buffer.concat([bytesOf(add.sent), bytesOf(check.sent)]))
  await quick.response()
  assert.deepEqual((await quick.response()).result, { Checks: [true, false, true] })
  assert.equal(filter.has(Buffer.from('jti-a')), true)
})

test('a client that closes its half still gets its response', async t => {
  const { port } = await run(t)
  const client = new Client(t, port)
  const closed = once(client.socket, 'close')
  client.socket.end(bytesOf(recorded.sessions[0]!.steps[0]!.sent))
  assert.deepEqual((await client.response()).result, { Count: 2 })
  await closed
})

test('a client that closes its half, takes no responses and breaks off ends its connection alone', async t => {
  const { port, server } = await run(t)
  const accepted = once<[Socket]>(server, 'connection')
  const { socket } = new Client(t, port)
  socket.pause()
  const [served] = await accepted
  const { steps } = recorded.sessions[0]!
  const { sent } = steps.find(step => step.name === 'no service')!
  // the first call defines the types of all
  socket.write(bytesOf(steps[0]!.sent))
  // their responses are shorter than what a socket holds before it asks to wait
  const calls = Buffer.concat(Array.from({ length: 200 }, () => bytesOf(sent)))
  for (let bytes = calls.length; served.writableLength === 0; bytes += calls.length) {
    socket.write(calls)
    await until(() => served.bytesRead > bytes || served.writableLength > 0, 'calls that are served')
  }
  socket.end()
  await until(() => served.readableEnded, 'the end of the calls')
  const closed = once(served, 'close')
  socket.resetAndDestroy()
  await closed
  const next = new Client(t, port)
  assert.deepEqual((await next.call(bytesOf(steps[0]!.sent))).result, { Count: 2 })
})

const REQUEST: GobType = {
  kind: 'struct',
  name: 'Request',
  fields: [
    ['ServiceMethod', GOB.string],
    ['Seq', GOB.uint]
  ]
}
const ELEMENTS: GobType = { kind: 'slice', elem: GOB.bytes }
const ADD: GobType = { kind: 'struct', name: 'AddInput', fields: [['Elems', ELEMENTS]] }
const encoded = (method: string, elements: Buffer[], seq: number | bigint = 1): Buffer => {
  const encoder = new GobEncoder()
  return Buffer.concat([encoder.encode(REQUEST, { ServiceMethod: method, Seq: seq }), encoder.encode(ADD, { Elems: elements })])
}

test('the number of a call comes back whole, also beyond 2^53', async t => {
  const { port } = await run(t)
  const { head } = await new Client(t, port).call(encoded('BloomfilterRPC.Add', [], 2n ** 64n - 1n))
  assert.equal(head.Seq, 2n ** 64n - 1n)
})

test('an element that no token can have is refused, and the connection goes on', async t => {
  const { port, filter } = await run(t)
  const { head } = await new Client(t, port).call(encoded('BloomfilterRPC.Add', [Buffer.from('jti-1'), Buffer.alloc(65_537)]))
  assert.match(String(head.Error), /more than 65536 bytes/)
  assert.equal(filter.fill, 0)
})

test('a message that is too long ends the connection before it has come', async t => {
  const { port, reasons } = await run(t)
  const client = new Client(t, port)
  const head = new GobEncoder().encode(REQUEST, { ServiceMethod: 'BloomfilterRPC.Add', Seq: 1 })
  client.socket.write(Buffer.concat([head, uintBytes(1 << 30)]))
  await once(client.socket, 'close')
  assert.deepEqual(reasons, ['a message of 1073741824 bytes, 4194304 are allowed'])
})

test('whole filters from many clients at once stay within a bound', async t => {
  const { port, reasons } = await run(t)
  const clients = Array.from({ length: 6 }, () => new Client(t, port))
  for (const client of clients) {
    const head = new GobEncoder().encode(REQUEST, { ServiceMethod: 'BloomfilterRPC.Add', Seq: 1 })
    // all but the end of a list of 4 MB
    client.socket.write(Buffer.concat([head, uintBytes(4_000_000), Buffer.alloc(3_900_000)]))
  }
  await until(() => reasons.some(reason => /hold more than/.test(reason)), 'a connection that was ended for what others hold')
})

test('random bytes end their connection and nothing else', async t => {
  const { port } = await run(t)
  await holdsAsync(
    t,
    40,
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async bytes => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.on('error', () => undefined)
      socket.end(bytes)
      socket.resume()
      await within('the end of the connection', once(socket, 'close'))
    })
  )
  const { result } = await new Client(t, port).call(encoded('BloomfilterRPC.Add', [Buffer.from('jti-1')]))
  assert.deepEqual(result, { Count: 1 })
})

test('changed calls end their connection or are responded to', async t => {
  const { port } = await run(t)
  const whole = Buffer.concat(recorded.sessions[0]!.steps.map(step => bytesOf(step.sent)))
  const changes = fc.array(fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) }), { minLength: 1, maxLength: 4 })
  await holdsAsync(
    t,
    40,
    fc.asyncProperty(changes, async list => {
      const bytes = Buffer.from(whole)
      for (const { at, byte } of list) bytes[at] = byte
      const socket = connect({ port, host: '127.0.0.1' })
      socket.on('error', () => undefined)
      socket.end(bytes)
      socket.resume()
      await within('the end of the connection', once(socket, 'close'))
    })
  )
  const { result } = await new Client(t, port).call(encoded('BloomfilterRPC.Check', [Buffer.from('jti-none')]))
  assert.deepEqual(result, { Checks: [false] })
})

test('connections that say nothing keep no client out: the one that was idle for the longest time makes room', async t => {
  const { port, server, reasons, filter } = await run(t, recorded.sessions[0]!)
  const [add, check] = recorded.sessions[0]!.steps as readonly [RecordedCall, RecordedCall]
  const accepted = async (count: number): Promise<void> => {
    await until(() => reasons.length >= count - 64, `${count} connections`)
  }
  const used = new Client(t, port)
  await used.call(bytesOf(add.sent))
  const silent = Array.from({ length: 63 }, () => new Client(t, port))
  const open = (): Promise<number> =>
    new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))))
  while ((await open()) < 64) await turn()
  const late = new Client(t, port)
  assert.equal((await late.call(bytesOf(add.sent))).head.Error ?? '', '')
  await accepted(65)
  assert.match(reasons[0]!, /more than 64 connections: the one that was idle for the longest time/)
  await until(() => silent.some(one => one.socket.destroyed), 'the end of a silent connection')
  await used.call(bytesOf(check.sent))
  assert.ok(filter.fill > 0)
})
