/**
 * The pass-through pipe: one no-op backend, no plugins. Raw fields and bytes go from socket to socket. Per request there is one
 * object: the upstream call, its deadline and the writer to the client at once.
 *
 * Exits: the upstream's own status; 4xx or 5xx by the error table when the upstream does not respond; a cut connection when its
 * body breaks off; nothing when the client has left.
 *
 * Over 300 lines: an exchange is one object per request, so its call, its writer and its span are fields of one class.
 */

import type { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Balancer } from '../backend/balancer.js'
import type { TargetTemplate } from '../backend/request-template.js'
import { decodeFields } from '../client/decode-fields.js'
import { fieldName, fieldValue } from '../client/field-texts.js'
import type { OriginPool } from '../client/pool.js'
import type { RedirectPolicy } from '../client/redirect.js'
import { Upload } from '../client/upload.js'
import { UpstreamCall } from '../client/upstream-call.js'
import { GatewayError } from '../errors.js'
import {
  type AnswerWriter,
  cutAnswer,
  describesLength,
  endBody,
  idleFailure,
  isBodiless,
  NO_TRAILERS,
  ownResponse,
  sendChunk,
  sendHead,
  sendInterim,
  sendWhole,
  watchBody
} from '../exchange/answer-writer.js'
import { clientGone } from '../exchange/client-gone.js'
import type { ExchangeReport, Report } from '../exchange/exchange-report.js'
import type { OpenExchange, OpenExchanges } from '../exchange/open-exchanges.js'
import { isUntyped } from '../exchange/write-head.js'
import { addConnectionOptions, hasBody, lowerName, type RawFields, withoutNamed } from '../http/fields.js'
import type { QueryFilter } from '../http/query.js'
import { requestFailure } from '../http/upstream-failure.js'
import { FieldMap } from '../message/field-map.js'
import { IncomingSource } from '../message/incoming-source.js'
import type { NestedSpans, NestedTracer } from '../pipe/nested-tracer.js'
import type { CallWatchers } from '../telemetry/call-trace.js'
import type { ServerSpan } from '../telemetry/span.js'
import { deadlines } from '../telemetry/timer-wheel.js'
import type { FailureParts } from './endpoint-responses.js'
import type { FieldFilter } from './forward-fields.js'

/** Edits header fields in place. */
export type FieldEdit = (headers: FieldMap) => void

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
  /** Edits the fields of the upstream's response. */
  readonly editAnswer: FieldEdit | undefined
  /** Fields of every response: `X-Krakend`, `X-Krakend-Completed`. */
  readonly ownFields: RawFields
  readonly timeoutMs: number
  /** `router.no_op_timeout: "whole"`. */
  readonly timeoutCoversBody: boolean
  /** `router.max_request_bytes`. */
  readonly maxRequestBytes: number
  /** Makes the response to a failure. */
  readonly failureParts: (error: GatewayError) => FailureParts
  readonly logFailure: (error: GatewayError, span: ServerSpan | undefined) => void
  readonly report: Report | undefined
  readonly exchanges: OpenExchanges
  /** Measures and records the call; undefined without an observer. */
  readonly watch?: CallWatchers | undefined
  /** Records the endpoint's pipe and its backend; undefined without a tracer. */
  readonly tracer?: NestedTracer | undefined
}

/**
 * The fields from `firstByteAt` to `error` are those of an {@link AnswerWriter}. `MessageExchange` has them too: each kind of
 * exchange is one object per request, so the fields cannot stand in an object of their own.
 */
