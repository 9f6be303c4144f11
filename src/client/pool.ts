/**
 * The connections to one origin: undici Clients with KrakenD's transport keys mapped, a cap on connections and a bounded queue.
 * Connections are not reused for ever, so that a name which moves is followed.
 *
 * A call gets the idle connection that was used last, so that those a quieter time does not need grow old; then one that is
 * opened for it; beyond the cap it waits its turn. Nothing of that looks through connections or calls.
 */

import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { type ConnectionSettings, clientSettings, createProxyAgent } from './connections.js'
import { proxyFor } from './env-proxy.js'
import { type ClientOwner, type ClientSettings, PooledClient } from './pooled-client.js'
import type { QueuedCall, WaitingCall } from './queued-call.js'
import { errors } from './undici.js'
import { WaitingCalls } from './waiting-calls.js'

/** What a gateway's pools have in common. */
export interface PoolSettings extends ConnectionSettings {
  /** Calls that may wait for a connection of one origin. */
  readonly maxQueued: number
  /** Source of HTTP_PROXY, HTTPS_PROXY, NO_PROXY. */
  readonly env: NodeJS.ProcessEnv
  /** Default: counts of these pools alone. */
  readonly totals?: PoolTotals
  /** The name that TLS asks for and verifies, in place of the origin's. */
  readonly serverName?: string
  /** The proxy's URL in place of what `env` says; null = none. */
  readonly proxy?: string | null
  /** Tells the pools of one origin apart, '' or a number. */
  readonly name?: string
}

/**
 * Idle connections beside which one that has brought no response is closed: its call was cancelled while it was opened. Clients that
 * cancel at once would else leave as many as they like, each until its idle time is over.
 */
const MOST_UNUSED = 32

/** Counts of calls to each origin, beyond the life of its pools. */
export class PoolTotals {
  private readonly totals = new Map<string, { total: number; refused: number }>()

  of(origin: string, settingsName: string): { total: number; refused: number } {
    const key = `${settingsName} ${origin}`
    const known = this.totals.get(key) ?? { total: 0, refused: 0 }
    this.totals.set(key, known)
    return known
  }
}

export class OriginPool implements ClientOwner {
  /** `http://host:port`. */
  readonly origin: string
  /** '' for connections as the root has them; a number for backends with settings of their own. */
  readonly settingsName: string
  /** The name that TLS asks for and verifies: that of the origin, whatever `Host` says. Undefined without TLS. */
  readonly serverName: string | undefined
  readonly maxQueued: number
  /** Also the most tunnels, which are counted apart. */
  readonly maxConnections: number
  private readonly capacity: number
  /** Undefined behind a proxy, whose connections are the agent's. */
  private readonly settings: ClientSettings | undefined
  private readonly proxy: Dispatcher | undefined
  private readonly clients = new Set<PooledClient>()
  /** Clients for one call each, beside the cap. */
  private readonly fresh = new Set<PooledClient>()
  /** Clients without a call; the one used last is the last. Some may have lost their connection since. */
  private readonly idle: PooledClient[] = []
  /** Clients without a connection. */
  private readonly spare: PooledClient[] = []
  private readonly waiting = new WaitingCalls()
  private closed = false
  /** Calls under way or waiting. */
  pending = 0
  /** Open connections that have changed their protocol. */
  tunnels = 0
  private readonly counts: { total: number; refused: number }

  constructor(origin: string, settings: PoolSettings) {
    this.origin = origin
    this.settingsName = settings.name ?? ''
    this.counts = (settings.totals ?? new PoolTotals()).of(origin, this.settingsName)
    const named = settings.serverName
    this.serverName = origin.startsWith('https:') ? (named ?? new URL(origin).hostname.replace(/^\[|\]$/g, '')) : undefined
    this.maxQueued = settings.maxQueued
    this.maxConnections = settings.maxConnections
    this.capacity = settings.maxConnections + settings.maxQueued
    const proxy = settings.proxy === undefined ? proxyFor(origin, settings.env) : (settings.proxy ?? undefined)
    this.proxy = proxy === undefined ? undefined : createProxyAgent(origin, proxy, settings)
    this.settings = proxy === undefined ? clientSettings(origin, settings) : undefined
  }

  /** Calls ever started, also on pools before this one. */
  get total(): number {
    return this.counts.total
  }

  /** Calls refused because the queue was full, also on pools before this one. */
  get refused(): number {
    return this.counts.refused
  }

  /** Sends a call on a connection, now or when it is its turn. */
  dispatch(options: Dispatcher.DispatchOptions, call: QueuedCall): void {
    if (this.closed) call.onError(new errors.ClientDestroyedError())
    else if (this.proxy !== undefined) this.proxy.dispatch(options, call as unknown as Dispatcher.DispatchHandler)
    else {
      const client = this.take()
      if (client === undefined) call.onQueued(this.waiting.add(call, options))
      else client.carry(options, call)
    }
  }

  /** Sends a call on a new connection, and closes it afterwards. */
  dispatchFresh(options: Dispatcher.DispatchOptions, call: QueuedCall): void {
    if (this.closed || this.settings === undefined) {
      this.dispatch(options, call)
      return
    }
    const client = new PooledClient(this.settings, this)
    this.fresh.add(client)
    options.reset = true
    client.carry(options, call)
    void client.close()
  }

  /** Takes a call out of the queue. */
  withdraw(entry: WaitingCall): void {
    this.waiting.remove(entry)
  }

  private take(): PooledClient | undefined {
    for (let client = this.idle.pop(); client !== undefined; client = this.idle.pop()) {
      if (client.connected) return client
      this.spare.push(client)
    }
    const spare = this.spare.pop()
    if (spare !== undefined || this.clients.size >= this.maxConnections) return spare
    const client = new PooledClient(this.settings!, this)
    this.clients.add(client)
    return client
  }

  /** Called by a client whose call has ended. */
  free(client: PooledClient): void {
    if (this.fresh.delete(client) || this.closed) return
    const next = this.waiting.shift()
    if (next !== undefined) client.carry(next.options, next.call)
    else if (client.connected && (client.reused || this.idle.length < MOST_UNUSED)) this.idle.push(client)
    else {
      client.disconnect()
      this.spare.push(client)
    }
  }

  /** Claims a place for a call; false when the queue is full. */
  enter(): boolean {
    if (this.pending >= this.capacity) {
      this.counts.refused++
      return false
    }
    this.pending++
    this.counts.total++
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

  /** Closes idle connections beyond `most`, those that were not used for the longest time; returns how many stay. */
  keepIdle(most: number): number {
    const { idle, spare } = this
    let open = 0
    for (const client of idle) {
      if (client.connected) idle[open++] = client
      else spare.push(client)
    }
    idle.length = open
    if (open <= most) return open
    for (const client of idle.splice(0, open - most)) {
      client.disconnect()
      spare.push(client)
    }
    return most
  }

  /** Open connections right now, without tunnels. */
  get connections(): number {
    let open = 0
    for (const client of this.clients) if (client.connected) open++
    for (const client of this.fresh) if (client.connected) open++
    return open
  }

  /** Ends all calls and connections. */
  async close(): Promise<void> {
    this.closed = true
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift())
      next.call.onError(new errors.ClientDestroyedError())
    const all: Dispatcher[] = [...this.clients, ...this.fresh]
    if (this.proxy !== undefined) all.push(this.proxy)
    await Promise.all(all.map(dispatcher => dispatcher.destroy()))
  }
}
