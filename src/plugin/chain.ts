/**
 * Handler chains: each handler wraps what stands before it, the last one sees the request first.
 *
 * In: the handlers' factories with their extra, and the gateway's own next. Out: one Next. A handler that passes on what
 * `next` gave it costs a comparison: no promise, no closure (bench: chain). Only where it answers something else are its
 * answer checked and its failures contained.
 */

import { GatewayError } from '../errors.js'
import { ReadableSource } from '../message/byte-flow.js'
import { together, Waiting } from '../message/foreign.js'
import { unwatched } from '../message/pending.js'
import type { GatewayRequest } from '../message/request.js'
import { type GatewayResponse, isGatewayResponse } from '../message/response.js'
import { pluginFailure, pluginMistake } from './failure.js'
import { BodyWatch, noteBody, type PromisingUse } from './needs.js'
import type { Handler, Next } from './types.js'

/** One handler with what it promised. */
export type HandlerUse = PromisingUse

/** Answers a response in place of a failure; only at service scope, where `next` never rejects. */
export type Absorb = (error: GatewayError, request: GatewayRequest) => GatewayResponse

/** A handler sees this while it runs synchronously: the promise that `next` gave it, to be recognised when it is passed on. */
const LISTENING: unique symbol = Symbol('listening')
/** In place of the exchange's pending answer: to write a new object into an old one is dear (bench/chain, pass). */
const PENDING: unique symbol = Symbol('pending')

/** One place between two handlers: `next` is what the outer one calls. */
export class Link {
  /** undefined = nobody listens; else what `next` has answered since. */
  private handed: typeof LISTENING | typeof PENDING | Promise<unknown> | undefined = undefined
  readonly next: Next
  /** What stands further in, set when the pipe is put together: always answers a promise. */
  run: Next = notYet

  /** @param caller the handler that gets `next`, blamed for what it does wrong with it */
  constructor(caller: HandlerUse) {
    const watch = new BodyWatch(caller)
    this.next = request => {
      if (!isRequest(request)) return this.refused(request, pluginMistake(caller, 'called next without a request'))
      const { exchange } = request
      if (this.handed === PENDING) this.handed = exchange.pending // of the call before this one
      const broken = watch.brokenPromise(request.openedBody, 'request')
      if (broken !== undefined) return this.refused(request, broken)
      const answer = this.run(request)
      if (this.handed === LISTENING) this.handed = answer === exchange.pending ? PENDING : answer
      else this.further(request, answer)
      return answer
    }
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
    else if (isRequest(request)) Waiting.called(request.exchange, this, request, answer)
  }

  /** Starts to listen for what the handler passes on. */
  listen(): void {
    this.handed = LISTENING
  }

  /** Stops listening; answers the promise that `next` gave for a request of this exchange. */
  heard({ exchange }: GatewayRequest): Promise<unknown> | undefined {
    const { handed } = this
    this.handed = undefined
    if (handed === PENDING) return exchange.pending
    return handed === LISTENING ? undefined : handed
  }
}

/** Puts one handler in front of its link; the answer never throws and answers only responses. */
export function contain(use: HandlerUse, handler: Handler, link: Link, absorb: Absorb | undefined): Next {
  const watch = new BodyWatch(use)

  function accept(answer: unknown, request: GatewayRequest): GatewayResponse {
    if (!isGatewayResponse(answer)) {
      return refuse(pluginMistake(use, `answered ${describe(answer)}; a handler answers a GatewayResponse`), request)
    }
    const broken = watch.brokenPromise(answer.openedBody, 'response')
    if (broken !== undefined) {
      answer.discard()
      return refuse(broken, request)
    }
    if (answer.usedBy === undefined) {
      answer.usedBy = request.exchange
      // a stream that an outer plugin drops is nobody else's to close
      if (answer.unopened instanceof ReadableSource) {
        answer.unopened.owner ??= watch
        request.exchange.atEnd(() => answer.discard())
      }
    } else if (answer.usedBy !== request.exchange) {
      return refuse(
        pluginMistake(use, 'answered a response that has already answered another request; make one per request'),
        request
      )
    }
    return answer
  }

  /** Throws, or answers in the failure's place. */
  function refuse(error: GatewayError, request: GatewayRequest): GatewayResponse {
    if (absorb === undefined) throw error
    return absorb(error, request)
  }

  /** @param inside what `next` gave while the handler ran */
  function settle(answer: unknown, request: GatewayRequest, inside: Promise<unknown> | undefined): Promise<GatewayResponse> {
    if (isThenable(answer)) {
      const { exchange } = request
      const waiting = new Waiting(watch, link, request, inside, undefined).begin(exchange)
      return Promise.resolve(answer).then(
        value => {
          waiting.end(exchange)
          return accept(value, request)
        },
        error => {
          waiting.end(exchange)
          return refuse(pluginFailure(use, error), request)
        }
      )
    }
    return Promise.resolve(accept(answer, request))
  }

  /** What was thrown where nothing may be thrown. */
  function failed(thrown: unknown, request: GatewayRequest): Promise<GatewayResponse> {
    try {
      return Promise.resolve(refuse(pluginFailure(use, thrown), request))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  return request => {
    link.listen()
    let answer: unknown
    try {
      answer = handler(request)
    } catch (thrown) {
      const inside = link.heard(request)
      if (inside !== undefined) unwatched(inside)
      return failed(thrown, request)
    }
    const inside = link.heard(request)
    if (inside !== undefined) {
      if (inside === answer) return inside as Promise<GatewayResponse>
      unwatched(inside)
    }
    try {
      return settle(answer, request, inside)
    } catch (thrown) {
      return failed(thrown, request) // `then` of a foreign value, or what accept refuses
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
