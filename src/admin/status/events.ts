/**
 * The status as server-sent events: everything at first, then once a second a JSON Merge Patch of what has changed (RFC 7396). Clients are
 * bounded. One that does not read misses events, gets what it missed in one patch, and is cut when it has read nothing for long.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type JsonObject, mergePatch } from './merge-patch.js'

/** Makes what clients show, as an object that shares what has not changed with the one before. Called once a second, however many clients there are. */
export interface EventFacts {
  state(): object | Promise<object>
}

export const MAX_CLIENTS = 16
const EVERY_MS = 1_000
/** ms that a client may leave its connection full. */
const STUCK_MS = 30_000
/** ms after which a browser that lost its connection comes again. */
const RETRY_MS = 2_000

/** One page that is open. */
interface Client {
  readonly res: ServerResponse
  /** When its connection filled up; 0 = it takes events. */
  fullSince: number
  /** What it has; undefined = nothing yet. */
  state: object | undefined
}

export class StatusEvents {
  private readonly source: EventFacts
  private readonly clients = new Set<Client>()
  /** The last state that was made; undefined without clients. */
  private state: object | undefined
  private timer: NodeJS.Timeout | undefined
  /** A state that is being made: other workers take their time. */
  private making: Promise<object | undefined> | undefined

  constructor(source: EventFacts) {
    this.source = source
  }

  /** Clients that are connected. */
  get size(): number {
    return this.clients.size
  }

  /** Takes a client, until its connection closes. */
  add(req: IncomingMessage, res: ServerResponse): void {
    if (this.clients.size >= MAX_CLIENTS) {
      res.writeHead(503, { 'Retry-After': '30', 'Content-Type': 'text/plain; charset=utf-8' })
      return void res.end('Too many status pages are open.\n')
    }
    res.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' })
    if (req.method === 'HEAD') return void res.end()
    const client: Client = { res, fullSince: 0, state: undefined }
    this.clients.add(client)
    res.on('error', () => {})
    res.once('close', () => this.remove(client))
    res.write(`retry: ${RETRY_MS}\n\n`)
    void this.welcome(client)
  }

  /** Sends everything, and begins with what changes. */
  private async welcome(client: Client): Promise<void> {
    const state = this.state ?? (await this.make())
    if (!this.clients.has(client)) return
    if (state === undefined) return void client.res.destroy()
    this.send([client], state)
    this.timer ??= setInterval(() => void this.tick(), EVERY_MS).unref()
  }

  /** Undefined when the other workers cannot be asked: the primary is gone. */
  private make(): Promise<object | undefined> {
    this.making ??= Promise.resolve(this.source.state())
      .catch(() => undefined)
      .then(state => {
        this.making = undefined
        if (this.clients.size > 0) this.state = state
        return state
      })
    return this.making
  }

  /** Ends all connections; browsers come again. */
  end(): void {
    this.state = undefined
    for (const { res } of this.clients) res.end()
  }

  private async tick(): Promise<void> {
    // in a list: each client is looked at, and one that stays full for long is cut
    if (this.making !== undefined || ![...this.clients].map(takesEvents).includes(true)) return
    const state = await this.make()
    if (state === undefined) return this.end()
    this.send(this.clients, state)
  }

  /** Brings those clients to `state` that take events. Clients that have the same get the same text. */
  private send(clients: Iterable<Client>, state: object): void {
    const events = new Map<object | undefined, string>()
    for (const client of clients) {
      if (!takesEvents(client) || client.res.writableEnded) continue
      const event = events.get(client.state) ?? eventOf(client.state, state)
      events.set(client.state, event)
      client.state = state
      if (!client.res.write(event)) client.fullSince = performance.now()
    }
  }

  private remove(client: Client): void {
    this.clients.delete(client)
    if (this.clients.size > 0) return
    clearInterval(this.timer)
    this.timer = undefined
    this.state = undefined
  }
}

/** False for a client whose connection is full: it misses this event. One that stays full for long is cut. */
function takesEvents(client: Client): boolean {
  const { res, fullSince } = client
  if (fullSince === 0) return true
  if (!res.writableNeedDrain) {
    client.fullSince = 0
    return true
  }
  if (performance.now() - fullSince > STUCK_MS) res.destroy()
  return false
}

function eventOf(old: object | undefined, state: object): string {
  if (old === undefined) return `event: all\ndata: ${JSON.stringify(state)}\n\n`
  return `event: live\ndata: ${JSON.stringify(mergePatch(old as JsonObject, state as JsonObject) ?? {})}\n\n`
}
