import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import type { ByteSink, ByteSource } from '../message/byte-flow.js'
import { ResponseMessage } from '../message/response.js'
import type { Scope } from '../message/scope.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { CallWatchers } from '../telemetry/call-trace.js'
import type { Span } from '../telemetry/span.js'
import { deadlines } from '../telemetry/timer-wheel.js'
import { decodeFields } from './decode-fields.js'
import type { OriginPool } from './pool.js'
import type { RedirectPolicy } from './redirect.js'
import type { SocketReader } from './socket-reader.js'
import { Upload } from './upload.js'
import { UpstreamCall } from './upstream-call.js'

/** What boot decided for the calls of one backend. */
export interface CallPlan {
  readonly redirects: RedirectPolicy | undefined
  /** Measures and records the calls. */
  readonly watch: CallWatchers | undefined
  /** ms that a body may stand still while a reader without a limit of its own reads it; 0 = for ever. */
  readonly idleMs: number
  /** bytes; most that a response's body may hold in memory. */
  readonly limit: number
  /** Interim responses go on to the client of the exchange. */
  readonly informs: boolean
}

/** Bytes kept before a sink is there; beyond it the upstream waits. */
const AHEAD_BYTES = 64 * 1024
/** What is kept and no larger than this is copied, and the connection reads on into the same buffer. */
const SMALL_BYTES = 2 * 1024

function cancelNow(call: UpstreamCall, reason: GatewayError): void {
  call.cancel(reason)
}

/**
 * One call to an upstream. The receiver gets the response as soon as its head is there, and the body flows when it is taken. It
 * gets a GatewayError when there is no response. Cancelled with its scope.
 */
export class ResponseCall extends UpstreamCall implements ByteSource {
  length: number | undefined = undefined
  private readonly plan: CallPlan
  private readonly scope: Scope
  private readonly receiver: ResponseReceiver
  private hasHead = false
  /** The receiver is at work with the head. */
  private receiving = false
  private sink: ByteSink | undefined
  private ahead: Buffer[] = NOTHING
  private aheadBytes = 0
  /** The connection's buffer that the last of `ahead` lies in, and who wants it back. */
  private held: Buffer | undefined = undefined
  private lender: SocketReader | undefined = undefined
  private lastActivity = 0
  private trailers: readonly string[] | undefined
  private failure: GatewayError | undefined

  /**
   * @param upgrade asks for another protocol: the value of `Upgrade`. A 101 response then carries the connection as its `tunnel`
   * @param span the span around the call
   */
  constructor(plan: CallPlan, scope: Scope, receiver: ResponseReceiver, upgrade: string | undefined, span: Span | undefined) {
    super()
    this.outerSpan = span
    this.plan = plan
    this.scope = scope
    this.receiver = receiver
    this.upgrade = upgrade
    this.watch = plan.watch
    this.redirects = plan.redirects
  }

  /**
   * Sends the request.
   * @param path with the query, ready for the request line
   * @param headers without framing, read only: `Content-Length` comes from the body
   * @param body bytes may be sent again, a source only once
   */
  start(pool: OriginPool, method: string, path: string, headers: RawFields, body: Buffer | ByteSource | undefined): void {
    if (this.scope.reason !== undefined) return this.receiver.reject(this.scope.reason)
    this.scope.add(this)
    if (body === undefined) this.sendWith(pool, method, path, headers, null)
    else if (!('flow' in body)) this.sendWith(pool, method, path, headers, body.length > 0 ? body : null)
    else {
      const framed = body.length === undefined ? headers : [...headers, 'Content-Length', String(body.length)]
      if (body.takeWhole === undefined) this.sendWith(pool, method, path, framed, new Upload(body))
      // in the tick after the request, when a small body is there
      else process.nextTick(() => this.sendWith(pool, method, path, framed, body.takeWhole!() ?? new Upload(body)))
    }
  }

  private sendWith(pool: OriginPool, method: string, path: string, headers: RawFields, body: Upload | Buffer | null): void {
    if (!this.ended) this.send(pool, method, path, headers, body)
  }

  protected onHead(status: number, raw: readonly Buffer[]): void {
    this.hasHead = true
    const fields = decodeFields(raw, this)
    const response = ResponseMessage.over(status, fields, this, this.plan.limit)
    if (this.method === 'HEAD' || status === 204 || status === 304) {
      this.length = 0
      response.bodiless = true
    }
    response.call = this
    // see UpstreamCall.lendChunk: only bodies of known length; what of the body was read with the head is looked at below
    if (this.length !== undefined) this.lendChunk()
    this.receiving = true
    this.receiver.receive(response)
    this.receiving = false
  }

