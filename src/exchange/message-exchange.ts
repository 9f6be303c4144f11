/** Over 300 lines: one object per exchange is the receiver of its response, the sink of the body, the writer and the deadline at once. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatewayError, statusOf } from '../errors.js'
import { hasBody, type RawFields } from '../http/fields.js'
import type { MessageBody } from '../message/body.js'
import type { ByteSink, ByteSource } from '../message/byte-flow.js'
import { Exchange } from '../message/context.js'
import { clientAborted, IncomingSource } from '../message/incoming-source.js'
import { Pieces } from '../message/pieces.js'
import type { UpgradeOffer, UpstreamTunnel } from '../message/protocol-change.js'
import { ResponseMessage } from '../message/response.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import { traceNote } from '../telemetry/span.js'
import { deadlines } from '../telemetry/timer-wheel.js'
import {
  type AnswerWriter,
  cutAnswer,
  endBody,
  idleFailure,
  isBodiless,
  NO_TRAILERS,
  ownResponse,
  sendChunk,
  sendHead,
  sendInterim,
  sendPieces,
  sendWhole,
  watchBody
} from './answer-writer.js'
import { clientGone } from './client-gone.js'
import type { ExchangeReport, Report } from './exchange-report.js'
import { answerToFailure, type FailureOptions, unwritable } from './failure-answer.js'
import type { OpenExchange, OpenExchanges } from './open-exchanges.js'
import { isEncrypted, peerOf } from './peer.js'
import { checkPart, contentOf, headWithoutContent } from './response-parts.js'
import { openTunnel, type Tunnel, type TunnelEnded } from './tunnel.js'
import { declareLength, isUntyped } from './write-head.js'

/** What every exchange of a gateway shares. */
export interface ExchangeOptions extends FailureOptions {
  readonly report: Report | undefined
  /** Where each exchange is entered while it is open. */
  readonly exchanges: OpenExchanges
  /** `router.max_request_bytes`. */
  readonly maxRequestBytes: number
}

/** bytes; a response in memory that is no larger counts as sent when it is handed over. */
const SURE_BYTES = 16 * 1024
const EMPTY = Buffer.alloc(0)

/**
 * One exchange that goes through message objects, until its response is over. Its deadline measures the time of the request first, and
 * then how long the body stands still.
 */
export class MessageExchange extends Exchange implements AnswerWriter, ByteSink, ExchangeReport, OpenExchange, ResponseReceiver {
  readonly res: ServerResponse
  readonly startedAt: number
  firstByteAt = 0
  status = 0
  bytesOut = 0
  left = -1
  burst = 0
  spent = false
  waitsForDrain = false
  untypedHead: RawFields | undefined = undefined
  idleMs = 0
  lastActivity = 0
  done = false
  error: GatewayError | undefined = undefined
  cut = false
  openBefore: OpenExchange | undefined = undefined
  openAfter: OpenExchange | undefined = undefined
  /** The body of the request; undefined without one. */
  readonly source: IncomingSource | undefined
  private readonly options: ExchangeOptions
  /** What the body comes from while it is sent. */
  private flowing: ByteSource | undefined = undefined
  /** The time of the request is taken away or over: a deadline that is still scheduled looks after the body. */
  private relaxed = false
  private tunnelIn = 0
  private tunnel: Tunnel | undefined = undefined

  constructor(req: IncomingMessage, res: ServerResponse, clientAddress: string, host: string, options: ExchangeOptions) {
    super(deadlines, peerOf(req), clientAddress, host, req.rawHeaders)
    this.res = res
    this.startedAt = options.report === undefined ? 0 : performance.now()
    this.source = hasBody(req.rawHeaders) ? new IncomingSource(req, options.maxRequestBytes) : undefined
    this.options = options
    this.secure = isEncrypted(req)
    ownResponse(this)
    options.exchanges.enter(this)
  }

  get watchesIdle(): boolean {
    return true
  }

  override get req(): IncomingMessage {
    return this.res.req
  }

  get route(): string {
    return this.target.route
  }

  override get cutBy(): GatewayError | undefined {
    return this.cut ? this.error : undefined
  }

