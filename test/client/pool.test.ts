import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Upload } from '../../src/client/upload.js'
import { GatewayError } from '../../src/errors.js'
import type { ByteSink, ByteSource } from '../../src/message/byte-flow.js'
import { until } from '../support/waiting.js'
import { call, holdUpstream, openPool } from './probe.js'

/** Opens `count` connections of a pool and answers on them in this order, so that the last one was used last. */
async function opened(pool: ReturnType<typeof openPool>, upstream: Upstream, count: number): Promise<void> {
  const from = upstream.held.length
  const calls = Array.from({ length: count }, (_, i) => call(pool, `/open/${i}`))
  await until(() => upstream.held.length === from + count)
  for (const held of upstream.held.slice(from).sort((a, b) => a.connection - b.connection)) {
    held.answer()
    const own = calls[Number(held.path.slice('/open/'.length))]!
    assert.equal(await own.said(), `${held.connection}`)
  }
}
type Upstream = Awaited<ReturnType<typeof holdUpstream>>['upstream']

test('a call takes the idle connection that was used last', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin)
  await opened(pool, upstream, 3)
  upstream.onRequest = held => held.answer()
  for (let i = 0; i < 5; i++) assert.equal(await call(pool, '/next').said(), '3')
  const both = [call(pool, '/a'), call(pool, '/b')]
  assert.deepEqual(await Promise.all(both.map(one => one.said())), ['3', '2'])
  assert.equal(pool.connections, 3)
  assert.equal(upstream.accepted, 3)
})

test('no more connections than the cap; the calls beyond it come in the order they were made', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 2 })
  const calls = Array.from({ length: 7 }, (_, i) => call(pool, `/${i}`))
  assert.equal(pool.pending, 7)
  for (let i = 0; i < 7; i++) {
    await until(() => upstream.held.length > i)
    upstream.held[i]!.answer(`answer ${upstream.held[i]!.path}`)
  }
  assert.deepEqual(
    await Promise.all(calls.map(one => one.said())),
    calls.map((_, i) => `answer /${i}`)
  )
  assert.deepEqual(upstream.paths.slice(2), ['/2', '/3', '/4', '/5', '/6'])
  assert.equal(upstream.accepted, 2)
  assert.equal(pool.pending, 0)
})

test('a call beyond the queue is refused at once', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 1, maxQueued: 1 })
  const [running, waiting, refused] = [call(pool, '/1'), call(pool, '/2'), call(pool, '/3')]
  assert.equal(await refused!.said(), 'SLUICE_ERR_GATEWAY_QUEUE_FULL')
  assert.equal(pool.refused, 1)
  upstream.onRequest = held => held.answer()
  assert.deepEqual([await running!.said(), await waiting!.said()], ['1', '1'])
})

test('a cancelled call leaves the queue at once, wherever it stands, and makes room for another one', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 1, maxQueued: 5 })
  const calls = Array.from({ length: 6 }, (_, i) => call(pool, `/${i}`))
  const reason = new GatewayError('SLUICE_ERR_CLIENT_ABORTED')
  for (const i of [1, 3, 5]) calls[i]!.cancel(reason)
  assert.equal(pool.pending, 3)
  const late = [call(pool, '/6'), call(pool, '/7'), call(pool, '/8')]
  assert.equal(await call(pool, '/9').said(), 'SLUICE_ERR_GATEWAY_QUEUE_FULL')
  upstream.onRequest = held => held.answer(held.path)
  for (const i of [1, 3, 5]) assert.equal((await calls[i]!.outcome) as unknown, reason)
  await Promise.all([...calls, ...late].map(one => one.outcome))
  assert.deepEqual(upstream.paths, ['/0', '/2', '/4', '/6', '/7', '/8'])
  assert.equal(pool.pending, 0)
  // all who waited cancelled: the queue works on
  upstream.onRequest = () => {}
  const first = call(pool, '/10')
  call(pool, '/11').cancel(reason)
  call(pool, '/12').cancel(reason)
  await until(() => upstream.held.length === 7)
  const last = call(pool, '/13')
  upstream.onRequest = held => held.answer(held.path)
  upstream.held[6]!.answer('/10')
  assert.deepEqual([await first.said(), await last.said()], ['/10', '/13'])
})

