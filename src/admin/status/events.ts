/**
 * The status as server-sent events: everything at first, then once a second what changed. Clients are bounded. One that does not read
 * misses events, and is cut when it has read nothing for long.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'

/** Makes the data of events, at once or as promises. Called once per event, however many clients there are. */
export interface EventFacts {
  /** Number of the configuration that serves. */
  readonly generation: number
  report(): unknown
  live(): unknown
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
}

export class StatusEvents {
  private readonly source: EventFacts
  private readonly clients = new Set<Client>()
  private generation = 0
  private timer: NodeJS.Timeout | undefined
  /** An event is being made: other workers take their time. */
  private making = false

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
    const client: Client = { res, fullSince: 0 }
    this.clients.add(client)
    res.on('error', () => {})
    res.once('close', () => this.remove(client))
    res.write(`retry: ${RETRY_MS}\n\n`)
    void this.welcome(client)
  }

  /** Sends everything, and begins with what changes. */
  private async welcome(client: Client): Promise<void> {
    const event = await this.make('all')
    if (event === undefined || !this.clients.has(client)) return void client.res.destroy()
    this.send(client, event)
    this.timer ??= setInterval(() => void this.tick(), EVERY_MS).unref()
    this.generation = this.source.generation
  }

  /** Undefined when the other workers cannot be asked: the primary is gone. */
  private async make(name: 'all' | 'live'): Promise<string | undefined> {
    try {
      return eventOf(name, await (name === 'all' ? this.source.report() : this.source.live()))
    } catch {
      return undefined
    }
  }

  /** Ends all connections; browsers come again. */
  end(): void {
    for (const { res } of this.clients) res.end()
  }

  private async tick(): Promise<void> {
    // in a list: each client is looked at, and one that stays full for long is cut
    if (this.making || ![...this.clients].map(takesEvents).includes(true)) return
    const { source } = this
    const isNew = this.generation !== source.generation
    this.generation = source.generation
    this.making = true
    const event = await this.make(isNew ? 'all' : 'live')
    this.making = false
    if (event === undefined) return this.end()
    for (const client of this.clients) this.send(client, event)
  }

  private send(client: Client, event: string): void {
    if (takesEvents(client) && !client.res.write(event)) client.fullSince = performance.now()
  }

  private remove(client: Client): void {
    this.clients.delete(client)
    if (this.clients.size > 0) return
    clearInterval(this.timer)
    this.timer = undefined
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

function eventOf(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
