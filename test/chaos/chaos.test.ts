import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { OriginPool } from '../../src/client/pool.js'
import type { Wrap } from '../../src/plugin/types.js'
import { deadlines } from '../../src/telemetry/timer-wheel.js'
import { createRandom, pick, type Random } from '../encoding/json/random.js'
import { openGateway } from '../support/open-gateway.js'
import { once, pause, until } from '../support/waiting.js'
import { type Asked, ask, type Cut, createUpstream, type Outcome, type Reply } from './wire.js'

/** Exchanges; `CHAOS_RUNS=5000` for the long form, with `--expose-gc` it also weighs the memory. */
const RUNS = Number(process.env.CHAOS_RUNS ?? 400)
const SEED = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))
const WIDTH = 24

const SIDES = ['none', 'upstream', 'upstream', 'upstream-reading', 'client-writing', 'client-reading'] as const
const PIPES = ['pass', 'pass', 'up', 'data', 'merge', 'shape', 'staged', 'staged-up'] as const
type Pipe = (typeof PIPES)[number]

interface Exchange {
  readonly id: number
  readonly pipe: Pipe
  readonly cut: Cut
  readonly size: number
  readonly chunked: boolean
}

function draw(random: Random, id: number): Exchange {
  const edge = random()
  const at = edge < 0.1 ? 0 : edge < 0.2 ? 0.9999 : random()
  return {
    id,
    pipe: pick(random, PIPES),
    cut: { side: pick(random, SIDES), at, reset: random() < 0.5, piece: pick(random, [40, 700, 9000, 100_000]) },
    size: pick(random, [10, 3000, 60_000, 200_000]),
    chunked: random() < 0.5
  }
}

const padding = (exchange: Exchange, part: string): string => `${part}${exchange.id};`.repeat(exchange.size / 8)
const dataOf = (exchange: Exchange, part: string): object => ({
  [part]: padding(exchange, part),
  secret: 'not for clients',
  id: exchange.id
})

/** The whole answer that a client may see of a pipe. */
function expected(exchange: Exchange): Record<string, unknown> {
  const { pipe, id } = exchange
  if (pipe === 'up' || pipe === 'staged-up') return { got: exchange.size }
  if (pipe === 'merge') return { one: padding(exchange, 'one'), two: padding(exchange, 'two'), secret: 'not for clients', id }
  if (pipe === 'shape') return { one: padding(exchange, 'one'), id }
  return { one: padding(exchange, 'one'), secret: 'not for clients', id }
}

/** A whole answer is right, or says that it is not. */
function judge(exchange: Exchange, outcome: Outcome): 'right' | 'partial' | 'failed' | 'broken' {
  if (!outcome.whole) return 'broken'
  if (outcome.status !== 200) {
    assert.ok([499, 500, 502, 503, 504, 400].includes(outcome.status), `status ${outcome.status}`)
    return 'failed'
  }
  const body = JSON.parse(outcome.body) as Record<string, unknown>
  const wanted = expected(exchange)
  if (exchange.pipe === 'merge' && /completed: false/i.test(outcome.head)) {
    for (const key of Object.keys(body)) assert.equal(body[key], wanted[key])
    return 'partial'
  }
  assert.deepEqual(body, wanted)
  return 'right'
}