test('a waiting upload that is cancelled lets go of its source', async t => {
  const { origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 1 })
  call(pool, '/first')
  const source = new HeldSource()
  const upload = call(pool, '/up', { method: 'POST', body: new Upload(source) })
  const reason = new GatewayError('SLUICE_ERR_CLIENT_ABORTED')
  upload.cancel(reason)
  assert.equal(source.destroyedWith, reason)
  assert.equal(source.sink, undefined)
  assert.equal(pool.pending, 1)
})

test('a call that is cancelled while its connection is opened leaves the connection to the next one', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin)
  const gone = call(pool, '/gone')
  gone.cancel(new GatewayError('SLUICE_ERR_CLIENT_ABORTED'))
  await until(() => pool.pending === 0)
  assert.equal(pool.connections, 1)
  upstream.onRequest = held => held.answer(held.path)
  assert.equal(await call(pool, '/next').said(), '/next')
  assert.equal(upstream.accepted, 1)
  assert.deepEqual(upstream.paths, ['/next'])
})

test('of connections that were opened for cancelled calls 32 stay, and the next calls use them', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 100 })
  for (const one of Array.from({ length: 100 }, (_, i) => call(pool, `/${i}`)))
    one.cancel(new GatewayError('SLUICE_ERR_CLIENT_ABORTED'))
  await until(() => pool.pending === 0 && upstream.accepted === 100 && pool.connections === 32)
  upstream.onRequest = held => held.answer(held.path)
  const next = Array.from({ length: 32 }, (_, i) => call(pool, `/next/${i}`).said())
  assert.deepEqual(
    await Promise.all(next),
    next.map((_, i) => `/next/${i}`)
  )
  assert.equal(upstream.accepted, 100)
})

test('a call that is cancelled under way ends its connection and no other call', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 1 })
  const gone = call(pool, '/gone')
  const next = call(pool, '/next')
  await until(() => upstream.held.length === 1)
  upstream.onRequest = held => held.answer(held.path)
  gone.cancel(new GatewayError('SLUICE_ERR_CLIENT_ABORTED'))
  assert.equal(await next.said(), '/next')
  await until(() => upstream.sockets.size === 1)
  assert.equal(upstream.accepted, 2)
  assert.equal(pool.pending, 0)
})

test('an upstream that closes idle connections is asked on a new one', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin)
  await opened(pool, upstream, 3)
  for (const socket of upstream.sockets) socket.end()
  await until(() => pool.connections === 0)
  upstream.onRequest = held => held.answer()
  assert.equal(await call(pool, '/next').said(), '4')
  assert.equal(pool.connections, 1)
})

test('an idle connection that is lost is passed over for one that is not', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin)
  await opened(pool, upstream, 3)
  const last = upstream.held.find(held => held.connection === 3)!
  last.socket.destroy()
  await until(() => pool.connections === 2)
  upstream.onRequest = held => held.answer()
  assert.equal(await call(pool, '/next').said(), '2')
  assert.equal(upstream.accepted, 3)
})

test('an answer with Connection: close: the call that waits gets a connection of its own', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 1 })
  upstream.onRequest = held => {
    held.answer(`${held.connection}`, 'Connection: close\r\n')
    held.socket.end()
  }
  const calls = [call(pool, '/1'), call(pool, '/2'), call(pool, '/3')]
  assert.deepEqual(await Promise.all(calls.map(one => one.said())), ['1', '2', '3'])
  await until(() => upstream.sockets.size === 0)
  assert.equal(pool.connections, 0)
})

