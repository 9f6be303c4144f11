/**
 * One request of a server or client plugin, on the gateway's side.
 *
 * Go responds by itself (`reply`, then its output), or sends the request further in (`next`). A response of `next` goes to the client without
 * Go where nothing in Go looks at its bytes.
 */

import { GatewayError } from '../../../errors.js'
import { internals } from '../../../message/internals.js'
import type { GatewayResponse } from '../../../message/public.js'
import type { RequestMessage } from '../../../message/request.js'
import { ResponseMessage } from '../../../message/response.js'
import { type Cancellable, ENDED } from '../../../message/scope.js'
import type { Next } from '../../../pipe/next.js'
import type { Span } from '../../../telemetry/span.js'
import { callBackend, prepareCall, responseReader } from './go-calls.js'
import { cutError, errorOf } from './go-failures.js'
import { addFields, applyEdits, sendable } from './go-fields.js'
import { type ExchangeHandle, FAIL, type GoCall, type GoHandles, type GoNext, type GoReply } from './go-handles.js'
import { type FieldEdit, OP } from './go-messages.js'
import { bodyLength, writeRequest } from './go-request.js'
import { GoOutput, GoReader } from './go-streams.js'

/** Said of a response of `next`: it holds the fields that were set before, as those further in have left them. */
const HELD = 1

/** A response of `next` that a wrapper of the author's is told about. */
interface Heard {
  readonly id: number
  /** undefined: there was none, and `error` is why. */
  readonly response: ResponseMessage | undefined
  readonly error: unknown
}

export class HandlerExchange implements ExchangeHandle, Cancellable {
  private readonly handles: GoHandles
  private readonly request: RequestMessage
  private readonly nextFn: Next
  private readonly id: number
  /** The span around the request when the plugin got it: what runs further in puts others there. */
  private readonly ownSpan: Span | undefined
  private resolve!: (response: GatewayResponse) => void
  private reject!: (cause: unknown) => void
  private settled = false
  /** The client left, a deadline passed, or the exchange has ended. */
  private over = false
  private output: GoOutput | undefined
  private calls = 0
  /** It is a client plugin. */
  private ofBackend = false
  /** Fields that plugins further out have set: the map of Go's writer begins with them, so every response from here holds them. */
  private inherited: RequestMessage['outerFields']
  private heard: Heard | undefined
  /** The call of `next` whose response goes to the client: Go waits for its end. */
  private passing: { readonly id: number; readonly response: ResponseMessage; readonly told: boolean } | undefined

  constructor(handles: GoHandles, request: RequestMessage, next: Next) {
    this.handles = handles
    this.request = request
    this.nextFn = next
    this.ownSpan = request.span
    this.id = handles.begin(this)
  }

  /** An endpoint may have declined what was recorded before it. */
  get span(): Span | undefined {
    return this.request.exchange.span === undefined ? undefined : this.ownSpan
  }

  /** Sends the request to Go. `origin` is the backend's, for client plugins; '' for server plugins. */
  start(place: number, origin: string): Promise<GatewayResponse> {
    const { request, handles, id } = this
    const answer = new Promise<GatewayResponse>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    this.ofBackend = origin !== ''
    if (!this.ofBackend) this.inherited = request.outerFields
    const length = bodyLength(request)
    if (length !== 0) {
      handles.readers.set(id, new GoReader(handles, id, () => internals(request.body).stream()))
    }
    request.onOver(this)
    writeRequest(handles.instance.outbox, { place, exchange: id, origin }, request, length)
    handles.instance.flushSoon()
    return answer
  }

  // --- Go responds ------------------------------------------------------------------------------------------------

  reply(reply: GoReply): void {
    const { handles, id } = this
    if (this.settled) return
    if (reply.final) {
      this.handles.instance.afterwards({ run: () => this.answer(reply, undefined) })
      return
    }
    const length = reply.length < 0 ? undefined : reply.length
    this.output = new GoOutput(handles, -id, length, gone => gone && this.cancelGo())
    if (reply.bytes.length > 0) this.output.source.push(reply.bytes)
    const { source } = this.output
    handles.instance.afterwards({ run: () => this.answer(reply, source) })
  }

  private answer({ status, fields, length, bytes }: GoReply, source: GoOutput['source'] | undefined): void {
    this.handles.counts.fromGo += bytes.length
    const kept = sendable(fields)
    const code = status <= 599 && status >= 200 ? status : 500
    if (this.request.method === 'HEAD') {
      source?.destroy(ENDED)
      const response = ResponseMessage.made(code, kept, EMPTY)
      const known = length >= 0 ? length : source === undefined ? bytes.length : -1
      response.bodiless = true
      if (known > 0) response.raw.push('Content-Length', String(known))
      this.respond(response)
    } else this.respond(ResponseMessage.made(code, kept, source ?? bytes))
    if (source === undefined || this.request.method === 'HEAD') this.finish()
  }

  ended(): void {
    this.finish()
  }

  failed(status: number, text: string): void {
    this.handles.instance.afterwards({ run: () => this.fail(errorOf(status, text), status) })
  }

  private fail(error: Error, status: number): void {
    const cut = status === FAIL.cut || status === FAIL.abort
    if (this.output !== undefined) this.output.fail(cut ? cutError() : error)
    else {
      // as net/http: the client gets no response at all
      if (status === FAIL.abort && !this.ofBackend && !this.settled) this.request.exchange.hangUp(cutError())
      this.respondFailure(error)
    }
    this.finish()
  }

