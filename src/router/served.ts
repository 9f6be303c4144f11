import type { IncomingMessage, ServerResponse } from 'node:http'
import { Answering } from '../endpoint/answering.js'
import type { Endpoint } from '../endpoint/endpoint.js'
import type { ExchangeReport, Report } from '../endpoint/report.js'
import { switchingHead, Tunnel, type TunnelEnded } from '../endpoint/tunnel.js'
import { vanished } from '../endpoint/vanished.js'
import { type ErrorStatusMode, GatewayError, statusOf } from '../errors.js'
import { fieldsOfPairs, hasBody } from '../http/fields.js'
import { IncomingSource } from '../message/incoming-source.js'
import { GatewayResponse } from '../message/response.js'
import type { UpgradeOffer, UpstreamTunnel } from '../message/upgrade.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { GatewayLogger } from '../telemetry/logger.js'

/** What every exchange of a gateway shares. */
export interface ServedOptions {
  readonly report: Report | undefined
  readonly logger: GatewayLogger
  readonly errorStatus: ErrorStatusMode
  /** `router.max_request_bytes`. */
  readonly maxRequestBytes: number
}

const EMPTY = Buffer.alloc(0)

/** One exchange that goes through message objects, until its answer is over. */
export class Served extends Answering implements ExchangeReport, ResponseReceiver {
  private readonly options: ServedOptions
  readonly source: IncomingSource | undefined
  private tunnelIn = 0
  readonly startedAt: number
  firstByteAt = 0
  error: GatewayError | undefined

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    remoteAddress: string,
    clientAddress: string,
    host: string,
    requestId: string,
    options: ServedOptions
  ) {
    super(res, remoteAddress, clientAddress, host, req.rawHeaders)
    this.requestId = requestId
    this.options = options
    this.source = hasBody(req.rawHeaders) ? new IncomingSource(req, options.maxRequestBytes) : undefined
    this.startedAt = options.report === undefined ? 0 : performance.now()
  }

  get req(): IncomingMessage {
    return this.res.req
  }

  get route(): string {
    return (this.endpoint as Endpoint | undefined)?.config.path ?? ''
  }

  get bytesIn(): number {
    return this.source?.received ?? this.tunnelIn
  }

  receive(response: GatewayResponse): void {
    if (this.options.report !== undefined) this.firstByteAt = performance.now()
    try {
      this.send(response)
    } catch (cause) {
      response.discard()
      const error =
        cause instanceof GatewayError
          ? cause
          : new GatewayError('SLUICE_ERR_UPSTREAM_PROTOCOL', { message: (cause as Error).message, cause })
      this.options.logger.error('[SERVICE: Router] an answer cannot be written:', error.message)
      this.note(error)
      if (this.res.headersSent) this.res.destroy()
      else this.send(GatewayResponse.over(statusOf(error, this.options.errorStatus), [], EMPTY, 0))
    }
  }

  reject(error: unknown): void {
    this.receive(this.answerTo(error))
  }

  protected failedUnsent(error: GatewayError): void {
    this.reject(error)
  }

  /** The answer to a failure that no endpoint made one of. Logs it. */
  answerTo(cause: unknown): GatewayResponse {
    const error = cause instanceof GatewayError ? cause : new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { cause })
    this.note(error)
    if (error.code !== 'SLUICE_ERR_CLIENT_ABORTED') {
      const text = error.cause instanceof Error ? (error.cause.stack ?? error.message) : error.message
      this.options.logger.error('[SERVICE: Router]', text)
    }
    return GatewayResponse.over(statusOf(error, this.options.errorStatus), fieldsOfPairs(error.headers ?? []), EMPTY, 0)
  }

  private send(response: GatewayResponse): void {
    if (response.tunnel !== undefined) {
      if (response.status === 101 && this.offer !== undefined) return this.switchProtocols(response, response.tunnel, this.offer)
      response.tunnel.socket.destroy()
    }
    if (response.status < 200) throw new RangeError(`an answer cannot have the status ${response.status}`)
    const idleMs = (this.endpoint as Endpoint | undefined)?.idleMs ?? 0
    this.answer(response, idleMs)
  }

  private switchProtocols(response: GatewayResponse, upstream: UpstreamTunnel, offer: UpgradeOffer): void {
    this.status = response.status
    if (this.over || this.res.destroyed) {
      upstream.socket.destroy()
      this.finish(this.reason)
      return
    }
    const head = switchingHead(upstream.protocol, response.raw)
    const idleMs = (this.endpoint as Endpoint).tunnelIdleMs ?? 0
    const client = offer.accept()
    client.write(head, 'latin1')
    const ended: TunnelEnded = (bytesIn, bytesOut, error) => {
      this.tunnelIn = bytesIn
      this.bytesOut = bytesOut
      this.finish(error)
    }
    new Tunnel(client, upstream.socket, idleMs, ended).start()
  }

  protected sent(error: GatewayError | undefined): void {
    this.close()
    if (error !== undefined) {
      this.note(error)
      this.logCut(error)
    }
    this.error = error ?? this.errors?.[this.errors.length - 1]
    this.finished()
    this.options.report?.(this)
  }

  private logCut(error: GatewayError): void {
    const endpoint = this.endpoint as Endpoint | undefined
    if (error.code === 'SLUICE_ERR_CLIENT_ABORTED') return
    this.options.logger.error(
      endpoint === undefined ? '[SERVICE: Router]' : `[ENDPOINT: ${endpoint.config.ginPath}]`,
      error.message
    )
  }

  clientClosed(): void {
    if (this.res.writableFinished) return this.finish(undefined)
    const gone = vanished(this.req)
    this.cancel(gone)
    this.abandon(gone)
  }
}