test('a refused connection reaches every call, those that waited too', async t => {
  const { upstream, origin } = await holdUpstream(t)
  await upstream.stop()
  const pool = openPool(t, origin, { maxConnections: 2 })
  const calls = Array.from({ length: 8 }, (_, i) => call(pool, `/${i}`))
  assert.deepEqual(
    await Promise.all(calls.map(one => one.said())),
    calls.map(() => 'SLUICE_ERR_UPSTREAM_CONNECT')
  )
  assert.equal(pool.pending, 0)
  assert.equal(pool.connections, 0)
})

test('an upstream that is restarted is found again', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 2 })
  await opened(pool, upstream, 2)
  const cut = [call(pool, '/cut'), call(pool, '/cut', { method: 'POST', body: Buffer.from('x') }), call(pool, '/waits')]
  await until(() => upstream.held.length === 4)
  await upstream.stop()
  for (const one of cut) assert.match(await one.said(), /^SLUICE_ERR_UPSTREAM_(CONNECT|RESET)$/)
  assert.equal(await call(pool, '/down').said(), 'SLUICE_ERR_UPSTREAM_CONNECT')
  assert.equal(pool.pending, 0)
  await upstream.listen(Number(new URL(origin).port))
  upstream.onRequest = held => held.answer(held.path)
  const calls = ['/a', '/b', '/c', '/d'].map(path => call(pool, path))
  assert.deepEqual(await Promise.all(calls.map(one => one.said())), ['/a', '/b', '/c', '/d'])
  assert.equal(upstream.accepted, 4)
})

test('a used connection that dies before its answer: a GET is asked again on a fresh one, a POST is not', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin)
  await opened(pool, upstream, 1)
  upstream.onRequest = held => {
    if (held.connection === 1) held.socket.destroy()
    else held.answer()
  }
  assert.equal(await call(pool, '/get').said(), '2')
  assert.match(upstream.held.at(-1)!.head, /\r\nconnection: close/)
  await until(() => upstream.sockets.size === 0)
  upstream.onRequest = held => held.answer()
  assert.equal(await call(pool, '/again').said(), '3')
  upstream.onRequest = held => void held.socket.destroy()
  assert.equal(await call(pool, '/post', { method: 'POST', body: Buffer.from('x') }).said(), 'SLUICE_ERR_UPSTREAM_RESET')
  assert.equal(upstream.paths.filter(path => path === '/post').length, 1)
})

test('a connection that was opened for a call is not a used one', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin)
  await opened(pool, upstream, 1)
  for (const socket of upstream.sockets) socket.destroy()
  await until(() => pool.connections === 0)
  upstream.onRequest = held => void held.socket.destroy()
  assert.equal(await call(pool, '/get').said(), 'SLUICE_ERR_UPSTREAM_RESET')
  assert.equal(upstream.paths.filter(path => path === '/get').length, 1)
})

test('an answer before the end of its upload ends the connection; the next call gets its own answer', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 1 })
  const source = new HeldSource()
  const up = call(pool, '/up', { method: 'POST', body: new Upload(source) })
  const next = call(pool, '/next')
  await until(() => source.sink !== undefined)
  source.sink!.write(Buffer.from('a part'))
  await until(() => upstream.held.length === 1)
  upstream.onRequest = held => held.answer(held.path)
  upstream.held[0]!.answer('early')
  assert.equal(await up.said(), 'early')
  assert.equal(await next.said(), '/next')
  assert.equal(upstream.held[1]!.connection, 2)
  assert.equal(pool.pending, 0)
  await until(() => source.destroyedWith !== undefined)
})

test('a request that cannot be sent fails alone and costs no connection', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 1 })
  await opened(pool, upstream, 1)
  upstream.onRequest = held => held.answer(held.path)
  const calls = [call(pool, '/a'), call(pool, '/bad', { headers: ['X', 'a\nb'] }), call(pool, '/b')]
  assert.deepEqual(await Promise.all(calls.map(one => one.said())), ['/a', 'SLUICE_ERR_UPSTREAM_REQUEST', '/b'])
  assert.equal(upstream.accepted, 1)
  assert.equal(pool.pending, 0)
})

