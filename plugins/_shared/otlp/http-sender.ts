/**
 * Export requests over HTTP, one POST each on a connection that is kept: OTLP with protobuf bodies, or what a format makes of them. Over undici's client, which the gateway's own
 * calls have made fast already: a request over `node:http` took a millisecond, as much as thirty exchanges.
 */

import { Buffer } from 'node:buffer'
import { isIPv6, type Socket } from 'node:net'
import { connectFailure } from 'sluice/plugin'
import { buildConnector, Client, type Dispatcher } from 'undici'
import type { CollectorAddress } from './collector-address.js'
import { oneLine, readStatusText, readSuccess } from './collector-answer.js'
import type { ExportOutcome, ExportSender } from './export-queue.js'
import { packed } from './packed.js'

/** Statuses after which the same request may be sent again (OTLP specification). */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** bytes; most that is kept of a response. */
const MAX_RESPONSE = 64 * 1024
/** bytes after which a response is no longer read. */
const ENDLESS = 4 * 1024 * 1024

/** How bodies look in another protocol than OTLP. */
export interface BodyFormat {
  readonly contentType: string
  /** Makes a body of its own memory out of a request of OTLP. */
  readonly encode: (request: Buffer) => Buffer
}

const PROTOBUF = 'application/x-protobuf'

export class HttpSender implements ExportSender {
  private readonly address: CollectorAddress
  private readonly path: string
  private readonly headers: string[]
  private readonly format: BodyFormat | undefined
  private client: Client | undefined = undefined
  private socket: Socket | undefined = undefined

  /**
   * @param path `/v1/traces`
   * @param format undefined = OTLP
   */
  constructor(address: CollectorAddress, path: string, format?: BodyFormat) {
    this.address = address
    this.path = path
    this.format = format
    const { headers, userAgent, gzip } = address
    this.headers = [...Object.entries(headers).flat(), 'User-Agent', userAgent, 'Content-Type', format?.contentType ?? PROTOBUF]
    if (gzip) this.headers.push('Content-Encoding', 'gzip')
  }

  async send(bytes: Buffer, signal: AbortSignal): Promise<ExportOutcome> {
    try {
      const { format } = this
      const plain = format === undefined ? bytes : format.encode(bytes)
      const body = this.address.gzip ? await packed(plain) : plain
      const reply = await this.post(body, signal)
      if (format !== undefined && isSuccess(reply)) return { kind: 'sent', rejected: 0, message: '', written: true }
      return outcomeOf(reply, this.socket?.writableLength === 0)
    } catch (error) {
      this.disconnect()
      return { kind: 'retry', message: signal.aborted ? 'no response in time' : causeOf(error), afterMs: undefined }
    }
  }

  /** A collector that has answered with success has the request: what is wrong with the rest of its answer changes nothing. */
  private post(body: Buffer, signal: AbortSignal): Promise<Reply> {
    this.client ??= this.open()
    const { client, path, headers } = this
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        if (!isSuccess(reply)) return reject(error)
        this.disconnect()
        resolve(reply)
      }
      const abort = (): void => failed(new Error('aborted'))
      const reply = new Reply(error => {
        signal.removeEventListener('abort', abort)
        if (error === undefined) resolve(reply)
        else failed(error)
      })
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort)
      client.dispatch({ path, method: 'POST', headers, body }, reply as unknown as Dispatcher.DispatchHandler)
    })
  }

  private open(): Client {
    const { host, port, tls } = this.address
    const connect = buildConnector({ ...(tls as buildConnector.BuildOptions | undefined), timeout: 0 })
    return new Client(`${tls === undefined ? 'http' : 'https'}://${isIPv6(host) ? `[${host}]` : host}:${port}`, {
      // the queue has a time limit for the whole of an attempt
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, done) =>
        connect(options, (...outcome) => {
          if (!outcome[1]) return done(connectFailure(outcome[0]!), null)
          this.socket = outcome[1]
          done(...outcome)
        })
    })
  }

  /** A connection on which an attempt failed may hang: the next attempt gets another one. */
  private disconnect(): void {
    void this.client?.destroy()
    this.client = undefined
    this.socket = undefined
  }

  close(): void {
    this.disconnect()
  }
}

/** What a collector answers; undici's handler in its version 7 form. */
class Reply {
  status = 0
  private raw: readonly Buffer[] = []
  private readonly chunks: Buffer[] = []
  private size = 0
  private abort: ((error: Error) => void) | undefined = undefined
  private readonly done: (error: Error | undefined) => void

  constructor(done: (error: Error | undefined) => void) {
    this.done = done
  }

  get body(): Buffer {
    return Buffer.concat(this.chunks)
  }

  /** Returns the value of a response's field; undefined = it has none. */
  field(name: string): string | undefined {
    const at = this.raw.findIndex((part, i) => i % 2 === 0 && part.toString('latin1').toLowerCase() === name)
    return at < 0 ? undefined : this.raw[at + 1]!.toString('latin1')
  }

  onConnect(abort: (error: Error) => void): void {
    this.abort = abort
  }

  onHeaders(status: number, raw: readonly Buffer[]): boolean {
    this.status = status
    this.raw = raw
    return true
  }

  onData(chunk: Buffer): boolean {
    this.size += chunk.length
    if (this.size <= MAX_RESPONSE) this.chunks.push(chunk)
    else if (this.size > ENDLESS) this.abort?.(new Error('the response does not end'))
    return true
  }

  onComplete(): void {
    this.done(undefined)
  }

  onError(error: Error): void {
    this.done(error)
  }
}

const isSuccess = ({ status }: Reply): boolean => status >= 200 && status < 300

function outcomeOf(reply: Reply, written: boolean): ExportOutcome {
  const { status, body } = reply
  if (isSuccess(reply)) return { ...readSuccess(body), written }
  const type = reply.field('content-type') ?? ''
  const text = type === PROTOBUF ? readStatusText(body) : type.startsWith('text/plain') ? oneLine(body.toString()).trim() : ''
  const to = status >= 300 && status < 400 ? reply.field('location') : undefined
  const hint = to === undefined ? '' : `, which is not followed, to ${oneLine(to)}`
  const message = `status ${status}${hint}${text === '' ? '' : `: ${text}`}`
  if (!RETRYABLE.has(status)) return { kind: 'refused', message }
  return { kind: 'retry', message, afterMs: retryAfterMs(reply.field('retry-after')) }
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

/** `connect ECONNREFUSED 127.0.0.1:4318`; of several addresses that were tried, the first failure. */
export function causeOf(error: unknown): string {
  if (error instanceof Error && error.cause instanceof Error) return causeOf(error.cause)
  const first = error instanceof AggregateError ? error.errors[0] : error
  return oneLine(first instanceof Error ? first.message : String(first))
}
