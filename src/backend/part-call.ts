import type { Buffer } from 'node:buffer'
import { declaredBytes } from '../client/call-sizes.js'
import { decodeFields, isNamed } from '../client/decode-fields.js'
import type { OriginPool } from '../client/pool.js'
import type { CallPlan } from '../client/response-call.js'
import { UpstreamCall } from '../client/upstream-call.js'
import type { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import { joinChunks, MOST_COPIED, tooLarge } from '../message/collect-sink.js'
import { ResponseMessage } from '../message/response.js'
import type { Scope } from '../message/scope.js'
import { allocateBytes } from '../message/slab.js'
import { handOn } from '../pipe/lazy-promise.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { Span } from '../telemetry/span.js'
import { ERROR_BODY_DRAIN, type WholeReceive } from './decoded.js'

/**
 * The call of a decoded backend that has no stages: reads the body and decodes it, without a promise or a
 * response object for what came. Fields become strings only where decoding reads one of them: of three small JSON responses with
 * eight fields each that saves 48 strings (bench/peers, merge).
 */
export class PartCall extends UpstreamCall {
  private readonly plan: CallPlan
  private readonly scope: Scope
  private readonly whole: WholeReceive
  private readonly receiver: ResponseReceiver
  private status = 0
  private fields: RawFields = NO_FIELDS
  /** bytes; the length of a body that is copied, else 0. */
  private copied = 0
  /** Where such a body is copied to: the connection then reads on into the same buffer. */
  private target: Buffer | undefined = undefined
  private chunks: Buffer[] = NO_CHUNKS
  private size = 0
  /** The rest of the body is read for the connection's sake alone. */
  private judged = false

  constructor(plan: CallPlan, scope: Scope, whole: WholeReceive, receiver: ResponseReceiver, span: Span | undefined) {
    super()
    this.outerSpan = span
    this.plan = plan
    this.scope = scope
    this.whole = whole
    this.receiver = receiver
    this.watch = plan.watch
  }

  /** Sends the request with `body`; the receiver gets the decoded data, or a failure. Cancelled with its scope. */
  start(pool: OriginPool, method: string, path: string, headers: RawFields, body: Buffer | undefined): void {
    if (this.scope.reason !== undefined) return this.receiver.reject(this.scope.reason)
    this.scope.add(this)
    this.redirects = this.plan.redirects
    this.send(pool, method, path, headers, body ?? null)
  }

  protected onHead(status: number, raw: readonly Buffer[]): void {
    this.status = status
    if (this.whole.accepts(status)) {
      if (this.describes(raw)) this.fields = decodeFields(raw)
      const length = declaredBytes(raw)
      if (!(length > 0 && length <= MOST_COPIED && length <= this.plan.limit)) return
      this.copied = length
      this.lendChunk()
      return
    }
    this.fields = decodeFields(raw)
    if (this.whole.judgesBody) return
    this.judged = true
    handOn(this.whole.receive(this.responseOf(undefined), this.scope), this.receiver)
  }

  protected onChunk(chunk: Buffer): boolean {
    this.size += chunk.length
    if (this.judged) {
      if (this.size > ERROR_BODY_DRAIN) this.cancel(tooLarge(ERROR_BODY_DRAIN))
    } else if (this.size > this.plan.limit) this.cancel(tooLarge(this.plan.limit))
    else if (this.size <= this.copied) {
      // not before: memory that is asked for last can be given back first
      this.target ??= allocateBytes(this.copied)
      chunk.copy(this.target, this.size - chunk.length)
      this.lendChunk()
    } else this.collect(chunk)
    return true
  }

  private collect(chunk: Buffer): void {
    if (this.chunks === NO_CHUNKS) this.chunks = []
    if (this.target !== undefined) this.chunks.push(this.target.subarray(0, this.size - chunk.length))
    this.target = undefined
    this.copied = 0
    this.chunks.push(chunk)
  }

  protected onBodyEnd(): void {
    this.scope.remove(this)
    if (this.judged) return
    const { target, size } = this
    const bytes = target === undefined ? joinChunks(this.chunks, size) : size < target.length ? target.subarray(0, size) : target
    let made: ResponseMessage | Promise<ResponseMessage>
    try {
      made = this.whole.accepts(this.status)
        ? this.whole.decode(this.fields, bytes, this.scope)
        : this.whole.receive(this.responseOf(bytes), this.scope)
    } catch (cause) {
      return this.receiver.reject(cause)
    }
    if (target !== undefined && !(made instanceof Promise) && !this.whole.readsType) made.memory = target
    handOn(made, this.receiver)
  }

  protected onFailure(error: GatewayError): void {
    this.scope.remove(this)
    if (!this.judged) this.receiver.reject(error)
  }

  /** Its scope measures the time. */
  override fire(): void {}

  /** Whether a field says how the body is to be decoded. */
  private describes(raw: readonly Buffer[]): boolean {
    const { readsType } = this.whole
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!
      if (isNamed(name, 'content-encoding') || (readsType && isNamed(name, 'content-type'))) return true
    }
    return false
  }

  private responseOf(bytes: Buffer | undefined): ResponseMessage {
    const response = ResponseMessage.over(this.status, this.fields, bytes, this.plan.limit)
    response.call = this
    return response
  }
}

const NO_FIELDS: RawFields = []
/** Never written to. */
const NO_CHUNKS: Buffer[] = []
