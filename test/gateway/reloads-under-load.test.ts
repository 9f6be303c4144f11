/** Many reloads under load: 40 of them, and 1,000 with SLUICE_LONG (npm run test:long). */

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { Agent, get, type IncomingMessage, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { WebSocket, WebSocketServer } from 'ws'
import type { ConfigInput } from '../../src/index.js'
import { openGateway } from '../support/open-gateway.js'
import { openStreamingUpstream, type Upstream } from '../support/upstream.js'
import { once, pause, until } from '../support/waiting.js'

const LONG = process.env.SLUICE_LONG !== undefined
const RELOADS = Number(process.env.SLUICE_RELOADS) || (LONG ? 1000 : 40)
/** Of configurations that cannot be built. */
const BROKEN = LONG ? 100 : 10
const REQUESTS_PER_SECOND = 200
/** Requests that are open at once at most: on a busy machine the rate is lower. */
const MOST_OPEN = 32
const CAPACITY = 8

/** Responds to /text, sends numbers at /events, echoes at /socket. */
async function openUpstream(t: TestContext): Promise<Upstream> {
  const upstream = await openStreamingUpstream(t, (req, res) => {
    if (req.url !== '/events') return void req.resume().on('end', () => res.end('{"ok":true}'))
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    let number = 0
    const timer = setInterval(() => res.write(`data: ${number++}\n\n`), 20)
    res.on('close', () => clearInterval(timer))
  })
  return upstream
}

async function openSockets(t: TestContext): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', socket => socket.on('message', text => socket.send(text.toString())))
  t.after(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

const LIMIT = { max_rate: 0, client_max_rate: 0.0001, client_capacity: CAPACITY, strategy: 'header', key: 'X-Client' }

/** Differs from turn to turn: names, timeouts, pipes, limits of the listener. */
function configOf(turn: number, host: string, sockets: string): ConfigInput {
  const plain = (endpoint: string, url_pattern: string, noOp: boolean, at = host, more: object = {}) => {
    const encoding = noOp ? 'no-op' : 'json'
    return {
      endpoint,
      output_encoding: encoding,
      input_headers: ['*'],
      backend: [{ host: [at], url_pattern, encoding }],
      ...more
    }
  }
  return {
    version: 3,
    name: `turn ${turn}`,
    listen_ip: '127.0.0.1',
    timeout: `${30 + (turn % 5)}s`,
    ...(turn % 10 === 9 ? { write_timeout: `${60 + turn}s` } : {}),
    endpoints: [
      plain('/text', '/text', turn % 2 === 0),
      plain('/events', '/events', true),
      plain('/socket', '/', true, sockets),
      plain('/limited', '/text', false, host, { extra_config: { 'qos/ratelimit/router': LIMIT } }),
      ...(turn % 3 === 0 ? [plain(`/turn-${turn}`, '/text', false)] : [])
    ]
  } as ConfigInput
}

/** Requests at a steady rate on kept connections. */
class Load {
  asked = 0
  readonly failures: unknown[] = []
  private readonly agent = new Agent({ keepAlive: true })
  private readonly timer: NodeJS.Timeout
  /** Numbers of the requests that have no response. */
  private readonly open = new Set<number>()

  constructor(url: string) {
    const begun = performance.now()
    // what a turn of the event loop was late for is made up for
    this.timer = setInterval(() => {
      const due = ((performance.now() - begun) * REQUESTS_PER_SECOND) / 1000
      while (this.asked < due && this.open.size < MOST_OPEN) this.ask(url)
    }, 1000 / REQUESTS_PER_SECOND)
  }

  private ask(url: string): void {
    const number = this.asked++
    this.open.add(number)
    const over = (failure?: unknown): void => {
      this.open.delete(number)
      if (failure !== undefined) this.failures.push(failure)
    }
    const headers = { 'Content-Type': 'application/json' }
    const asked = request(url, { agent: this.agent, headers }, res => {
      let size = 0
      res.on('data', (chunk: Buffer) => {
        size += chunk.length
      })
      res.on('error', over)
      res.on('end', () => over(res.statusCode === 200 && size > 0 ? undefined : `request ${number}: ${res.statusCode}`))
    })
    asked.on('error', over)
    asked.end()
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    const last = [...this.open].join(', ')
    await until(() => this.open.size === 0, `the responses to the last of ${this.asked} requests, ${last}`)
    this.agent.destroy()
  }
}

/** Reads the numbers of /events; none may be missing. */
function follow(response: IncomingMessage): { count: number; gaps: number } {
  const seen = { count: 0, gaps: 0 }
  let text = ''
  response.on('data', (chunk: Buffer) => {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      if (Number(text.slice(6, end)) !== seen.count) seen.gaps++
      seen.count++
      text = text.slice(end + 2)
    }
  })
  return seen
}

async function limitedAt(origin: string): Promise<number> {
  const asked = get(`${origin}/limited`, { agent: false, headers: { 'X-Client': 'one' } })
  const [response] = await once<[IncomingMessage]>(asked, 'response')
  response.resume()
  return response.statusCode!
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapMib(): number {
  collect()
  return process.memoryUsage().heapUsed / 1024 / 1024
}

const descriptors = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0)

test(`${RELOADS} reloads under load: no failed request, streams go on, what is kept stays, nothing piles up`, async t => {
  const { origin: host } = await openUpstream(t)
  const sockets = await openSockets(t)
  const { gateway, origin } = await openGateway(t, configOf(0, host, sockets))
  const events = get(`${origin}/events`, { agent: false })
  const [stream] = await once<[IncomingMessage]>(events, 'response')
  const seen = follow(stream)
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`)
  await once(socket, 'open')
  let echoed = 0
  socket.on('message', () => {
    echoed++
  })
  for (let turn = 0; turn < CAPACITY - 2; turn++) assert.equal(await limitedAt(origin), 200)

  const load = new Load(`${origin}/text`)
  const warm = Math.floor(RELOADS / 4)
  let [handles, heap] = [0, 0]
  for (let turn = 1; turn <= RELOADS; turn++) {
    await gateway.reload(configOf(turn, host, sockets))
    socket.send(String(turn))
    if (turn % Math.ceil(RELOADS / BROKEN) === 0) {
      const before = gateway.config
      await assert.rejects(gateway.reload({ ...configOf(turn, host, sockets), timeout: 'soon' }), { name: 'ConfigError' })
      assert.equal(gateway.config, before)
    }
    const { asked } = load
    await until(() => load.asked > asked, 'a request between two reloads')
    if (turn === warm) [handles, heap] = [descriptors(), heapMib()]
  }
  await load.stop()
  const numbers = seen.count
  await until(() => seen.count > numbers && echoed === RELOADS, 'the stream and the echoes')
  assert.deepEqual(load.failures, [])
  assert.equal(seen.gaps, 0)
  assert.equal(stream.destroyed, false)
  assert.equal(socket.readyState, WebSocket.OPEN)
  assert.equal(gateway.config.name, `turn ${RELOADS}`)
  assert.equal(await limitedAt(origin), 200)
  assert.equal(await limitedAt(origin), 200)
  assert.equal(await limitedAt(origin), 429, 'the bucket is that of the first configuration')
  await until(() => descriptors() <= handles + 16, `no more descriptors than ${handles} and some`)
  const [after, grown] = [descriptors(), heapMib() - heap]
  t.diagnostic(
    `${load.asked} requests; descriptors ${handles} → ${after}; heap ${heap.toFixed(1)} MiB, ${grown.toFixed(1)} MiB more`
  )
  if (LONG) assert.ok(grown < 24, `the heap has grown by ${grown.toFixed(1)} MiB`)
  stream.destroy()
  socket.terminate()
  await pause(0)
})
