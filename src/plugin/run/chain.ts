/**
 * Handlers around each other, and the path of a response through them.
 *
 * A request goes in through the handlers c, b, a (the last listed is the outermost) and reaches the step further in:
 *
 *     c.enter → handler c → c.next → b.enter → handler b → b.next → a.enter → handler a → a.next → step
 *
 * `next` of the step returns a LazyPromise. The response comes back the same way, one `enter` after the other:
 *
 *   - handler a returns that promise as it is: `enter` returns it too. Nothing is made, nothing is checked.
 *   - handler b awaits it and returns a response: `enter` checks the response and returns a native promise of it.
 *   - handler c returns that promise as it is: as with a.
 *
 * The step outside (NextStep) hands its receiver to the promise that `c.enter` returned. If no handler has listened, the
 * receiver is called in the turn in which the response came.
 */

import { GatewayError } from '../../errors.js'
import { isOwned, together, UnansweredWork } from '../../message/blame.js'
import { internals } from '../../message/internals.js'
import type { RequestMessage } from '../../message/request.js'
import { isResponse, type ResponseMessage } from '../../message/response.js'
import { LazyPromise, unwatched } from '../../pipe/lazy-promise.js'
import type { StageTimer } from '../../pipe/measure.js'
import type { Next, Wrap } from '../../pipe/next.js'
import type { Handler } from '../types.js'
import { BodyWatch, noteBody, type PromisingUse } from './needs.js'
import { pluginFailure, pluginMistake } from './plugin-failure.js'

/** Returns a response in place of a failure; only at service scope, where `next` never rejects. */
export type Absorb = (error: GatewayError, request: RequestMessage) => ResponseMessage

/** One handler in its place: the handler calls `next`, what stands further out calls `enter`. */
export class HandlerPlace {
  /** Calls further in. Given to the plugin's factory before the pipe is there, which sets {@link inner}. */
  readonly next: Next = request => this.goIn(internals(request))
  /** Runs the handler. Never throws; resolves with responses only. */
  readonly enter: Next = request => this.run(internals(request))
  inner: Next = notYet
  handler: Handler = notYet
  private readonly use: PromisingUse
  private readonly watch: BodyWatch
  private readonly absorb: Absorb | undefined

  /** @param use the plugin, named in the log when its handler fails */
  constructor(use: PromisingUse, absorb?: Absorb) {
    this.use = use
    this.watch = new BodyWatch(use)
    this.absorb = absorb
  }

  // --- the request goes in --------------------------------------------------------------------------------------

  private run(request: RequestMessage): Promise<ResponseMessage> {
    const { exchange } = request
    const { running, handed } = exchange
    exchange.running = this
    exchange.handed = undefined
    let answer: unknown
    let threw = false
    try {
      answer = this.handler(request)
    } catch (thrown) {
      answer = thrown
      threw = true
    }
    const inside = exchange.handed as Promise<ResponseMessage> | undefined
    exchange.running = running
    exchange.handed = handed
    // passed on as it is
    if (inside !== undefined && inside === answer) return inside
    if (inside !== undefined) unwatched(inside)
    return threw ? this.failed(answer, request) : this.answered(answer, request, inside)
  }

  /** The handler calls `next`. */
  private goIn(request: RequestMessage): Promise<ResponseMessage> {
    if (!isRequest(request)) return rejected(pluginMistake(this.use, 'called next without a request'))
    const broken = this.watch.brokenPromise(request.openedBody, 'request')
    const answer = broken === undefined ? this.callInner(request) : rejected(broken)
    const { exchange } = request
    if (exchange.running !== this) {
      unwatched(answer) // the handler may never look at it
      UnansweredWork.called(exchange, this, request, answer)
    } else if (exchange.handed === undefined) exchange.handed = answer
    else {
      unwatched(answer)
      exchange.handed = together(exchange.handed, answer)
    }
    return answer
  }

