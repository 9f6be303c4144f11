/**
 * Handler chains: each handler wraps what stands before it, the last one sees the request first.
 *
 * In: the handlers' factories with their extra, and the gateway's own next. Out: one Next. A handler that passes on what
 * `next` gave it costs a comparison: no promise, no closure (bench: chain). Only where it answers something else are its
 * answer checked and its failures contained.
 */

import { GatewayError } from '../../errors.js'
import { together, UnansweredWork } from '../../message/blame.js'
import { ReadableSource } from '../../message/byte-flow.js'
import type { GatewayRequest } from '../../message/request.js'
import { type GatewayResponse, isGatewayResponse } from '../../message/response.js'
import { unwatched } from '../../pipe/lazy-promise.js'
import type { Next } from '../../pipe/next.js'
import { isOfSender } from '../../pipe/step.js'
import type { Handler } from '../types.js'
import { pluginFailure, pluginMistake } from './failure.js'
import { BodyWatch, noteBody, type PromisingUse } from './needs.js'

/** One handler with what it promised. */
export type HandlerUse = PromisingUse

/** Answers a response in place of a failure; only at service scope, where `next` never rejects. */
export type Absorb = (error: GatewayError, request: GatewayRequest) => GatewayResponse

/** A handler sees this while it runs synchronously: the promise that `next` gave it, to be recognised when it is passed on. */
const LISTENING: unique symbol = Symbol('listening')
/** In place of the exchange's pending answer: to write a new object into an old one is dear (bench/chain, pass). */
const PENDING: unique symbol = Symbol('pending')

/**
 * One handler in its place: `next` is what it calls, what {@link Link.around} answers is what stands before it. All that a pass needs lies in
 * this one object: eight handlers are eight of them that no cache holds.
 */
export class Link {
  /** undefined = nobody listens; else what `next` has answered since. */
  private handed: typeof LISTENING | typeof PENDING | Promise<unknown> | undefined = undefined
  /** What stands further in, set when the pipe is put together: always answers a promise. */
  run: Next = notYet
  private handler: Handler = notYet
  readonly next: Next = request => this.call(request)
  /** Whose place it is: the handler that gets `next`, blamed for what it does wrong. */
  private readonly use: HandlerUse
  private readonly watch: BodyWatch
  private absorb: Absorb | undefined = undefined

  constructor(use: HandlerUse) {
    this.use = use
    this.watch = new BodyWatch(use)
  }

  /** Puts the handler in its place; the answer never throws and answers only responses. */
  around(handler: Handler, absorb: Absorb | undefined): Next {
    this.handler = handler
    this.absorb = absorb
    return request => this.enter(request)
  }

  /** The handler calls further in. */
  private call(request: GatewayRequest): Promise<GatewayResponse> {
    if (!isRequest(request)) return this.refused(request, pluginMistake(this.use, 'called next without a request'))
    const { exchange } = request
    if (this.handed === PENDING) this.handed = exchange.pending // of the call before this one
    const broken = this.watch.brokenPromise(request.openedBody, 'request')
    if (broken !== undefined) return this.refused(request, broken)
    const answer = this.run(request)
    if (this.handed === LISTENING) this.handed = answer === exchange.pending ? PENDING : answer
    else this.further(request, answer)
    return answer
  }

  private refused(request: GatewayRequest, mistake: GatewayError): Promise<GatewayResponse> {
    const answer = Promise.reject<GatewayResponse>(mistake)
    if (this.handed === LISTENING) this.handed = answer
    else this.further(request, answer)
    return answer
  }

  /** A call that is not the handler's first, or not made while it ran synchronously. */
  private further(request: GatewayRequest, answer: Promise<GatewayResponse>): void {
    unwatched(answer) // its handler may never look at it
    if (typeof this.handed === 'object') this.handed = together(this.handed, answer)
    else if (isRequest(request)) UnansweredWork.called(request.exchange, this, request, answer)
  }

  private enter(request: GatewayRequest): Promise<GatewayResponse> {
    const { handler } = this
    this.handed = LISTENING
    let answer: unknown
    try {
      answer = handler(request)
    } catch (thrown) {
      const inside = this.heard(request)
      if (inside !== undefined) unwatched(inside)
      return this.failed(thrown, request)
    }
    const inside = this.heard(request)
    if (inside !== undefined) {
      if (inside === answer) return inside as Promise<GatewayResponse>
      unwatched(inside)
    }
    try {
      return this.settle(answer, request, inside)
    } catch (thrown) {
      return this.failed(thrown, request) // `then` of a foreign value, or what accept refuses
    }
  }

  /** Stops listening; answers the promise that `next` gave for a request of this exchange. */
  private heard({ exchange }: GatewayRequest): Promise<unknown> | undefined {
    const { handed } = this
    this.handed = undefined
    if (handed === PENDING) return exchange.pending
    return handed === LISTENING ? undefined : handed
  }

  /** @param inside what `next` gave while the handler ran */
  private settle(answer: unknown, request: GatewayRequest, inside: Promise<unknown> | undefined): Promise<GatewayResponse> {
    if (!isThenable(answer)) return Promise.resolve(this.accept(answer, request))
    const { exchange } = request
    const waiting = new UnansweredWork(this.watch, this, request, inside, undefined).begin(exchange)
    return Promise.resolve(answer).then(
      value => {
        waiting.end(exchange)
        return this.accept(value, request)
      },
      error => {
        waiting.end(exchange)
        return this.refuse(pluginFailure(this.use, error), request)
      }
    )
  }

  private accept(answer: unknown, request: GatewayRequest): GatewayResponse {
    const { use, watch } = this
    if (!isGatewayResponse(answer)) {
      return this.refuse(pluginMistake(use, `answered ${describe(answer)}; a handler answers a GatewayResponse`), request)
    }
    const broken = watch.brokenPromise(answer.openedBody, 'response')
    if (broken !== undefined) {
      answer.discard()
      return this.refuse(broken, request)
    }
    if (answer.usedBy === undefined) {
      answer.usedBy = request.exchange
      // a stream that an outer plugin drops is nobody else's to close
      if (answer.unopened instanceof ReadableSource) {
        answer.unopened.owner ??= watch
        request.exchange.atEnd(() => answer.discard())
      }
    } else if (answer.usedBy !== request.exchange) {
      return this.refuse(
        pluginMistake(use, 'answered a response that has already answered another request; make one per request'),
        request
      )
    }
    return answer
  }

  /** Throws, or answers in the failure's place. */
  private refuse(error: GatewayError, request: GatewayRequest): GatewayResponse {
    if (this.absorb === undefined) throw error
    return this.absorb(error, request)
  }

  /** What was thrown where nothing may be thrown. */
  private failed(thrown: unknown, request: GatewayRequest): Promise<GatewayResponse> {
    try {
      return Promise.resolve(this.refuse(pluginFailure(this.use, thrown), request))
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

/** A factory may keep `next` for later; nothing is there to be called while the gateway is being built. */
const notYet: Next = () =>
  Promise.reject(new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'next was called before the gateway was built' }))

/** The outermost end of a chain: notes what was asked of the body before it came here, so that nobody inside is blamed. */
export function entrance(run: Next): Next {
  return request => {
    noteBody(request.openedBody)
    return run(request)
  }
}

/** Makes a Next that answers a rejected promise where it would throw. */
export function neverThrows(next: Next): Next {
  if (isOfSender(next)) return next
  return request => {
    try {
      return next(request)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

function isRequest(value: unknown): value is GatewayRequest {
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