test(`client or upstream breaks off anywhere: every client sees a whole response or a broken one, and nothing stays behind (CHAOS_SEED=${SEED})`, async t => {
  const random = createRandom(SEED)
  const running = new Map<number, Exchange>()
  const upstream = createUpstream(target => {
    const [, part = '', id = ''] = target.split('/')
    const exchange = running.get(Number(id))
    const cut: Cut = exchange?.cut ?? { side: 'none', at: 0, reset: false, piece: 100_000 }
    const reply = (asked: Asked): Reply => {
      const value = asked.method === 'POST' ? { got: asked.bodyBytes } : exchange === undefined ? {} : dataOf(exchange, part)
      return { status: 200, body: JSON.stringify(value), chunked: exchange?.chunked ?? false }
    }
    // of a merge only the second part is cut
    return { reply, cut: exchange?.pipe === 'merge' && part === 'one' ? { ...cut, side: 'none' } : cut }
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.after(() => upstream.close())
  const host = [`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`]

  const pools = new Set<OriginPool>()
  const enter = OriginPool.prototype.enter
  OriginPool.prototype.enter = function (this: OriginPool) {
    pools.add(this)
    return enter.call(this)
  }
  t.after(() => {
    OriginPool.prototype.enter = enter
  })

  let ended = 0
  let watched = 0
  const stage: Wrap = next => async request => {
    if (request.hasBody) {
      watched++
      request.body.tap({ chunk() {}, end: () => void ended++, abort: () => void ended++ })
    }
    const response = await next(request)
    watched++
    response.body.tap({ chunk() {}, end: () => void ended++, abort: () => void ended++ })
    response.body.transform({ chunk: chunk => chunk })
    return response
  }
  const backend = (part: string, more: object = {}): object => ({ host, url_pattern: `/${part}/{id}`, ...more })
  const noOp = { output_encoding: 'no-op' }
  const gatewayConfig = {
    timeout: '120s',
    max_body_bytes: 1_000_000,
    idle_connection_timeout: '300ms',
    endpoints: [
      { endpoint: '/pass/{id}', ...noOp, backend: [backend('one')] },
      { endpoint: '/up/{id}', method: 'POST', ...noOp, backend: [backend('one', { method: 'POST' })] },
      { endpoint: '/data/{id}', backend: [backend('one')] },
      { endpoint: '/merge/{id}', backend: [backend('one'), backend('two')] },
      { endpoint: '/shape/{id}', max_body_bytes: 20_000, backend: [backend('one', { deny: ['secret'] })] },
      { endpoint: '/staged/{id}', ...noOp, backend: [backend('one')] },
      { endpoint: '/staged-up/{id}', method: 'POST', ...noOp, backend: [backend('one', { method: 'POST' })] }
    ],
    extra_config: {
      router: { max_connections_per_host: 10, disable_access_log: true },
      'telemetry/logging': { level: 'CRITICAL', stdout: true }
    }
  }
  const { port, gateway } = await openGateway(t, gatewayConfig, {
    wrapEndpoint: endpoint => (endpoint.path.startsWith('/staged') ? stage : undefined)
  })
  const sockets = (): number => process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap').length
  const before = { sockets: sockets(), deadlines: deadlines.size }

  const outcomes: Record<string, number> = { right: 0, partial: 0, failed: 0, broken: 0 }
  let next = 0
  const heap: number[] = []
  const weigh = async (): Promise<void> => {
    if (globalThis.gc === undefined) return
    await pause(500)
    globalThis.gc()
    heap.push(process.memoryUsage().heapUsed)
  }
  for (const last of [RUNS / 2, RUNS]) {
    const worker = async (): Promise<void> => {
      while (next < last) await one(draw(random, ++next))
    }
    await Promise.all(Array.from({ length: WIDTH }, worker))
    await weigh()
  }
  t.diagnostic(JSON.stringify(outcomes))

  async function one(exchange: Exchange): Promise<void> {
    running.set(exchange.id, exchange)
    const uploads = exchange.pipe === 'up' || exchange.pipe === 'staged-up'
    const body = Buffer.alloc(uploads ? exchange.size : 0, 'u')
    const framing = uploads ? `Content-Length: ${body.length}\r\n` : ''
    const head = `${uploads ? 'POST' : 'GET'} /${exchange.pipe}/${exchange.id} HTTP/1.1\r\nHost: gw.test\r\nTE: trailers\r\nConnection: close, TE\r\n${framing}\r\n`
    const verdict = judge(exchange, await ask(port, head, body, exchange.cut))
    outcomes[verdict]!++
    if (exchange.cut.side === 'none') assert.equal(verdict, 'right', JSON.stringify(exchange))
    running.delete(exchange.id)
  }

  const left = (): object => ({
    pending: [...pools].map(pool => pool.pending),
    sockets: sockets() - before.sockets,
    deadlines: deadlines.size - before.deadlines,
    observers: watched - ended
  })
  const nothing = { pending: [0], sockets: 0, deadlines: 0, observers: 0 }
  // idle connections go after 300 ms, at the next sweep
  await until(() => JSON.stringify(left()) === JSON.stringify(nothing)).catch(() => {})
  assert.deepEqual(left(), nothing)
  if (heap.length === 2) assert.ok(heap[1]! - heap[0]! < 8 * 1024 * 1024, `heap grew from ${heap[0]} to ${heap[1]} bytes`)
  assert.equal(await gateway.close({ graceMs: 60_000 }), true)
})
