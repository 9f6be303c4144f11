import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from '../endpoint/endpoint.js'
import type { ExchangeReport, Report } from '../endpoint/report.js'
import { ResponseWriter } from '../endpoint/response-writer.js'
import { switchingHead, Tunnel, type TunnelEnded } from '../endpoint/tunnel.js'
import { vanished } from '../endpoint/vanished.js'
import { type ErrorStatusMode, GatewayError, statusOf } from '../errors.js'
import type { Exchange } from '../message/context.js'
import type { IncomingSource } from '../message/incoming-source.js'
import { GatewayResponse } from '../message/response.js'
import type { UpgradeOffer, UpstreamTunnel } from '../message/upgrade.js'
import type { GatewayLogger } from '../telemetry/logger.js'

/** What every exchange of a gateway shares. */
export interface ServedOptions {
  readonly report: Report | undefined
  readonly logger: GatewayLogger
  readonly errorStatus: ErrorStatusMode
}

const EMPTY = Buffer.alloc(0)

/** One exchange that goes through message objects, until its answer is over. */
export class Served implements ExchangeReport {
  readonly req: IncomingMessage
  private readonly res: ServerResponse
  readonly exchange: Exchange
  readonly requestId: string
  private readonly options: ServedOptions
  private writer: ResponseWriter | undefined
  source: IncomingSource | undefined
  offer: UpgradeOffer | undefined
  private tunnelIn = 0
  readonly startedAt: number
  firstByteAt = 0
  status = 0
  bytesOut = 0
  error: GatewayError | undefined
  private over = false

  constructor(req: IncomingMessage, res: ServerResponse, exchange: Exchange, requestId: string, options: ServedOptions) {
    this.req = req
    this.res = res
    this.exchange = exchange
    this.requestId = requestId
    this.options = options
    this.startedAt = options.report === undefined ? 0 : performance.now()
    exchange.requestId = requestId
  }

  get clientAddress(): string {
    return this.exchange.clientAddress
  }

  get upstream(): string {
    return this.exchange.upstream
  }

  get route(): string {
    return (this.exchange.endpoint as Endpoint | undefined)?.config.path ?? ''
  }

  get bytesIn(): number {
    return this.source?.received ?? this.tunnelIn
  }

  write(response: GatewayResponse): void {
    if (this.options.report !== undefined) this.firstByteAt = performance.now()
    try {
      this.send(response)
    } catch (cause) {
      response.discard()
      const error = new GatewayError('SLUICE_ERR_UPSTREAM_PROTOCOL', { message: (cause as Error).message, cause })
      this.options.logger.error('[SERVICE: Router] an answer cannot be written:', error.message)
      this.exchange.note(error)
      if (this.res.headersSent) this.res.destroy()
      else this.send(GatewayResponse.over(statusOf(error, this.options.errorStatus), [], EMPTY, 0))
    }
  }

  private send(response: GatewayResponse): void {
    if (response.tunnel !== undefined) {
      if (response.status === 101 && this.offer !== undefined) return this.switchProtocols(response, response.tunnel, this.offer)
      response.tunnel.socket.destroy()
    }
    if (response.status < 200) throw new RangeError(`an answer cannot have the status ${response.status}`)
    const idleMs = (this.exchange.endpoint as Endpoint | undefined)?.idleMs ?? 0
    this.writer = new ResponseWriter(this.exchange, this.res, response, idleMs, (_, status, bytes, error) =>
      this.finished(status, bytes, error)
    )
    this.writer.start()
  }

  private switchProtocols(response: GatewayResponse, upstream: UpstreamTunnel, offer: UpgradeOffer): void {
    if (this.over || this.res.destroyed) {
      upstream.socket.destroy()
      this.finished(101, 0, this.exchange.scope.reason)
      return
    }
    const head = switchingHead(upstream.protocol, response.raw)
    const idleMs = (this.exchange.endpoint as Endpoint).tunnelIdleMs ?? 0
    const client = offer.accept()
    client.write(head, 'latin1')
    const ended: TunnelEnded = (bytesIn, bytesOut, error) => {
      this.tunnelIn = bytesIn
      this.finished(101, bytesOut, error)
    }
    new Tunnel(client, upstream.socket, idleMs, ended).start()
  }

  private finished(status: number, bytes: number, error: GatewayError | undefined): void {
    if (this.over) return
    this.over = true
    this.status = status
    this.bytesOut = bytes
    const { exchange } = this
    exchange.scope.close()
    if (error !== undefined) {
      exchange.note(error)
      this.logCut(error)
    }
    this.error = error ?? exchange.errors?.[exchange.errors.length - 1]
    exchange.finished()
    this.options.report?.(this)
  }

  private logCut(error: GatewayError): void {
    const endpoint = this.exchange.endpoint as Endpoint | undefined
    if (error.code === 'SLUICE_ERR_CLIENT_ABORTED') return
    this.options.logger.error(
      endpoint === undefined ? '[SERVICE: Router]' : `[ENDPOINT: ${endpoint.config.ginPath}]`,
      error.message
    )
  }

  clientClosed(): void {
    if (this.over && this.res.writableFinished) return
    const gone = vanished(this.req)
    this.exchange.scope.cancel(gone)
    this.writer?.cancel(gone)
  }
}
