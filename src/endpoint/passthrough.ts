/**
 * The pass-through pipe: one no-op backend, no plugins. Raw fields and bytes go from socket to socket; per request there is
 * one object, which is the upstream call, its deadline and the writer to the client at once.
 *
 * Exits: the upstream's own status; 4xx/5xx by the error table when there is no answer; a cut connection when the answer
 * breaks off after its head; nothing when the client has gone.
 */

import type { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Balancer } from '../backend/balancer.js'
import type { TargetTemplate } from '../backend/request-template.js'
import { UpstreamCall } from '../client/call.js'
import { decodeFields } from '../client/fields.js'
import type { OriginPool } from '../client/pool.js'
import type { RedirectPolicy } from '../client/redirect.js'
import { Upload } from '../client/upload.js'
import { GatewayError } from '../errors.js'
import { clientGone } from '../exchange/client-gone.js'
import type { ExchangeReport, Report } from '../exchange/report.js'
import {
  addTrailers,
  cutAnswer,
  endWith,
  flushHead,
  isBodiless,
  UNTYPED_MS,
  writeHead,
  writeInterim
} from '../exchange/write-head.js'
import { addConnectionOptions, HOP_BY_HOP, hasBody, lowerName, type RawFields } from '../http/fields.js'
import type { QueryFilter } from '../http/query.js'
import { sniffType } from '../http/sniff-type.js'
import { IncomingSource } from '../message/incoming-source.js'
import type { CallWatch } from '../telemetry/call-trace.js'
import { deadlines } from '../telemetry/timer-wheel.js'
import type { FieldFilter } from './forward-fields.js'

/** What boot decided for one endpoint. */
export interface PassthroughPlan {
  /** As configured: `/x/{id}`. */
  readonly route: string
  readonly method: string
  readonly balancer: Balancer
  /** Resolves a host of the configuration to its pool and the path it carries. */
  readonly resolve: (host: string) => { readonly pool: OriginPool; readonly base: string }
  readonly target: TargetTemplate
  readonly filterFields: FieldFilter
  readonly filterQuery: QueryFilter
  readonly redirects: RedirectPolicy | undefined
  /** Fields of every answer: `X-Krakend`, `X-Krakend-Completed`. */
  readonly ownFields: RawFields
  readonly timeoutMs: number
  /** `router.no_op_timeout: "whole"`. */
  readonly timeoutCoversBody: boolean
  /** `router.max_request_bytes`. */
  readonly maxRequestBytes: number
  /** Answers a failure to a client that has seen nothing yet; answers the status and the body's length. */
  readonly answerFailure: (res: ServerResponse, error: GatewayError) => { status: number; bytes: number }
  readonly logFailure: (error: GatewayError) => void
  readonly report: Report | undefined
  /** Measures the call; undefined where nobody watches. */
  readonly watch?: CallWatch | undefined
}

const OWNER = Symbol('sluice.exchange')
type OwnedResponse = ServerResponse & { [OWNER]?: PassthroughExchange }

function onClose(this: OwnedResponse): void {
  this[OWNER]!.clientClosed()
}

function onDrain(this: OwnedResponse): void {
  this[OWNER]!.clientDrained()
}

function flushLater(exchange: PassthroughExchange): void {
  exchange.flushHead(true)
}

function flushSoon(exchange: PassthroughExchange): void {
  exchange.flushHead()
}

export class PassthroughExchange extends UpstreamCall implements ExchangeReport {
  readonly req: IncomingMessage
  private readonly res: OwnedResponse
  private readonly plan: PassthroughPlan
  readonly clientAddress: string
  readonly startedAt: number
  firstByteAt = 0
  status = 0
  bytesOut = 0
  error: GatewayError | undefined = undefined
  readonly requestId: string
  private source: IncomingSource | undefined = undefined
  private headWritten = false
  /** The head of an answer that names no type: written with the first bytes, which tell it. */
  private untypedHead: RawFields | undefined = undefined
  private sniffs = false
  private done = false
  private lastActivity = 0
  /** Body bytes still to come; -1 = unknown. */
  private left = -1
  private waitsForDrain = false

  constructor(plan: PassthroughPlan, req: IncomingMessage, res: ServerResponse, clientAddress: string, requestId: string) {
    super()
    this.plan = plan
    this.req = req
    this.res = res
    this.clientAddress = clientAddress
    this.requestId = requestId
    this.startedAt = plan.report === undefined ? 0 : performance.now()
    this.watch = plan.watch
  }