  get bytesIn(): number {
    return this.source?.received ?? this.tunnelIn
  }

  // --- from the pipe ----------------------------------------------------------------------------------------------

  receive(response: ResponseMessage): void {
    try {
      this.send(response)
    } catch (cause) {
      response.discard()
      this.sendRefused(cause)
    }
  }

  reject(error: unknown): void {
    this.receive(answerToFailure(error, this, this.options))
  }

  override inform(status: number, fields: RawFields): void {
    sendInterim(this, status, fields)
  }

  /** A response cannot be written: its fields are illegal, or it contradicts itself. */
  private sendRefused(cause: unknown): void {
    const error = cause instanceof GatewayError ? cause : unwritable(cause)
    if (this.res.headersSent) {
      this.finish(error)
      cutAnswer(this.res)
      return
    }
    this.options.logger.error(this.target.tag, 'a response cannot be written:', error.message + traceNote(this.span))
    this.note(error)
    this.send(ResponseMessage.over(statusOf(error, this.options.errorStatus), [], EMPTY, 0))
  }

  /** @throws as {@link sendHead} */
  private send(response: ResponseMessage): void {
    if (response.tunnel !== undefined) {
      if (response.status === 101 && this.offer !== undefined) return this.switchProtocols(response, response.tunnel, this.offer)
      response.tunnel.socket.destroy()
    }
    if (response.status < 200) throw new RangeError(`a response cannot have the status ${response.status}`)
    const { res } = this
    this.status = response.status
    this.idleMs = this.target.idleMs
    if (res.destroyed || res.writableEnded) {
      response.discard()
      return this.finish(clientAborted())
    }
    const body = response.openedBody
    // a failure has the status of its upstream, and its body is no part
    if (response.status === 206 && this.errors === undefined) checkPart(response)
    if (body?.busy) return this.streamLater(response, body)
    if (response.bodiless || res.req.method === 'HEAD' || isBodiless(res, response.status)) return this.sendHeadOnly(response)
    const content = contentOf(response)
    if (Buffer.isBuffer(content) || content instanceof Pieces) this.sendBytes(response, content)
    else this.stream(response, content)
  }

  private streamLater(response: ResponseMessage, body: MessageBody): void {
    body
      .takeWhenSettled()
      .then(source => {
        if (this.done) return source.destroy(clientAborted())
        if (response.status === 206) checkPart(response)
        this.stream(response, source)
      })
      .catch(cause => {
        if (!this.done) this.sendRefused(cause)
      })
  }

  private sendHeadOnly(response: ResponseMessage): void {
    sendHead(this, headWithoutContent(this.res, response), false)
    response.discard()
    endBody(this, NO_TRAILERS)
    this.finish(undefined)
  }

  private sendBytes(response: ResponseMessage, bytes: Buffer | Pieces): void {
    if (bytes instanceof Pieces) sendPieces(this, response.raw, bytes)
    else sendWhole(this, response.raw, bytes)
    response.letGo(this.spent)
    // over HTTP/2 a client takes a stream as slowly as it likes: how a large response ends is known when the stream has closed
    if (bytes.length <= SURE_BYTES || this.req.httpVersionMajor === 1) this.finish(undefined)
    else this.unexpire()
  }

  private stream(response: ResponseMessage, source: ByteSource): void {
    const { raw } = response
    // an upstream's own length stands among its fields unless a stage opened the body or changed it
    const framed = (source as object) === response.call && response.untouched
    if (source.length !== undefined && !framed) declareLength(raw, source.length)
    this.left = source.length ?? -1
    // the head of a plugin's stream leaves at once
    sendHead(this, raw, response.call !== undefined && source.length !== 0 && isUntyped(raw))
    this.flowing = source
    source.flow(this)
    // mostly a small body is there by then, whole
    if (!this.done) process.nextTick(watchBody, this)
  }

