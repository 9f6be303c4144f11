/** OTLP over HTTP with protobuf bodies: one POST per request on a connection that is kept. */

import type { Buffer } from 'node:buffer'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, Agent as TlsAgent } from 'node:https'
import { buffer } from 'node:stream/consumers'
import type { CollectorAddress } from './collector-address.js'
import { oneLine, readStatusText, readSuccess } from './collector-answer.js'
import type { ExportOutcome, ExportSender } from './export-queue.js'
import { packed } from './packed.js'

/** Statuses after which the same request may be sent again (OTLP specification). */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])

export class HttpSender implements ExportSender {
  private readonly address: CollectorAddress
  private readonly path: string
  private readonly agent: Agent | TlsAgent

  /** @param path `/v1/traces` */
  constructor(address: CollectorAddress, path: string) {
    this.address = address
    this.path = path
    const settings = { keepAlive: true, maxSockets: 1 }
    this.agent = address.tls === undefined ? new Agent(settings) : new TlsAgent({ ...settings, ...address.tls })
  }

  async send(bytes: Buffer, signal: AbortSignal): Promise<ExportOutcome> {
    try {
      const body = this.address.gzip ? await packed(bytes) : bytes
      const response = await this.post(body, signal)
      return outcomeOf(response, await buffer(response))
    } catch (error) {
      return { kind: 'retry', message: signal.aborted ? 'no response in time' : causeOf(error), afterMs: undefined }
    }
  }

  private post(body: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
    const { host, port, headers, userAgent, gzip, tls } = this.address
    return new Promise((resolve, reject) => {
      const send = tls === undefined ? httpRequest : httpsRequest
      const req = send(
        {
          host,
          port,
          path: this.path,
          method: 'POST',
          agent: this.agent,
          signal,
          headers: {
            ...headers,
            'User-Agent': userAgent,
            'Content-Type': 'application/x-protobuf',
            'Content-Length': body.length,
            ...(gzip ? { 'Content-Encoding': 'gzip' } : {})
          }
        },
        resolve
      )
      req.on('error', reject)
      req.on('socket', socket => socket.unref())
      req.end(body)
    })
  }

  close(): void {
    this.agent.destroy()
  }
}

function outcomeOf(response: IncomingMessage, body: Buffer): ExportOutcome {
  const status = response.statusCode!
  if (status >= 200 && status < 300) return readSuccess(body)
  const text = response.headers['content-type'] === 'application/x-protobuf' ? readStatusText(body) : ''
  const message = `status ${status}${text === '' ? '' : `: ${text}`}`
  if (!RETRYABLE.has(status)) return { kind: 'refused', message }
  return { kind: 'retry', message, afterMs: retryAfterMs(response.headers['retry-after']) }
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