export class PassthroughExchange extends UpstreamCall implements AnswerWriter, ExchangeReport, OpenExchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  private readonly plan: PassthroughPlan
  readonly clientAddress: string
  readonly requestId: string
  readonly startedAt: number
  firstByteAt = 0
  status = 0
  bytesOut = 0
  left = -1
  burst = 0
  spent = false
  waitsForDrain = false
  untypedHead: RawFields | undefined = undefined
  readonly idleMs: number
  lastActivity = 0
  done = false
  error: GatewayError | undefined = undefined
  cut = false
  openBefore: OpenExchange | undefined = undefined
  openAfter: OpenExchange | undefined = undefined
  /** Set before {@link start}; undefined = the exchange is not recorded. */
  span: ServerSpan | undefined = undefined
  /** The body of the request. */
  private source: IncomingSource | undefined = undefined
  private spans: NestedSpans | undefined = undefined

  constructor(plan: PassthroughPlan, req: IncomingMessage, res: ServerResponse, clientAddress: string, requestId: string) {
    super()
    this.plan = plan
    this.req = req
    this.res = res
    this.clientAddress = clientAddress
    this.requestId = requestId
    this.startedAt = plan.report === undefined ? 0 : performance.now()
    this.idleMs = plan.timeoutCoversBody ? 0 : plan.timeoutMs
    this.watch = plan.watch
    ownResponse(this)
    plan.exchanges.enter(this)
  }

  /** Sends the request on. `query` is raw, without '?'. */
  start(params: Readonly<Record<string, string>>, query: string, host: string): void {
    const { plan, req } = this
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
      return this.onFailure(requestFailure(cause))
    }
    deadlines.schedule(this, plan.timeoutMs)
    this.redirects = plan.redirects
    if (this.span !== undefined) this.openSpans(this.span, headers)
    const method = req.method === 'HEAD' && plan.method === 'GET' ? 'HEAD' : plan.method
    const { source } = this
    if (source === undefined) this.send(pool, method, path, headers, null)
    else process.nextTick(() => this.sendWith(source, pool, method, path, headers))
  }

  /** Called in the tick after the request, when a small body has come. */
  private sendWith(source: IncomingSource, pool: OriginPool, method: string, path: string, headers: RawFields): void {
    if (!this.ended) this.send(pool, method, path, headers, source.takeWhole() ?? new Upload(source))
  }

  private openSpans(exchange: ServerSpan, raw: RawFields): void {
    this.spans = this.plan.tracer?.begin(exchange, raw)
    this.outerSpan = this.spans?.inner ?? this.spans?.outer ?? exchange
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
    sendInterim(this, status, decodeFields(raw))
  }

  protected onHead(status: number, raw: readonly Buffer[]): void {
    this.status = status
    // a HEAD towards the backend of a GET endpoint has no content either
    const empty = this.method === 'HEAD' || isBodiless(this.res, status)
    try {
      const head = this.answerFields(raw, empty && !describesLength(this.res, status))
      const untyped = !empty && this.left !== 0 && this.req.method !== 'HEAD' && isUntyped(head)
      sendHead(this, head, untyped)
    } catch (cause) {
      return cause instanceof GatewayError ? this.giveUp(cause) : this.headRefused(cause)
    }
    if (this.left !== 0) process.nextTick(watchBody, this)
    if (this.left >= 0) this.lendChunk()
  }

  headRefused(cause: unknown): void {
    const message = `${this.method} "${this.url}": ${(cause as Error).message}`
    this.giveUp(new GatewayError('SLUICE_ERR_UPSTREAM_PROTOCOL', { message, cause }))
  }

  private giveUp(error: GatewayError): void {
    if (this.ended) this.onFailure(error)
    else this.cancel(error)
  }

  /**
   * Returns own fields first, then the upstream's without hop-by-hop fields (RFC 9110 §7.6.1) and without those of another gateway.
   * Notes the declared length; where `undescribed`, no content follows and the length is dropped.
   */
  private answerFields(raw: readonly Buffer[], undescribed: boolean): RawFields {
    const { ownFields, editAnswer } = this.plan
    const head = editAnswer === undefined ? ownFields.slice() : []
    const own = head.length
    let named: Set<string> | undefined
    for (let i = 0; i < raw.length; i += 2) {
      const { text, lower, isHopByHop } = fieldName(raw[i]!)
      const value = fieldValue(raw[i + 1]!)
      if (isHopByHop) {
        if (lower === 'connection') named = addConnectionOptions(named, value)
        continue
      }
      if (editAnswer === undefined && isOwnField(lower)) continue
      if (lower === 'content-length') {
        if (undescribed) continue
        this.left = Number(value)
      }
      head.push(text, value)
    }
    const kept = named === undefined ? head : withoutNamed(head, own, named)
    return editAnswer === undefined ? kept : editedAnswer(kept, editAnswer, ownFields)
  }

  protected onChunk(chunk: Buffer): boolean {
    const more = sendChunk(this, chunk)
    // undici keeps nothing of a body with a length, see lendChunk
    if (this.spent && this.left >= 0) this.lendChunk()
    else this.keepChunk()
    return more || this.done
  }

  protected onBodyEnd(trailers: readonly Buffer[]): void {
    if (endBody(this, trailers.length === 0 ? NO_TRAILERS : decodeFields(trailers))) this.finish(undefined)
  }

  protected onFailure(error: GatewayError): void {
    if (this.done) return
    const { res } = this
    this.cut = res.destroyed || res.headersSent || error.code === 'SLUICE_ERR_CLIENT_ABORTED'
    if (!this.cut) this.answerFailure(error)
    else if (res.destroyed || !res.headersSent || error.code === 'SLUICE_ERR_CLIENT_ABORTED') res.destroy()
    else cutAnswer(res)
    this.finish(error)
  }

  private answerFailure(error: GatewayError): void {
    const { status, raw, body } = this.plan.failureParts(error)
    this.status = status
    this.untypedHead = undefined
    try {
      sendWhole(this, raw, body)
    } catch {
      // fields that an upstream's error brings and that cannot be written: the status still can
      sendWhole(this, this.plan.ownFields.slice(), body)
    }
  }

  private finish(error: GatewayError | undefined): void {
    this.done = true
    this.plan.exchanges.leave(this)
    deadlines.cancel(this)
    if (error !== undefined) {
      this.error = error
      this.plan.logFailure(error, this.span)
    }
    if (this.spans !== undefined) this.plan.tracer!.end(this.spans, this)
    if (this.span !== undefined) this.span.finished(this)
    this.plan.report?.(this)
  }

  // --- from the client and the clock ----------------------------------------------------------------------------

  clientDrained(): void {
    this.resumeFlow()
  }

  clientClosed(): void {
    if (this.done || this.res.writableFinished) return
    this.cancel(clientGone(this.req))
  }

  cutOff(reason: GatewayError): void {
    this.cancel(reason)
  }

  override fire(): void {
    if (this.done) return
    if (this.res.headersSent && this.idleMs !== 0) {
      const error = idleFailure(this)
      if (error !== undefined) this.cancel(error)
      return
    }
    const limit = `timeout=${this.plan.timeoutMs}ms`
    this.cancel(new GatewayError('SLUICE_ERR_UPSTREAM_TIMEOUT', { message: 'context deadline exceeded', limit }))
  }
}

const isOwnField = (lower: string): boolean => lower === 'x-krakend' || lower === 'x-krakend-completed'

/** Own fields first, then what the edit makes of the upstream's. */
function editedAnswer(fields: RawFields, edit: FieldEdit, ownFields: RawFields): RawFields {
  edit(new FieldMap(fields))
  const head = ownFields.slice()
  for (let i = 0; i < fields.length; i += 2) if (!isOwnName(fields[i]!)) head.push(fields[i]!, fields[i + 1]!)
  return head
}

/** Most names have another length. */
const isOwnName = (name: string): boolean => (name.length === 9 || name.length === 19) && isOwnField(lowerName(name))
