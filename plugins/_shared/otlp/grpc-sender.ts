/**
 * OTLP over gRPC. An export is one unary call: one framed message there, one back, a status in the trailers. That is all of gRPC that
 * is needed, so node:http2 does it; `@grpc/grpc-js` would be a dependency of 2 MB whose streams, balancing and name service stay unused.
 */

import { Buffer } from 'node:buffer'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2'
import type { CollectorAddress } from './collector-address.js'
import { oneLine, readRetryDelay, readSuccess } from './collector-answer.js'
import type { ExportOutcome, ExportSender } from './export-queue.js'
import { causeOf } from './http-sender.js'
import { packed } from './packed.js'

const FRAME_HEAD = 5
/** bytes; most that is read of a response. */
const MAX_RESPONSE = 64 * 1024
/** bytes after which a response is no longer read. */
const ENDLESS = 4 * 1024 * 1024
const OK = 0
const RESOURCE_EXHAUSTED = 8
/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS (OTLP specification). */
const RETRYABLE: ReadonlySet<number> = new Set([1, 4, 10, 11, 14, 15])
const UNAVAILABLE = 14
const UNKNOWN = 2
/** gRPC's status for HTTP statuses of proxies in between. */
const RETRYABLE_HTTP: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** What came back. */
interface Reply {
  readonly status: number
  readonly message: string
  readonly details: Buffer | undefined
  readonly pushbackMs: number | undefined
  readonly body: Buffer
  /** The request has left the process as a whole. */
  readonly written: boolean
}

export class GrpcSender implements ExportSender {
  private readonly address: CollectorAddress
  private readonly path: string
  private session: ClientHttp2Session | undefined = undefined

  /** @param path `/opentelemetry.proto.collector.trace.v1.TraceService/Export` */
  constructor(address: CollectorAddress, path: string) {
    this.address = address
    this.path = path
  }

  async send(bytes: Buffer, signal: AbortSignal): Promise<ExportOutcome> {
    try {
      const { gzip } = this.address
      const message = gzip ? await packed(bytes) : bytes
      const head = Buffer.alloc(FRAME_HEAD)
      head[0] = gzip ? 1 : 0
      head.writeUInt32BE(message.length, 1)
      return outcomeOf(await this.call(head, message, signal))
    } catch (error) {
      this.dropSession()
      return { kind: 'retry', message: signal.aborted ? 'no response in time' : causeOf(error), afterMs: undefined }
    }
  }

  private call(head: Buffer, message: Buffer, signal: AbortSignal): Promise<Reply> {
    const { headers, userAgent, gzip } = this.address
    return new Promise((resolve, reject) => {
      const session = this.connected(reject)
      const stream = session.request(
        {
          ...headers,
          [constants.HTTP2_HEADER_METHOD]: 'POST',
          [constants.HTTP2_HEADER_PATH]: this.path,
          'content-type': 'application/grpc',
          te: 'trailers',
          'user-agent': userAgent,
          ...(gzip ? { 'grpc-encoding': 'gzip' } : {})
        },
        { signal }
      )
      stream.on('error', reject)
      readReply(stream, resolve, reject)
      stream.write(head)
      stream.end(message)
    })
  }

  /** The open session, or a new one; `failed` hears why it cannot be opened. */
  private connected(failed: (error: Error) => void): ClientHttp2Session {
    if (this.session !== undefined && !this.session.closed && !this.session.destroyed) return this.session
    const { host, port, tls } = this.address
    const name = host.includes(':') ? `[${host}]` : host
    const session = connect(`${tls === undefined ? 'http' : 'https'}://${name}:${port}`, tls ?? {})
    session.on('error', failed)
    session.on('goaway', () => this.forget(session))
    session.on('close', () => this.forget(session))
    session.unref()
    this.session = session
    return session
  }

  private forget(session: ClientHttp2Session): void {
    if (this.session === session) this.session = undefined
  }

  /** A call that failed without a status may have hung: the next one gets another connection. */
  private dropSession(): void {
    this.session?.destroy()
    this.session = undefined
  }

  close(): void {
    this.dropSession()
  }
}

function readReply(stream: ClientHttp2Stream, resolve: (reply: Reply) => void, reject: (error: Error) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  let head: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders = {}
  stream.on('response', fields => {
    head = fields
  })
  stream.on('trailers', fields => {
    trailers = fields
  })
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= MAX_RESPONSE) chunks.push(chunk)
    else if (size > ENDLESS) stream.destroy(new Error('the response does not end'))
  })
  const replyOf = (fields: IncomingHttpHeaders, status: number, http: number): Reply => ({
    status,
    message: textOf(fields['grpc-message']) || (http === 200 ? '' : `status ${http}`),
    details: detailsOf(fields['grpc-status-details-bin']),
    pushbackMs: pushbackOf(fields['grpc-retry-pushback-ms']),
    // a compressed message was not asked for
    body: chunks[0]?.[0] === 0 ? Buffer.concat(chunks).subarray(FRAME_HEAD) : NOTHING,
    written: stream.writableFinished
  })
  stream.on('end', () => {
    // a response without a message has its status in the head
    const fields = trailers['grpc-status'] === undefined ? head : trailers
    const said = fields['grpc-status']
    if (said === undefined) return
    resolve(replyOf(fields, Number(said), Number(head[constants.HTTP2_HEADER_STATUS])))
    // a collector that responds early and reads no further would leave the stream and its request open for ever
    if (!stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL)
  })
  stream.on('close', () => {
    const http = Number(head[constants.HTTP2_HEADER_STATUS])
    const broken = stream.rstCode !== constants.NGHTTP2_NO_ERROR || Number.isNaN(http)
    if (broken) reject(new Error('the connection was closed'))
    else resolve(replyOf(head, statusOfHttp(http), http))
  })
}

const NOTHING = Buffer.alloc(0)

const statusOfHttp = (status: number): number => (RETRYABLE_HTTP.has(status) ? UNAVAILABLE : UNKNOWN)

/** `grpc-message` is percent-encoded. */
function textOf(value: string | string[] | undefined): string {
  const text = String(value ?? '')
  try {
    return oneLine(decodeURIComponent(text))
  } catch {
    return oneLine(text)
  }
}

const detailsOf = (value: string | string[] | undefined): Buffer | undefined =>
  value === undefined ? undefined : Buffer.from(String(value), 'base64')

function pushbackOf(value: string | string[] | undefined): number | undefined {
  const ms = value === undefined ? Number.NaN : Number(value)
  return ms >= 0 ? ms : undefined
}

function outcomeOf(reply: Reply): ExportOutcome {
  if (reply.status === OK) return { ...readSuccess(reply.body), written: reply.written }
  const message = `gRPC status ${reply.status}${reply.message === '' ? '' : `: ${reply.message}`}`
  const afterMs = reply.pushbackMs ?? (reply.details && readRetryDelay(reply.details))
  const retryable = RETRYABLE.has(reply.status) || (reply.status === RESOURCE_EXHAUSTED && afterMs !== undefined)
  return retryable ? { kind: 'retry', message, afterMs } : { kind: 'refused', message }
}
