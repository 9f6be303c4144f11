/**
 * Handler chains: each handler wraps what stands before it, the last one sees the request first.
 *
 * In: the handlers' factories with their extra, and the gateway's own next. Out: one Next. A handler that passes on what
 * `next` gave it costs a comparison: no promise, no closure (bench: chain). Only where it answers something else are its
 * answer checked and its failures contained.
 */

import { GatewayError } from '../errors.js'
import { ReadableSource } from '../message/byte-flow.js'
import type { GatewayRequest } from '../message/request.js'
import { type GatewayResponse, isGatewayResponse } from '../message/response.js'
import { type PluginUse, pluginFailure, pluginMistake } from './failure.js'
import { brokenPromise, viewOf } from './needs.js'
import type { Handler, Needs, Next } from './types.js'

/** One handler with what it promised. */
export interface HandlerUse extends PluginUse {
  readonly needs: Needs | undefined
}

/** Answers a response in place of a failure; only at service scope, where `next` never rejects. */
export type Absorb = (error: GatewayError, request: GatewayRequest) => GatewayResponse

/** A handler sees this while it runs synchronously: the promise that `next` gave it, to be recognised when it is passed on. */
const LISTENING: unique symbol = Symbol('listening')

/** One place between two handlers: `next` is what the outer one calls. */
export class Link {
  /** undefined = nobody listens; else what `next` has answered since. */
  handed: typeof LISTENING | Promise<GatewayResponse> | undefined = undefined
  readonly next: Next
  /** What stands further in, set when the pipe is put together: always answers a promise. */
  run: Next = notYet

  /** @param caller the handler that gets `next`, blamed for what it does wrong with it */
  constructor(caller: HandlerUse) {
    const allowed = viewOf(caller.needs)
    this.next = request => {
      const mistake = isRequest(request)
        ? brokenPromise(caller, allowed, request.openedBody, 'request')
        : pluginMistake(caller, 'called next without a request')
      const answer = mistake === undefined ? this.run(request) : Promise.reject<GatewayResponse>(mistake)
      if (this.handed === LISTENING) this.handed = answer
      else answer.catch(ignore) // its handler may never look at it: that must not end the process
      return answer
    }
  }

  /** Starts to listen for what the handler passes on. */
  listen(): void {
    this.handed = LISTENING
  }

  /** Stops listening; true when `answer` is the very promise that `next` gave. */
  passedOn(answer: unknown): boolean {
    const { handed } = this
    this.handed = undefined
    if (handed === undefined || handed === LISTENING) return false
    if (handed === answer) return true
    handed.catch(ignore)
    return false
  }
}

/** Puts one handler in front of its link; the answer never throws and answers only responses. */
export function contain(use: HandlerUse, handler: Handler, link: Link, absorb: Absorb | undefined): Next {
  const allowed = viewOf(use.needs)

  function accept(answer: unknown, request: GatewayRequest): GatewayResponse {
    if (!isGatewayResponse(answer)) {
      return refuse(pluginMistake(use, `answered ${describe(answer)}; a handler answers a GatewayResponse`), request)
    }
    const broken = brokenPromise(use, allowed, answer.openedBody, 'response')
    if (broken !== undefined) {
      answer.discard()
      return refuse(broken, request)
    }
    if (answer.usedBy === undefined) {
      answer.usedBy = request.exchange
      // a stream that an outer plugin drops is nobody else's to close
      if (answer.unopened instanceof ReadableSource) request.exchange.atEnd(() => answer.discard())
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

  function settle(answer: unknown, request: GatewayRequest): Promise<GatewayResponse> {
    if (isThenable(answer)) {
      return Promise.resolve(answer).then(
        value => accept(value, request),
        error => refuse(pluginFailure(use, error), request)
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
      link.passedOn(undefined)
      return failed(thrown, request)
    }
    if (link.passedOn(answer)) return answer as Promise<GatewayResponse>
    try {
      return settle(answer, request)
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
    const body = request.openedBody
    if (body !== undefined) body.viewSeen = body.view
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

const ignore = (): void => {}