test('disable_keep_alives: a connection for each call, never more than the cap', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 2 }, { disableKeepAlives: true })
  let most = 0
  upstream.onRequest = held => {
    assert.match(held.head, /\r\nconnection: close/)
    most = Math.max(most, pool.connections)
    held.answer(held.path)
  }
  const calls = Array.from({ length: 9 }, (_, i) => call(pool, `/${i}`))
  await Promise.all(calls.map((one, i) => one.said().then(said => assert.equal(said, `/${i}`))))
  assert.equal(upstream.accepted, 9)
  assert.equal(most, 2)
  await until(() => pool.connections === 0)
})

test('a connection that is too old is closed after its next answer', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, {}, { dnsCacheTtlMs: -1 })
  upstream.onRequest = held => held.answer()
  assert.deepEqual([await call(pool, '/1').said(), await call(pool, '/2').said()], ['1', '1'])
  assert.match(upstream.held[1]!.head, /\r\nconnection: close/)
  assert.equal(await call(pool, '/3').said(), '2')
})

test('idle connections beyond a number are closed, those unused for the longest time first', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin)
  await opened(pool, upstream, 4)
  upstream.held.find(held => held.connection === 2)!.socket.destroy()
  await until(() => pool.connections === 3)
  assert.equal(pool.keepIdle(5), 3)
  assert.equal(pool.keepIdle(1), 1)
  await until(() => upstream.sockets.size === 1)
  upstream.onRequest = held => held.answer()
  assert.equal(await call(pool, '/next').said(), '4')
  assert.equal(pool.keepIdle(0), 0)
  await until(() => upstream.sockets.size === 0)
  assert.equal(await call(pool, '/next').said(), '5')
})

test('a tunnel is counted apart until it closes, and its place in the pool is free again', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 1 })
  upstream.onRequest = held => {
    if (/upgrade: echo/.test(held.head))
      held.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    else held.answer()
  }
  const tunnel = call(pool, '/tunnel', { upgrade: 'echo' })
  const waits = call(pool, '/waits')
  assert.equal(await tunnel.said(), 'tunnel')
  assert.equal(pool.tunnels, 1)
  assert.equal(await waits.said(), '2')
  assert.equal(pool.connections, 1)
  assert.equal(await call(pool, '/more', { upgrade: 'echo' }).said(), 'SLUICE_ERR_GATEWAY_QUEUE_FULL')
  tunnel.tunnel!.destroy()
  await until(() => pool.tunnels === 0)
  assert.equal(await call(pool, '/more', { upgrade: 'echo' }).said(), 'tunnel')
  assert.equal(pool.pending, 0)
  for (const socket of upstream.sockets) socket.destroy()
  await until(() => pool.tunnels === 0 && upstream.sockets.size === 0)
})

test('closing ends calls under way, calls that wait and every connection', async t => {
  const { upstream, origin } = await holdUpstream(t)
  const pool = openPool(t, origin, { maxConnections: 3 })
  await opened(pool, upstream, 3)
  const calls = Array.from({ length: 5 }, (_, i) => call(pool, `/${i}`))
  await until(() => upstream.held.length === 6)
  await pool.close()
  for (const one of calls) assert.equal(await one.said(), 'SLUICE_ERR_GATEWAY_CLOSING')
  await until(() => upstream.sockets.size === 0)
  assert.equal(pool.connections, 0)
  assert.equal(pool.pending, 0)
  assert.equal(await call(pool, '/late').said(), 'SLUICE_ERR_GATEWAY_CLOSING')
})

/** A body that a test sends. */
class HeldSource implements ByteSource {
  readonly length = undefined
  sink: ByteSink | undefined = undefined
  destroyedWith: GatewayError | undefined = undefined

  flow(sink: ByteSink): void {
    this.sink = sink
  }

  resume(): void {}

  destroy(error: GatewayError): void {
    this.destroyedWith = error
  }
}
