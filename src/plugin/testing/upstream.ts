/** The upstream of the test kit: a real HTTP server that responds from a script, cuts its bodies at random borders, and fails on demand. */

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the upstream sends. */
export interface UpstreamAnswer {
  /** Default 200. */
  readonly status?: number
  /** Default: none but those that the body needs. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** An object is sent as JSON. Default: `{}`. */
  readonly body?: string | Uint8Array | object
  /** Cuts the connection after so many bytes of the body. */
  readonly cutAfter?: number
}

/** What the upstream saw. */
export interface UpstreamSeen {
  /** As received. */
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** As received, lower-case names. */
  readonly headers: IncomingHttpHeaders
  /** Read whole. */
  readonly body: Buffer
}

/** How a call fails; `stall` = nothing more comes and the connection stays. */
export interface UpstreamFault {
  readonly how: 'reset' | 'close' | 'stall'
  readonly where: 'before-head' | 'after-head' | 'in-body'
  /** The first call of the exchange that fails, from 0. */
  readonly from: number
  /** Where in the body, a part of its length between 0 and 1. */
  readonly at: number
}

/** Numbers that are the same for the same seed (xorshift). */
export class SeededRandom {
  private state: number

  /** @param seed 0 gives zeros only */
  constructor(seed: number) {
    this.state = seed
  }

  /** A whole number, 0…2³²-1. */
  next(): number {
    this.state ^= this.state << 13
    this.state ^= this.state >>> 17
    this.state ^= this.state << 5
    return this.state >>> 0
  }
}

export class ScriptedUpstream {
  /** Calls whose request arrived whole. */
  readonly calls: UpstreamSeen[] = []
  /** What calls fail with; undefined = they do not. */
  fault: UpstreamFault | undefined
  /** Called when a call has arrived whole, and when a fault has struck. */
  onEvent: (what: 'called' | 'struck') => void = () => {}
  private readonly answerOf: (call: UpstreamSeen) => UpstreamAnswer | Promise<UpstreamAnswer>
  private readonly server: Server
  private readonly open = new Set<ServerResponse>()
  private readonly random: SeededRandom | undefined
  private begun = 0

  /** @param seed of the borders at which bodies are cut; 0 = in one piece */
  constructor(answerOf: (call: UpstreamSeen) => UpstreamAnswer | Promise<UpstreamAnswer>, seed: number) {
    this.answerOf = answerOf
    this.random = seed === 0 ? undefined : new SeededRandom(seed)
    this.server = createServer((req, res) => this.serve(req, res))
  }

  /** Opens a free port, or the given one again; returns the origin. */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(port, '127.0.0.1', () => {
        this.server.off('error', reject)
        resolve()
      })
    })
    return `http://127.0.0.1:${this.port}`
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** A new exchange: faults count calls from here. */
  begin(fault: UpstreamFault | undefined): void {
    this.fault = fault
    this.begun = 0
  }

  private serve(req: IncomingMessage, res: ServerResponse): void {
    this.open.add(res)
    res.on('close', () => this.open.delete(res))
    const fault = this.fault !== undefined && this.begun++ >= this.fault.from ? this.fault : undefined
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('error', () => res.destroy())
    req.on('end', () => {
      const seen = { method: req.method ?? '', url: req.url ?? '', headers: req.headers, body: Buffer.concat(chunks) }
      this.calls.push(seen)
      this.onEvent('called')
      this.answer(seen, res, fault).catch(() => res.destroy())
    })
  }

  private async answer(seen: UpstreamSeen, res: ServerResponse, fault: UpstreamFault | undefined): Promise<void> {
    const { status = 200, headers = {}, body = {}, cutAfter } = await this.answerOf(seen)
    if (fault?.where === 'before-head') return this.strike(res, fault)
    const isJson = typeof body === 'object' && !(body instanceof Uint8Array)
    const bytes = Buffer.from(isJson ? JSON.stringify(body) : (body as string | Uint8Array))
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value as string | string[])
    if (isJson && !res.hasHeader('content-type')) res.setHeader('Content-Type', 'application/json')
    if (status !== 204 && status !== 304) res.setHeader('Content-Length', bytes.length)
    res.writeHead(status)
    if (seen.method === 'HEAD' || status === 204 || status === 304) return void res.end()
    const end = fault === undefined ? (cutAfter ?? bytes.length) : endOf(fault, bytes.length)
    if (fault !== undefined) res.flushHeaders()
    for (let at = 0; at < end && !res.destroyed; ) {
      const to = Math.min(end, at + this.pieceOf(end))
      await written(res, bytes.subarray(at, to))
      at = to
    }
    if (fault !== undefined) await this.strike(res, fault)
    else if (cutAfter === undefined) res.end()
    else res.destroy()
  }

  private async strike(res: ServerResponse, { how, where }: UpstreamFault): Promise<void> {
    // what was sent is read before the connection breaks: a reset drops what still waits
    if (where !== 'before-head') for (let turn = 0; turn < 4; turn++) await new Promise(resolve => setImmediate(resolve))
    if (how === 'reset') res.socket?.resetAndDestroy()
    else if (how === 'close') res.destroy()
    this.onEvent('struck')
  }

  /** Length of the next piece: a small number, now and then a large one. */
  private pieceOf(length: number): number {
    if (this.random === undefined) return length
    const n = this.random.next()
    return 1 + (n % (n % 4 === 0 ? Math.max(1, length) : 61))
  }

  /** Calls that are still open. */
  get openNow(): number {
    return this.open.size
  }

  /** Calls that are still open after the event loop had its turns to end them. */
  async openCalls(): Promise<number> {
    for (let turn = 0; turn < 200 && this.open.size > 0; turn++) await new Promise(resolve => setImmediate(resolve))
    return this.open.size
  }

  /** Connections from the gateway, idle ones included. */
  connections(): Promise<number> {
    return new Promise(resolve => this.server.getConnections((_error, count) => resolve(count)))
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()))
    this.server.closeAllConnections()
    await closed
  }
}

function endOf(fault: UpstreamFault, length: number): number {
  if (fault.where !== 'in-body') return 0
  return Math.min(length - 1, Math.max(1, Math.floor(length * fault.at)))
}

/** Resolves when the bytes are written, or will never be. */
function written(res: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      res.off('close', done)
      resolve()
    }
    res.once('close', done)
    res.write(bytes, done)
  })
}