  /** Sends the request on. `query` is raw, without '?'. */
  start(params: Readonly<Record<string, string>>, query: string, host: string): void {
    const { plan, req, res } = this
    res[OWNER] = this
    res.on('close', onClose)
    let pool: OriginPool
    let path: string
    let headers: RawFields
    try {
      const upstream = plan.balancer.next()
      if (upstream === undefined) throw new GatewayError('SLUICE_ERR_UPSTREAM_NO_HOST')
      const prefix = plan.resolve(upstream)
      pool = prefix.pool
      path = prefix.base + plan.target(params, plan.filterQuery(query))
      headers = plan.filterFields(req.rawHeaders, this.clientAddress, host)
      if (hasBody(req.rawHeaders)) {
        this.source = new IncomingSource(req, plan.maxRequestBytes)
        if (this.source.length !== undefined) headers.push('Content-Length', String(this.source.length))
      }
    } catch (cause) {
      this.onFailure(
        cause instanceof GatewayError
          ? cause
          : new GatewayError('SLUICE_ERR_UPSTREAM_REQUEST', { message: (cause as Error).message, cause })
      )
      return
    }
    deadlines.schedule(this, plan.timeoutMs)
    const method = req.method === 'HEAD' && plan.method === 'GET' ? 'HEAD' : plan.method
    const { source } = this
    if (source === undefined) this.send(pool, method, path, headers, null, plan.redirects)
    else process.nextTick(() => this.sendWith(source, pool, method, path, headers))
  }

  /** In the tick after the request, when a small body is there. */
  private sendWith(source: IncomingSource, pool: OriginPool, method: string, path: string, headers: RawFields): void {
    if (!this.ended) this.send(pool, method, path, headers, source.takeWhole() ?? new Upload(source), this.plan.redirects)
  }

  get route(): string {
    return this.plan.route
  }

  get upstream(): string {
    return this.pool?.origin ?? ''
  }

  get bytesIn(): number {
    return this.source?.received ?? 0
  }

  // --- from upstream --------------------------------------------------------------------------------------------

  protected override onInterim(status: number, raw: readonly Buffer[]): void {
    writeInterim(this.res, status, decodeFields(raw))
  }

  protected onHead(status: number, raw: readonly Buffer[]): void {
    this.status = status
    const head = this.answerFields(status, raw)
    if (this.sniffs && this.left !== 0) {
      this.untypedHead = head
      process.nextTick(flushSoon, this)
    } else if (!this.sendHead(head)) return
    if (this.left >= 0) this.lendChunk()
  }

  /** Returns false when the head cannot be written; the call is over then. */
  private sendHead(head: RawFields): boolean {
    const { plan, res } = this
    try {
      writeHead(res, this.status, head)
    } catch (cause) {
      const message = `${this.method} "${this.url}": ${(cause as Error).message}`
      const error = new GatewayError('SLUICE_ERR_UPSTREAM_PROTOCOL', { message, cause })
      if (this.ended) this.onFailure(error)
      else this.cancel(error)
      return false
    }
    this.headWritten = true
    if (this.status === 205 && isBodiless(res, this.status)) res.end()
    if (plan.report !== undefined) this.firstByteAt = performance.now()
    if (!plan.timeoutCoversBody) this.lastActivity = deadlines.now()
    if (this.left !== 0) process.nextTick(flushSoon, this)
    return true
  }

  /** As Go's server: an answer without a type gets the one that its first bytes tell. Returns false as {@link sendHead}. */
  private sendUntypedHead(first: Buffer | undefined): boolean {
    const head = this.untypedHead!
    this.untypedHead = undefined
    if (first !== undefined) head.push('Content-Type', sniffType(first))
    return this.sendHead(head)
  }