  private callInner(request: RequestMessage): Promise<ResponseMessage> {
    try {
      return internals(this.inner(request))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  // --- the response comes back ----------------------------------------------------------------------------------

  /** @param inside what `next` returned while the handler ran */
  private answered(answer: unknown, request: RequestMessage, inside: Promise<unknown> | undefined): Promise<ResponseMessage> {
    try {
      if (!isThenable(answer)) return Promise.resolve(this.accept(answer, request))
      if (answer instanceof LazyPromise && answer.exchange !== request.exchange) throw this.notIts('promise')
      return new UnansweredWork(this.watch, this, request, inside, undefined).until(
        answer,
        request.exchange,
        value => this.accept(value, request),
        error => this.refuse(pluginFailure(this.use, error), request)
      )
    } catch (thrown) {
      return this.failed(thrown, request) // a getter named `then`, or what `accept` refuses
    }
  }

  /** Returns the handler's response, or refuses it. */
  private accept(answer: unknown, request: RequestMessage): ResponseMessage {
    const { use, watch } = this
    if (!isResponse(answer)) {
      return this.refuse(pluginMistake(use, `returned ${describe(answer)}; a handler returns a GatewayResponse`), request)
    }
    const broken = watch.brokenPromise(answer.openedBody, 'response')
    if (broken !== undefined) {
      answer.discard()
      return this.refuse(broken, request)
    }
    if (answer.usedBy === undefined) answer.usedBy = request.exchange
    else if (answer.usedBy !== request.exchange) return this.refuse(this.notIts('response'), request)
    // a stream that an outer plugin drops would stay open: only the exchange closes it
    const { unopened } = answer
    if (unopened !== undefined && isOwned(unopened)) {
      unopened.owner ??= watch
      request.exchange.atEnd(() => answer.discard())
    }
    return answer
  }

  /** The handler answers with what belongs to another request. */
  private notIts(what: 'promise' | 'response'): GatewayError {
    const returned =
      what === 'promise' ? 'the promise that next has returned for another request' : 'a response of another request'
    return pluginMistake(this.use, `returned ${returned}; call next for each, or keep the data and make a response per request`)
  }

  /** Throws, or returns a response in the failure's place. */
  private refuse(error: GatewayError, request: RequestMessage): ResponseMessage {
    if (this.absorb === undefined) throw error
    return this.absorb(error, request)
  }

  /** Never throws. */
  private failed(thrown: unknown, request: RequestMessage): Promise<ResponseMessage> {
    try {
      return Promise.resolve(this.refuse(pluginFailure(this.use, thrown), request))
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

/** Handlers of one place of a pipe, built from the innermost to the outermost. */
export class HandlerChain {
  private first: { readonly place: HandlerPlace; readonly timer: StageTimer | undefined } | undefined = undefined
  private outermost: Next = notYet

  /** Puts a handler around those that were added before; `timer` measures it. */
  add(place: HandlerPlace, timer: StageTimer | undefined): void {
    if (this.first === undefined) this.first = { place, timer }
    else place.inner = timer === undefined ? this.outermost : timer.inner(this.outermost)
    this.outermost = timer === undefined ? place.enter : timer.outer(place.enter)
  }

  /** Undefined when no handler was added. It stands in one place only: factories got their `next` before the pipe was there. */
  wrap(): Wrap | undefined {
    const { first, outermost } = this
    if (first === undefined) return undefined
    let bound = false
    return next => {
      if (bound) throw new Error('a plugin chain stands in one place')
      bound = true
      first.place.inner = first.timer === undefined ? next : first.timer.inner(next)
      return request => {
        noteBody(internals(request).openedBody)
        return outermost(request)
      }
    }
  }
}

function rejected(error: GatewayError): Promise<ResponseMessage> {
  const answer = Promise.reject<ResponseMessage>(error)
  unwatched(answer)
  return answer
}

/** A factory may keep `next` for later; there is nothing to call while the gateway is being built. */
const notYet = (): Promise<never> =>
  Promise.reject(new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'next was called before the gateway was built' }))

function isRequest(value: unknown): value is RequestMessage {
  return typeof value === 'object' && value !== null && (value as { exchange?: unknown }).exchange !== undefined
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** For messages: what came instead of a response. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object'
  return `a ${typeof value}`
}
