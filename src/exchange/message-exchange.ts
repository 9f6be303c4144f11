import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ErrorStatusMode, GatewayError, statusOf } from '../errors.js'
import { fieldsOfPairs, hasBody } from '../http/fields.js'
import type { Exchange } from '../message/context.js'
import { IncomingSource } from '../message/incoming-source.js'
import { GatewayResponse } from '../message/response.js'
import type { UpgradeOffer, UpstreamTunnel } from '../message/upgrade.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import { AnswerWriter } from './answer-writer.js'
import { clientGone } from './client-gone.js'
import type { ExchangeReport, Report } from './report.js'
import { switchingHead, Tunnel, type TunnelEnded } from './tunnel.js'

/** What an answer to a failure depends on. */
export interface FailureOptions {
  readonly logger: GatewayLogger
  readonly errorStatus: ErrorStatusMode
}

/** What every exchange of a gateway shares. */
export interface ExchangeOptions extends FailureOptions {
  readonly report: Report | undefined
  /** `router.max_request_bytes`. */
  readonly maxRequestBytes: number
}

const EMPTY = Buffer.alloc(0)

/** One exchange that goes through message objects, until its answer is over. */
export class MessageExchange extends AnswerWriter implements ExchangeReport, ResponseReceiver {
  private readonly options: ExchangeOptions
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
    options: ExchangeOptions
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
    return this.target.route
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
    this.receive(answerToFailure(error, this, this.options))
  }

  protected failedUnsent(error: GatewayError): void {
    this.reject(error)
  }

  private send(response: GatewayResponse): void {
    if (response.tunnel !== undefined) {
      if (response.status === 101 && this.offer !== undefined) return this.switchProtocols(response, response.tunnel, this.offer)
      response.tunnel.socket.destroy()
    }
    if (response.status < 200) throw new RangeError(`an answer cannot have the status ${response.status}`)
    this.answer(response, this.target.idleMs)
  }

  private switchProtocols(response: GatewayResponse, upstream: UpstreamTunnel, offer: UpgradeOffer): void {
    this.status = response.status
    if (this.over || this.res.destroyed) {
      upstream.socket.destroy()
      this.finish(this.reason)
      return
    }
    const head = switchingHead(upstream.protocol, response.raw)
    const client = offer.accept()
    client.write(head, 'latin1')
    const ended: TunnelEnded = (bytesIn, bytesOut, error) => {
      this.tunnelIn = bytesIn
      this.bytesOut = bytesOut
      this.finish(error)
    }
    new Tunnel(client, upstream.socket, this.target.tunnelIdleMs, ended).start()
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
    if (error.code !== 'SLUICE_ERR_CLIENT_ABORTED') this.options.logger.error(this.target.tag, error.message)
  }

  clientClosed(): void {
    if (this.res.writableFinished) return this.finish(undefined)
    const gone = clientGone(this.req)
    this.cancel(gone)
    this.abandon(gone)
  }
}

/** Makes the answer to a failure of which no endpoint made one. Logs it. */
export function answerToFailure(cause: unknown, exchange: Exchange, options: FailureOptions): GatewayResponse {
  const error = cause instanceof GatewayError ? cause : new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { cause })
  exchange.note(error)
  if (error.code !== 'SLUICE_ERR_CLIENT_ABORTED') {
    const text = error.cause instanceof Error ? (error.cause.stack ?? error.message) : error.message
    options.logger.error('[SERVICE: Router]', text)
  }
  return GatewayResponse.over(statusOf(error, options.errorStatus), fieldsOfPairs(error.headers ?? []), EMPTY, 0)
}