  private switchProtocols(response: ResponseMessage, upstream: UpstreamTunnel, offer: UpgradeOffer): void {
    this.status = response.status
    if (this.done || this.res.destroyed) {
      upstream.socket.destroy()
      this.finish(this.reason)
      return
    }
    const ended: TunnelEnded = (bytesIn, bytesOut, error) => {
      this.tunnelIn = bytesIn
      this.bytesOut = bytesOut
      this.finish(error)
    }
    this.tunnel = openTunnel(offer, upstream, response.raw, this.target.tunnelIdleMs, ended)
    this.firstByteAt = performance.now()
    this.span?.headSent(response.raw)
  }

  // --- from the source of the body --------------------------------------------------------------------------------

  write(chunk: Uint8Array): boolean {
    return this.done ? false : sendChunk(this, chunk)
  }

  end(trailers: readonly string[]): void {
    if (!this.done && endBody(this, trailers)) this.finish(undefined)
  }

  fail(error: GatewayError): void {
    if (!this.done) this.breakOff(error)
  }

  headRefused(cause: unknown): void {
    const { flowing } = this
    this.flowing = undefined
    flowing?.destroy(clientAborted())
    this.sendRefused(cause)
  }

  /** A body ends early: another response takes its place where nothing was sent, else the connection is cut. */
  private breakOff(error: GatewayError): void {
    this.flowing = undefined
    if (this.untypedHead !== undefined) {
      this.untypedHead = undefined
      return this.reject(error)
    }
    this.finish(error)
    cutAnswer(this.res)
  }

  // --- from the client and the clock ------------------------------------------------------------------------------

  clientDrained(): void {
    this.flowing?.resume()
  }

  clientClosed(): void {
    if (this.res.writableFinished) return this.finish(undefined)
    const reason = clientGone(this.req)
    this.cancel(reason)
    // a tunnel ends by itself
    if (this.done || this.status < 200) return
    this.finish(reason)
    this.flowing?.destroy(reason)
  }

  /** The entry in the wheel measures the time of the request first; see {@link unexpire}. */
  override expireIn(ms: number, limit: string): void {
    this.relaxed = false
    super.expireIn(ms, limit)
  }

  /** Takes the deadline away; the entry stays, as mostly a body follows that wants one (bench/chain, pass). */
  override unexpire(): void {
    this.relaxed = true
  }

  /** Ends what runs inside. A body from outside of the scope that goes on is watched from now on. */
  override cancel(reason: GatewayError): void {
    super.cancel(reason)
    if (this.done || this.flowing === undefined || this.idleMs === 0) return
    this.relaxed = true
    deadlines.schedule(this, this.idleMs)
  }

  override hangUp(reason: GatewayError): void {
    if (this.done) return
    // the connection first: plugins that still work respond when the exchange ends, and nothing of that is sent
    cutAnswer(this.res)
    this.finish(reason)
  }

  cutOff(reason: GatewayError): void {
    if (this.done) return
    const { flowing, tunnel } = this
    if (tunnel !== undefined) return tunnel.cut(reason)
    this.cancel(reason)
    if (this.done) return
    this.flowing = undefined
    this.finish(reason)
    cutAnswer(this.res)
    flowing?.destroy(reason)
  }

  /** The time of the request is over, or it is time to look whether the body still moves. */
  override fire(): void {
    if (!this.relaxed) return super.fire()
    const { flowing } = this
    if (this.done || flowing === undefined || this.idleMs === 0) return
    const error = idleFailure(this)
    if (error === undefined) return
    // the source first: it tells its upstream's call why, before the scope ends it
    flowing.destroy(error)
    if (!this.done) this.breakOff(error)
  }

  /** The response is over, whole or not: closes the scope and reports. */
  private finish(error: GatewayError | undefined): void {
    if (this.done) return
    this.done = true
    this.close()
    if (error !== undefined) {
      this.cut = true
      this.note(error)
      if (error.code !== 'SLUICE_ERR_CLIENT_ABORTED')
        this.options.logger.error(this.target.tag, error.message + traceNote(this.span))
    }
    this.error = error ?? this.errors?.[this.errors.length - 1]
    this.finished()
    this.options.exchanges.leave(this)
    this.span?.finished(this)
    this.options.report?.(this)
  }
}
