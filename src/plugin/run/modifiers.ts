/**
 * Modifier chains: request modifiers in listed order, then what stands further in, then response modifiers in listed order.
 * A request modifier that answers a response skips all that comes after it at this level.
 */

import { UnansweredWork } from '../../message/blame.js'
import { SETTLED } from '../../message/body.js'
import type { GatewayRequest } from '../../message/request.js'
import { type GatewayResponse, isGatewayResponse } from '../../message/response.js'
import type { ResponseReceiver } from '../../pipe/receiver.js'
import { type Sender, type SenderWrap, through, type Work } from '../../pipe/step.js'
import type { Modifier } from '../types.js'
import { describe } from './chain.js'
import { pluginFailure, pluginMistake } from './failure.js'
import { BodyWatch, noteBody, type PromisingUse } from './needs.js'

/** One modifier in one place, with the directions it is used for. */
export interface ModifierUse extends PromisingUse {
  readonly modifier: Modifier
  readonly onRequest: boolean
  readonly onResponse: boolean
}

/** The same with what looks at the bodies it has had. */
interface WatchedUse extends ModifierUse {
  readonly watch: BodyWatch
}

/** Joins modifiers to one stage; undefined for an empty list. */
export function compileModifiers(uses: readonly ModifierUse[]): SenderWrap | undefined {
  const watched = uses.map<WatchedUse>(use => ({ ...use, watch: new BodyWatch(use) }))
  const before = watched.filter(use => use.onRequest)
  const after = watched.filter(use => use.onResponse)
  if (before.length === 0 && after.length === 0) return undefined
  const modify = compileResponse(after)
  return send => {
    const onward = after.length === 0 ? send : through(send, modify)
    return before.length === 0 ? onward : compileRequest(before, onward)
  }
}

function compileRequest(uses: readonly WatchedUse[], onward: Sender): Sender {
  const modifiers = uses.map(use => use.modifier)

  /** Goes on synchronously as long as modifiers answer nothing. */
  function from(index: number, request: GatewayRequest, receiver: ResponseReceiver): void {
    for (let i = index; i < modifiers.length; i++) {
      let answer: unknown
      try {
        answer = modifiers[i]!.request!(request)
        if (answer === undefined && request.openedBody === undefined) continue
        if (isPromise(answer)) return wait(uses[i]!, i, answer, request, receiver)
      } catch (thrown) {
        return receiver.reject(pluginFailure(uses[i]!, thrown))
      }
      if (!goesOn(uses[i]!, answer === SETTLED ? undefined : answer, request, receiver)) return
    }
    onward(request, receiver)
  }

  function wait(
    use: WatchedUse,
    index: number,
    answer: Promise<unknown>,
    request: GatewayRequest,
    receiver: ResponseReceiver
  ): void {
    const { exchange } = request
    const waiting = new UnansweredWork(use.watch, undefined, request, undefined, undefined).begin(exchange)
    Promise.resolve(answer).then(
      value => {
        waiting.end(exchange)
        if (goesOn(use, value, request, receiver)) from(index + 1, request, receiver)
      },
      thrown => {
        waiting.end(exchange)
        receiver.reject(pluginFailure(use, thrown))
      }
    )
  }

  /** Says whether it is the next one's turn; if not, `receiver` has heard. */
  function goesOn(use: WatchedUse, value: unknown, request: GatewayRequest, receiver: ResponseReceiver): boolean {
    const broken = use.watch.brokenPromise(request.openedBody, 'request')
    if (broken !== undefined) receiver.reject(broken)
    else if (value === undefined || value === null) return true
    else {
      let mistake: Error | undefined
      try {
        mistake = mistakeIn(use, value, request)
      } catch (thrown) {
        mistake = pluginFailure(use, thrown) // a frozen object, and what else cannot be marked
      }
      if (mistake !== undefined) receiver.reject(mistake)
      else receiver.receive(value as GatewayResponse)
    }
    return false
  }

  return (request, receiver) => {
    noteBody(request.openedBody)
    from(0, request, receiver)
  }
}

function compileResponse(uses: readonly WatchedUse[]): Work {
  // a modifier that does nothing with the body costs its call and no look at what is kept about it (bench/chain, pass)
  const modifiers = uses.map(use => use.modifier)

  function from(index: number, response: GatewayResponse, request: GatewayRequest): GatewayResponse | Promise<GatewayResponse> {
    let current = response
    for (let i = index; i < modifiers.length; i++) {
      let answer: unknown
      try {
        answer = modifiers[i]!.response!(current, request)
        if (answer === undefined && current.openedBody === undefined) continue
        if (isPromise(answer)) return wait(uses[i]!, i, answer, current, request)
      } catch (thrown) {
        throw dropping(current, pluginFailure(uses[i]!, thrown))
      }
      current = replacement(uses[i]!, current, answer === SETTLED ? undefined : answer, request)
    }
    return current
  }

  function wait(
    use: WatchedUse,
    index: number,
    answer: Promise<unknown>,
    before: GatewayResponse,
    request: GatewayRequest
  ): Promise<GatewayResponse> {
    const { exchange } = request
    const waiting = new UnansweredWork(use.watch, undefined, request, undefined, before).begin(exchange)
    return Promise.resolve(answer).then(
      value => {
        waiting.end(exchange)
        return from(index + 1, replacement(use, before, value, request), request)
      },
      thrown => {
        waiting.end(exchange)
        throw dropping(before, pluginFailure(use, thrown))
      }
    )
  }

  return (response, request) => {
    noteBody(response.openedBody)
    return from(0, response, request)
  }
}

/** The response to go on with. The old one may be part of the new one's body, so it is let go at the end of the exchange only. */
function replacement(use: WatchedUse, before: GatewayResponse, value: unknown, request: GatewayRequest): GatewayResponse {
  const broken = use.watch.brokenPromise(before.openedBody, 'response')
  if (broken !== undefined) throw dropping(before, broken)
  if (value === undefined || value === null || value === before) return before
  const mistake = mistakeIn(use, value, request)
  if (mistake !== undefined) throw dropping(before, mistake)
  const made = value as GatewayResponse
  made.complete ??= before.complete
  made.failure ??= before.failure
  return made
}

function mistakeIn(use: WatchedUse, value: unknown, request: GatewayRequest): Error | undefined {
  if (!isGatewayResponse(value))
    return pluginMistake(use, `answered ${describe(value)}; a modifier answers nothing or a GatewayResponse`)
  use.watch.claim(value)
  if (value.usedBy === undefined) value.usedBy = request.exchange
  else if (value.usedBy !== request.exchange) {
    return pluginMistake(use, 'answered a response that has already answered another request; make one per request')
  }
  return undefined
}

function dropping<E>(response: GatewayResponse, error: E): E {
  response.discard()
  return error
}

/** Something to wait for. */
function isPromise(value: unknown): value is Promise<unknown> {
  return (
    value !== SETTLED && typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