  lost(cause: Error): void {
    const error = new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: cause.message, cause })
    this.heard?.response?.discard()
    this.fail(error, FAIL.plain)
  }

  private respond(response: GatewayResponse): void {
    if (this.settled) return internals(response).discard()
    this.settled = true
    internals(response).heldFields = this.inherited
    this.resolve(response)
  }

  // --- further in -------------------------------------------------------------------------------------------------

  next(call: GoNext): void {
    this.handles.instance.afterwards({ run: () => this.goOn(call) })
  }

  private goOn(call: GoNext): void {
    const failed = (error: unknown): void => this.nextFailed(call, error)
    try {
      const request = this.calls++ === 0 ? this.request : this.request.clone()
      if (call.host !== '' && request.host !== call.host) request.host = call.host
      prepareCall(this.handles, this.id, request, call)
      request.outerFields = call.added
      this.nextFn(request).then(response => this.nextAnswered(call, internals(response)), failed)
    } catch (error) {
      failed(error)
    }
  }

  /** The request may be sent on once more by what stands further out. */
  private takeBack({ added }: GoNext): void {
    const { request } = this
    if (request.outerFields === added) request.outerFields = this.inherited
  }

  private nextAnswered(call: GoNext, response: ResponseMessage): void {
    const { handles } = this
    this.takeBack(call)
    if (!handles.openings.delete(call.id)) return response.discard()
    const held = response.heldFields === call.added
    if (call.passes && !call.hears) {
      if (!held) addFields(response, call.added)
      this.letPass(call.id, response, true)
      return
    }
    const { outbox } = handles.instance
    outbox
      .begin(OP.wake)
      .u32(call.id)
      .u32(response.status)
      .u32(held ? HELD : 0)
      .pairs(response.raw)
      .done()
    handles.readers.set(call.id, responseReader(handles, call.id, response))
    if (call.hears) this.heard = { id: call.id, response, error: undefined }
    handles.instance.flushSoon()
  }

  private nextFailed(call: GoNext, error: unknown): void {
    const { handles } = this
    this.takeBack(call)
    call.body.source?.destroy(ENDED)
    handles.openings.delete(call.id)
    const status = (error as { statusCode?: number }).statusCode ?? 500
    if (call.passes && !call.hears) {
      this.respondFailure(error)
      if (this.over) this.leave() // Go's function returns without a word
    } else if (call.hears) this.heard = { id: call.id, response: undefined, error }
    else if (error instanceof GatewayError) this.request.note(error)
    handles.instance.outbox.begin(OP.wake).u32(call.id).u32(status).u32(0).pairs([]).done()
    handles.instance.flushSoon()
  }

  private respondFailure(error: unknown): void {
    if (this.settled) return
    this.settled = true
    this.reject(error)
  }

  pass(id: number, status: number, edits: readonly FieldEdit[]): void {
    this.handles.instance.afterwards({ run: () => this.passHeard(id, status, edits) })
  }

  private passHeard(id: number, status: number, edits: readonly FieldEdit[]): void {
    const { heard, handles } = this
    this.heard = undefined
    handles.readers.delete(id)
    if (heard?.id !== id) return
    const { response, error } = heard
    if (response === undefined) {
      this.respondFailure(error)
      return handles.wake(id)
    }
    try {
      applyEdits(response.headers, edits)
      response.status = status >= 200 && status <= 599 ? status : 500
    } catch (cause) {
      response.discard()
      this.respondFailure(cause)
      return handles.wake(id)
    }
    this.letPass(id, response, false)
  }

  /** The response goes to the client; Go's function goes on when the exchange is over. */
  private letPass(id: number, response: ResponseMessage, told: boolean): void {
    this.passing = { id, response, told }
    this.respond(response)
    if (this.over) this.leave()
  }

  // --- calls of client plugins ------------------------------------------------------------------------------------

  own(call: GoCall): void {
    const { handles, request, nextFn, id } = this
    handles.instance.afterwards({ run: () => callBackend({ handles, exchange: id, request, next: nextFn }, call) })
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  /** The client left, a deadline passed, or the exchange is over. */
  cancel(reason: GatewayError): void {
    const { passing, handles } = this
    this.over = true
    if (passing === undefined || reason !== ENDED) this.cancelGo()
    else {
      const { outbox } = handles.instance
      outbox.begin(OP.wake).u32(passing.id)
      // a wrapper knows the head already
      if (passing.told) outbox.u32(passing.response.status).u32(HELD).pairs(passing.response.raw)
      outbox.done()
      handles.instance.flushSoon()
    }
    if (reason === ENDED) this.respondFailure(reason)
    if (reason === ENDED || (this.settled && this.output === undefined)) this.leave()
  }

  private cancelGo(): void {
    const { instance, exchanges } = this.handles
    if (exchanges.get(this.id) !== this) return
    instance.outbox.begin(OP.cancel).u32(this.id).done()
    instance.flush()
  }

  /** Go's function has returned. */
  private finish(): void {
    this.request.offOver(this)
    this.leave()
  }

  private leave(): void {
    this.handles.leave(this.id, this.passing && this.span)
  }
}

const EMPTY = Buffer.alloc(0)
