/**
 * The connections to one origin: an undici Pool with KrakenD's transport keys mapped, a cap on connections, a bounded queue,
 * and connections that are not reused for ever, so that a name which moves is followed.
 */

import type { Socket } from 'node:net'
import { buildConnector, Client, type Dispatcher, Pool, ProxyAgent } from 'undici'
import type { TransportConfig } from '../config/types.js'
import type { TimerWheel } from '../telemetry/timer-wheel.js'
import type { UpstreamCall } from './call.js'
import { proxyFor } from './env-proxy.js'
import { skipContinues } from './interim.js'
import { SocketReader } from './socket-reader.js'
import { clientTlsOptions } from './tls.js'

/** What a gateway's pools have in common. */
export interface PoolSettings {
  readonly transport: TransportConfig
  /** Connections per origin. */
  readonly maxConnections: number
  /** Calls that may wait for a connection of one origin. */
  readonly maxQueued: number
  readonly wheel: TimerWheel
  /** Source of HTTP_PROXY, HTTPS_PROXY, NO_PROXY. */
  readonly env: NodeJS.ProcessEnv
}

/** Idle connections are closed after this long when `idle_connection_timeout` is 0: below the 5 s of common backends (RFC 9112 §9.3). */
const DEFAULT_IDLE_MS = 4_000
/** Dialling takes at most this long when `dialer_timeout` is 0. */
const DEFAULT_CONNECT_MS = 10_000
/** Largest head of an answer, bytes. */
const MAX_HEAD_BYTES = 1024 * 1024

/** An undici Client that tells calls which connection they got and closes connections that are old. */
export class PooledClient extends Client {
  private readonly wheel: TimerWheel
  private readonly maxAgeMs: number
  private connectedAt = 0
  private served = 0
  private busy = 0
  private socket: Socket | undefined
  private awaitsHead = true
  /** Of the newest connection; undefined for TLS, which decrypts into buffers of its own. */
  reader: SocketReader | undefined

  /** @param connectorOf answers what opens a connection; each gets a reader of its own, TLS none */
  constructor(
    origin: URL,
    options: Client.Options,
    connectorOf: (reader: SocketReader | undefined) => buildConnector.connector,
    wheel: TimerWheel,
    maxAgeMs: number
  ) {
    super(origin, {
      ...options,
      connect: (target: buildConnector.Options, done: buildConnector.Callback) => {
        const reader = origin.protocol === 'https:' ? undefined : new SocketReader()
        connectorOf(reader)(target, (...outcome) => {
          // A failed attempt may give no second argument at all.
          if (outcome[1]) this.connected(outcome[1], reader)
          done(...outcome)
        })
      }
    })
    this.reader = undefined
    this.wheel = wheel
    this.maxAgeMs = maxAgeMs
  }

  private connected(socket: Socket, reader: SocketReader | undefined): void {
    this.socket = socket
    this.awaitsHead = true
    this.reader = reader
    reader?.attach(socket)
    skipContinues(socket, () => this.awaitsHead)
    this.connectedAt = this.wheel.now()
    this.served = 0
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const call = handler as unknown as UpstreamCall
    if (typeof call.onClient === 'function') {
      this.busy++
      call.onClient(this, this.served > 0)
      if (this.connectedAt !== 0 && this.wheel.now() - this.connectedAt > this.maxAgeMs) options.reset = true
    }
    return super.dispatch(options, handler)
  }

  /** The connection changed its protocol and belongs to somebody else now. */
  gaveAway(socket: Socket): void {
    if (Object.hasOwn(socket, 'read')) delete (socket as { read?: unknown }).read // see skipContinues
    this.reader?.release(socket)
    if (this.socket === socket) this.socket = undefined
  }

  /** A final head was read: body bytes follow. */
  headArrived(): void {
    this.awaitsHead = false
  }

  /** An answer came to its end on this connection. */
  succeeded(): void {
    this.awaitsHead = true
    this.served++
  }

  /** A call let go of this connection. */
  finished(): void {
    this.busy--
  }

  /** Open and unused. */
  get idle(): boolean {
    return this.busy === 0 && this.socket !== undefined && !this.socket.destroyed
  }

  /** Closes an idle connection; the next call opens another one. */
  dropIdle(): void {
    if (this.idle) this.socket!.destroy()
  }
}

export class OriginPool {
  /** `http://host:port`. */
  readonly origin: string
  private readonly dispatcher: Dispatcher
  private readonly openFresh: (() => Dispatcher) | undefined
  readonly maxQueued: number
  /** Also the most tunnels, which are counted apart. */
  readonly maxConnections: number
  private readonly capacity: number
  private readonly clients = new Set<PooledClient>()
  /** Calls under way or waiting. */
  pending = 0
  /** Open connections that have changed their protocol. */
  tunnels = 0
  /** Calls ever started. */
  total = 0
  /** Calls refused because the queue was full. */
  refused = 0