  /** Own fields first, then the upstream's without hop-by-hop fields (RFC 9110 §7.6.1) and without another gateway's marks. */
  private answerFields(status: number, raw: readonly Buffer[]): RawFields {
    // a status without content, or a HEAD towards the backend of a GET endpoint: no length may be promised
    const withoutBody = this.method === 'HEAD' || isBodiless(this.res, status)
    const head = this.plan.ownFields.slice()
    let named: Set<string> | undefined
    this.sniffs = !withoutBody && status !== 304 && this.req.method !== 'HEAD'
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!.toString('latin1')
      const value = raw[i + 1]!.toString('latin1')
      const lower = lowerName(name)
      if (HOP_BY_HOP.has(lower)) {
        if (lower === 'connection') named = addConnectionOptions(named, value)
        continue
      }
      if (lower === 'x-krakend' || lower === 'x-krakend-completed') continue
      if (lower === 'content-length') {
        if (withoutBody && this.res.req.method !== 'HEAD' && status !== 304) continue
        this.left = Number(value)
      } else if (lower === 'content-type' || (lower === 'content-encoding' && value !== '')) this.sniffs = false
      head.push(name, value)
    }
    if (named === undefined) return head
    const own = this.plan.ownFields.length
    const kept = head.slice(0, own)
    for (let i = own; i < head.length; i += 2) if (!named.has(lowerName(head[i]!))) kept.push(head[i]!, head[i + 1]!)
    return kept
  }

  protected onChunk(chunk: Buffer): boolean {
    const { res } = this
    if (res.writableEnded) return true // of an answer that has no content
    if (this.untypedHead !== undefined && !this.sendUntypedHead(chunk)) return true
    this.bytesOut += chunk.length
    let more = true
    if (this.left >= 0) this.left -= chunk.length
    if (this.left === 0) {
      // the last bytes and the end in one write
      endWith(res, chunk)
    } else {
      if (!this.plan.timeoutCoversBody) this.lastActivity = deadlines.now()
      more = res.write(chunk)
    }
    const { socket } = res
    // only of a socket of the system is it known that what has left it is nobody's any more
    if (!(socket instanceof Socket) || this.req.httpVersionMajor !== 1) return this.goesOn(more)
    // node holds writes back until the next tick: without that, mostly nothing is left to wait for (bench/peers, pass-1m)
    socket.uncork()
    if (socket.writableLength > 0) return this.goesOn(more)
    if (this.left >= 0) this.lendChunk()
    return true
  }

  private goesOn(more: boolean): boolean {
    this.keepChunk()
    if (more) return true
    if (!this.waitsForDrain) {
      this.waitsForDrain = true
      this.res.on('drain', onDrain)
    }
    return false
  }

  protected onBodyEnd(trailers: readonly Buffer[]): void {
    const { res } = this
    if (this.untypedHead !== undefined && !this.sendUntypedHead(undefined)) return
    if (!res.writableEnded) {
      if (trailers.length > 0) addTrailers(res, decodeFields(trailers))
      res.end()
    }
    this.finish(undefined)
  }

  protected onFailure(error: GatewayError): void {
    if (this.done) return
    const { res, plan } = this
    if (res.destroyed || error.code === 'SLUICE_ERR_CLIENT_ABORTED') {
      res.destroy()
    } else if (this.headWritten) {
      cutAnswer(res)
    } else {
      const answer = plan.answerFailure(res, error)
      this.status = answer.status
      this.bytesOut = answer.bytes
      if (plan.report !== undefined) this.firstByteAt = performance.now()
    }
    this.finish(error)
  }

  private finish(error: GatewayError | undefined): void {
    this.done = true
    deadlines.cancel(this)
    if (error !== undefined) {
      this.error = error
      this.plan.logFailure(error)
    }
    this.plan.report?.(this)
  }

  // --- from the client and the clock ----------------------------------------------------------------------------

  /** Sends the head when no byte of the body has come in the same read; without a type a little later. */
  flushHead(later = false): void {
    if (this.done || this.bytesOut > 0) return
    if (this.untypedHead === undefined) flushHead(this.res)
    else if (!later) setTimeout(flushLater, UNTYPED_MS, this)
    else this.sendUntypedHead(undefined)
  }

  clientDrained(): void {
    if (!this.plan.timeoutCoversBody) this.lastActivity = deadlines.now()
    this.resumeFlow()
  }

  clientClosed(): void {
    if (this.done || this.res.writableFinished) return
    this.cancel(clientGone(this.req))
  }

  override fire(): void {
    if (this.done) return
    const { timeoutMs, timeoutCoversBody } = this.plan
    const limit = `timeout=${timeoutMs}ms`
    if (!this.headWritten || timeoutCoversBody) {
      this.cancel(new GatewayError('SLUICE_ERR_UPSTREAM_TIMEOUT', { message: 'context deadline exceeded', limit }))
      return
    }
    const idle = deadlines.now() - this.lastActivity
    if (idle < timeoutMs) deadlines.schedule(this, timeoutMs - idle)
    else
      this.cancel(
        new GatewayError('SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE', { message: 'the body stood still', limit: `idle ${limit}` })
      )
  }
}