  protected override onInterim(status: number, raw: readonly Buffer[]): void {
    if (this.plan.informs) this.scope.inform(status, decodeFields(raw))
  }

  /** In the course of the head it waits a tick: a response whose rest was read with it is over by then, and its connection lives on. */
  override cancel(reason: GatewayError): void {
    if (this.receiving) process.nextTick(cancelNow, this, reason)
    else super.cancel(reason)
  }

  protected override onTunnel(raw: readonly Buffer[], socket: Socket, protocol: string): void {
    this.scope.remove(this)
    this.hasHead = true
    const response = ResponseMessage.over(101, decodeFields(raw), undefined, this.plan.limit)
    response.bodiless = true
    response.tunnel = { socket, protocol }
    response.call = this
    this.receiver.receive(response)
  }

  protected onChunk(chunk: Buffer): boolean {
    const { sink } = this
    const framed = this.length !== undefined
    if (sink !== undefined && this.ahead.length === 0) {
      if (this.scheduled) this.lastActivity = deadlines.now()
      const more = sink.write(chunk)
      if (framed && sink.spent === true) this.lendChunk()
      else this.keepChunk()
      return more
    }
    if (this.ahead === NOTHING) this.ahead = []
    if (framed && chunk.length <= SMALL_BYTES) {
      this.ahead.push(Buffer.from(chunk))
      this.lendChunk()
    } else {
      this.ahead.push(chunk)
      this.keepChunk()
      if (framed) this.hold()
    }
    this.aheadBytes += chunk.length
    return this.aheadBytes < AHEAD_BYTES
  }

  private hold(): void {
    this.lender = this.reader
    this.held = this.lender?.hold()
  }

  protected onBodyEnd(trailers: readonly Buffer[]): void {
    this.scope.remove(this)
    deadlines.cancel(this)
    const fields = trailers.length === 0 ? NO_TRAILERS : decodeFields(trailers)
    if (this.sink !== undefined && this.ahead.length === 0) this.sink.end(fields)
    else this.trailers = fields
  }

  protected onFailure(error: GatewayError): void {
    this.scope.remove(this)
    deadlines.cancel(this)
    if (!this.hasHead) this.receiver.reject(error)
    else if (this.sink !== undefined) this.sink.fail(error)
    else this.failure = error
  }

  /** Its scope measures the time until the head; the body's silence is watched here where the sink does not. */
  override fire(): void {
    const idle = this.paused ? 0 : deadlines.now() - this.lastActivity
    const { idleMs } = this.plan
    if (idle < idleMs) return deadlines.schedule(this, idleMs - idle)
    const limit = `idle timeout=${idleMs}ms`
    this.cancel(new GatewayError('SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE', { message: 'the upstream stopped sending', limit }))
  }

  flow(sink: ByteSink): void {
    this.sink = sink
    if (this.ahead !== NOTHING || this.ended) this.resume()
    else this.resumeFlow()
    const { idleMs } = this.plan
    if (idleMs === 0 || sink.watchesIdle === true || this.ended) return
    this.lastActivity = deadlines.now()
    deadlines.schedule(this, idleMs)
  }

  resume(): void {
    const sink = this.sink
    if (sink === undefined) return
    while (this.ahead.length > 0) {
      const more = sink.write(this.ahead.shift()!)
      if (sink.spent !== true) this.held = undefined
      if (!more) return
    }
    if (this.held !== undefined) {
      this.lender!.giveBack(this.held)
      this.held = undefined
    }
    if (this.failure !== undefined) {
      const { failure } = this
      this.failure = undefined
      sink.fail(failure)
    } else if (this.trailers !== undefined) {
      const { trailers } = this
      this.trailers = undefined
      sink.end(trailers)
    } else this.resumeFlow()
  }

  destroy(error: GatewayError): void {
    this.sink = SILENT
    this.ahead = NOTHING
    this.held = undefined
    if (this.trailers === undefined) this.cancel(error)
  }
}

/** Never written to. */
const NOTHING: Buffer[] = []
const SILENT: ByteSink = { write: () => true, end() {}, fail() {} }
const NO_TRAILERS: readonly string[] = []
