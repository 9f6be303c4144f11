/**
 * The demonstration behind `npm start` and `sluice demo`.
 *
 * In: `fixtures/demo/krakend.json`, a configuration as KrakenD reads it, and a port. Out: a listening gateway over an upstream
 * of its own, and the curl lines to try. The upstream listens on a free port of the loopback interface and ends with the gateway.
 */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Writable } from 'node:stream'
import { createGateway, type Gateway } from './index.js'

/** The same place from `src/demo.ts` and from `dist/demo.js`. */
const CONFIGURATION = new URL('../fixtures/demo/krakend.json', import.meta.url)

export interface DemoOptions {
  /** Default: the configuration's, 8080; 0 = the system chooses. */
  readonly port?: number
  /** Where the curl lines and the gateway's log lines go. Default: standard output. */
  readonly out?: Writable
  /** Time between two server-sent events. Default 500 ms. */
  readonly tickMs?: number
}

/**
 * Serves the demonstration; its upstream ends with `close()`.
 * @throws GatewayError SLUICE_ERR_CONFIG_LISTEN when the port is taken
 */
export async function runDemo(options: DemoOptions = {}): Promise<Gateway> {
  const upstream = createServer(answerWith(options.tickMs ?? 500))
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  try {
    const host = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
    const config = { ...JSON.parse(await readFile(CONFIGURATION, 'utf8')), host: [host] }
    const gateway = await createGateway(config, {
      env: {}, // the file alone counts, and no proxy stands before the upstream
      ...(options.port === undefined ? {} : { port: options.port }),
      logOutput: options.out ?? process.stdout
    })
    closeTogether(gateway, upstream)
    const { port } = await gateway.listen().catch(async error => {
      await gateway.close()
      throw error
    })
    const out = options.out ?? process.stdout
    out.write(invitation(`http://localhost:${port}`, host))
    return gateway
  } catch (error) {
    upstream.close()
    throw error
  }
}

/** The upstream goes after the gateway, and with it streams that would never end by themselves. */
function closeTogether(gateway: Gateway, upstream: Server): void {
  const close = gateway.close.bind(gateway)
  gateway.close = async options => {
    const drained = await close({ graceMs: 1000, ...options })
    upstream.close()
    upstream.closeAllConnections()
    return drained
  }
}

function invitation(gateway: string, upstream: string): string {
  return `The Sluice demonstration serves ${gateway} over an upstream at ${upstream}. Try, in another terminal:

  # pass-through: the upstream's own bytes
  curl -i ${gateway}/orders/7

  # one response out of three backends
  curl ${gateway}/home/ada

  # two backends in sequence: the order's customer
  curl ${gateway}/orders/7/customer

  # server-sent events, as they happen
  curl -N ${gateway}/ticks

  # the backend fails, the static part answers
  curl -i ${gateway}/fragile

  # an upload of any size, streamed (64 MiB here)
  head -c 67108864 /dev/zero | curl -T - -X POST ${gateway}/upload

  # the built-in health endpoint
  curl ${gateway}/__health

Ctrl-C ends it.
`
}

const USERS: Readonly<Record<string, object>> = {
  ada: { id: 'ada', full_name: 'Ada Lovelace', city: 'London', password_hash: 'never leaves the gateway' },
  alan: { id: 'alan', full_name: 'Alan Turing', city: 'Wilmslow', password_hash: 'never leaves the gateway' }
}

/** The upstream: every response depends on the path alone. */
function answerWith(tickMs: number): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    const [, first = '', second = '', third = ''] = (req.url ?? '').split('?')[0]!.split('/')
    if (first === 'ticks') return streamTicks(res, tickMs)
    if (first === 'digest') return digestOf(req, res)
    req.resume()
    if (first === 'orders') return sendJson(res, 200, orderOf(second))
    if (first === 'weather') return sendJson(res, 200, { today: { sky: 'clear', celsius: 21.5, station: 'x-17' } })
    const user = first === 'users' && Object.hasOwn(USERS, second) ? USERS[second] : undefined
    if (user === undefined) return sendJson(res, first === 'broken' ? 503 : 404, { error: 'no such thing' })
    sendJson(res, 200, third === 'orders' ? [orderOf('7'), orderOf('8')] : user)
  }
}

function orderOf(id: string): object {
  return { id, user: id === '8' ? 'alan' : 'ada', total: 129.9, items: ['valve', 'gate'] }
}

function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value)
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), 'X-Upstream': 'demo' })
  res.end(body)
}

function streamTicks(res: ServerResponse, tickMs: number): void {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  let count = 0
  const tick = (): void => {
    count++
    res.write(`id: ${count}\ndata: {"tick":${count},"at":"${new Date().toISOString()}"}\n\n`)
  }
  tick()
  const timer = setInterval(tick, tickMs)
  res.on('close', () => clearInterval(timer))
}

function digestOf(req: IncomingMessage, res: ServerResponse): void {
  const hash = createHash('sha256')
  let bytes = 0
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    hash.update(chunk)
  })
  req.on('end', () => sendJson(res, 200, { bytes, sha256: hash.digest('hex') }))
}