  constructor(origin: string, settings: PoolSettings) {
    this.origin = origin
    this.maxQueued = settings.maxQueued
    this.maxConnections = settings.maxConnections
    this.capacity = settings.maxConnections + settings.maxQueued
    const made = createDispatcher(origin, settings, this.clients)
    this.dispatcher = made.dispatcher
    this.openFresh = made.openFresh
  }

  /** Sends a request on a pooled connection. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.dispatcher.dispatch(options, handler)
  }

  /** Sends a request on a connection that nobody used before, and closes it afterwards. */
  dispatchFresh(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    if (this.openFresh === undefined) {
      this.dispatch(options, handler)
      return
    }
    const client = this.openFresh()
    options.reset = true
    client.dispatch(options, handler)
    void client.close()
  }

  /** Claims a place for a call; false when the queue is full. */
  enter(): boolean {
    if (this.pending >= this.capacity) {
      this.refused++
      return false
    }
    this.pending++
    this.total++
    return true
  }

  leave(): void {
    this.pending--
  }

  /** Counts a connection that changed its protocol until it closes. */
  countTunnel(socket: Socket): void {
    this.tunnels++
    socket.once('close', () => {
      this.tunnels--
    })
  }

  /** Idle connections right now. */
  idleClients(): PooledClient[] {
    const idle: PooledClient[] = []
    for (const client of this.clients) {
      if (client.destroyed) this.clients.delete(client)
      else if (client.idle) idle.push(client)
    }
    return idle
  }

  /** Open connections right now. */
  get connections(): number {
    return this.clients.size
  }

  async close(): Promise<void> {
    await this.dispatcher.destroy()
  }
}

interface MadeDispatcher {
  readonly dispatcher: Dispatcher
  /** Undefined behind a proxy, whose connections are the proxy agent's. */
  readonly openFresh: (() => Dispatcher) | undefined
}

function createDispatcher(origin: string, settings: PoolSettings, clients: Set<PooledClient>): MadeDispatcher {
  const { transport, wheel } = settings
  const connect: buildConnector.BuildOptions = {
    timeout: transport.dialerTimeoutMs || DEFAULT_CONNECT_MS,
    keepAlive: transport.dialerKeepAliveMs >= 0,
    allowH2: false,
    ...(transport.dialerKeepAliveMs > 0 ? { keepAliveInitialDelay: transport.dialerKeepAliveMs } : {}),
    autoSelectFamily: true,
    ...(transport.dialerFallbackDelayMs > 0
      ? { autoSelectFamilyAttemptTimeout: Math.max(10, transport.dialerFallbackDelayMs) }
      : {}),
    ...(clientTlsOptions(transport.tls) as object)
  }
  const options: Pool.Options = {
    connections: settings.maxConnections,
    pipelining: transport.disableKeepAlives ? 0 : 1,
    keepAliveTimeout: transport.idleConnectionTimeoutMs || DEFAULT_IDLE_MS,
    keepAliveMaxTimeout: transport.idleConnectionTimeoutMs || 600_000,
    headersTimeout: transport.responseHeaderTimeoutMs,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEAD_BYTES,
    allowH2: false
  }
  const proxy = proxyFor(origin, settings.env)
  if (proxy !== undefined) {
    // plain http is asked of the proxy in absolute form, https goes through a CONNECT tunnel (RFC 9110 §9.3.6), as Go does
    const proxyTunnel = origin.startsWith('https:')
    return {
      dispatcher: new ProxyAgent({ ...options, uri: proxy, proxyTunnel, requestTls: connect as never }),
      openFresh: undefined
    }
  }
  // TLS connections share a connector and its sessions
  const shared = origin.startsWith('https:') ? buildConnector(connect) : undefined
  const connectorOf = (reader: SocketReader | undefined): buildConnector.connector =>
    shared ?? buildConnector({ ...connect, onread: reader!.onread } as buildConnector.BuildOptions)
  const factory = (url: string | URL, clientOptions: object): Dispatcher => {
    const client = new PooledClient(url as URL, clientOptions as Client.Options, connectorOf, wheel, transport.dnsCacheTtlMs)
    clients.add(client)
    return client
  }
  const { connections: _, ...single } = options
  return {
    dispatcher: new Pool(origin, { ...options, factory: factory as never }),
    openFresh: () => factory(new URL(origin), single)
  }
}
