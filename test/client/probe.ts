/** A call and an upstream that tests hold in their hands. */

import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { OriginPool } from '../../src/client/pool.js'
import type { Upload } from '../../src/client/upload.js'
import { UpstreamCall } from '../../src/client/upstream-call.js'
import type { TransportConfig } from '../../src/config/types.js'
import { GatewayError } from '../../src/errors.js'
import { deadlines } from '../../src/telemetry/timer-wheel.js'
import { freePort } from '../support/free-port.js'
import { once, within } from '../support/waiting.js'

/** Opens a pool that is closed with the test. */
export function openPool(
  t: TestContext,
  origin: string,
  limits: { maxConnections?: number; maxQueued?: number } = {},
  transport: Partial<TransportConfig> = {}
): OriginPool {
  const pool = new OriginPool(origin, {
    transport: { ...TRANSPORT, ...transport },
    maxConnections: limits.maxConnections ?? 10,
    maxQueued: limits.maxQueued ?? 10,
    wheel: deadlines,
    env: {}
  })
  t.after(() => pool.close())
  return pool
}

export interface Outcome {
  readonly status: number
  readonly body: string
}

/** A call whose end is a promise. */
export class ProbeCall extends UpstreamCall {
  readonly outcome: Promise<Outcome | GatewayError>
  tunnel: Socket | undefined = undefined
  error: GatewayError | undefined = undefined
  private status = 0
  private text = ''
  private settle!: (outcome: Outcome | GatewayError) => void

  constructor() {
    super()
    this.outcome = new Promise(resolve => {
      this.settle = resolve
    })
  }

  start(pool: OriginPool, path: string, more: ProbeOptions = {}): this {
    this.upgrade = more.upgrade
    this.send(pool, more.method ?? 'GET', path, more.headers ?? [], more.body ?? null)
    return this
  }

  /** The body's text of an answer, the code of a failure. */
  async said(): Promise<string> {
    const outcome = await within('the outcome of the call', this.outcome)
    return outcome instanceof GatewayError ? outcome.code : outcome.body
  }

  protected onHead(status: number): void {
    this.status = status
  }

  protected onChunk(chunk: Buffer): boolean {
    this.text += chunk.toString()
    return true
  }

  protected onBodyEnd(): void {
    this.settle({ status: this.status, body: this.text })
  }

  protected onFailure(error: GatewayError): void {
    this.error = error
    this.settle(error)
  }

  protected override onTunnel(_raw: readonly Buffer[], socket: Socket): void {
    this.tunnel = socket
    this.settle({ status: 101, body: 'tunnel' })
  }

  override fire(): void {}
}

export interface ProbeOptions {
  readonly method?: string
  readonly headers?: string[]
  readonly body?: Upload | Buffer
  readonly upgrade?: string
}

/** Starts a call. */
export function call(pool: OriginPool, path: string, more: ProbeOptions = {}): ProbeCall {
  return new ProbeCall().start(pool, path, more)
}

/** A request as it came, to be answered when the test wants it. */
export interface Held {
  readonly path: string
  readonly head: string
  /** Number of its connection, from 1. */
  readonly connection: number
  readonly socket: Socket
  answer(text?: string, more?: string): void
}

/** An upstream that reads heads and answers nothing by itself. */
export class HeldUpstream {
  readonly held: Held[] = []
  readonly sockets = new Set<Socket>()
  accepted = 0
  /** Called with each request once it is kept. */
  onRequest: (held: Held) => void = () => {}
  private readonly server = createServer(socket => this.serve(socket))

  /** @param port one at which nothing else listens while this upstream is stopped */
  async listen(port: number): Promise<string> {
    this.server.listen(port, '127.0.0.1')
    await once(this.server, 'listening')
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Closes the port and all connections. */
  async stop(): Promise<void> {
    if (!this.server.listening) return
    const closed = once(this.server, 'close')
    this.server.close()
    for (const socket of this.sockets) socket.destroy()
    await closed
  }

  /** The paths of all requests so far. */
  get paths(): string[] {
    return this.held.map(({ path }) => path)
  }

  private serve(socket: Socket): void {
    const connection = ++this.accepted
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => {})
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end)
        text = text.slice(end + 4)
        if (!/^[A-Z]+ \//.test(head)) continue // bytes of a body
        const answer = (said = `${connection}`, more = ''): void => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${said.length}\r\n${more}\r\n${said}`)
        }
        const one: Held = { path: head.split(' ')[1]!, head, connection, socket, answer }
        this.held.push(one)
        this.onRequest(one)
      }
    })
  }
}

/** Opens an upstream that is closed with the test. */
export async function holdUpstream(t: TestContext): Promise<{ upstream: HeldUpstream; origin: string }> {
  const upstream = new HeldUpstream()
  const origin = await upstream.listen(await freePort())
  t.after(() => upstream.stop())
  return { upstream, origin }
}

/** The keys of the outgoing transport, none set; but an idle connection stays open however long a test stands still. */
export const TRANSPORT: TransportConfig = {
  disableKeepAlives: false,
  disableCompression: false,
  maxIdleConnections: 0,
  maxIdleConnectionsPerHost: 250,
  idleConnectionTimeoutMs: 600_000,
  responseHeaderTimeoutMs: 0,
  expectContinueTimeoutMs: 0,
  dialerTimeoutMs: 0,
  dialerFallbackDelayMs: 0,
  dialerKeepAliveMs: 0,
  dnsCacheTtlMs: 30_000,
  tls: undefined
}
