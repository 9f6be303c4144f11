/**
 * Modifier chains: request modifiers in listed order, then what stands further in, then response modifiers in listed order.
 * A request modifier that answers a response skips all that comes after it at this level.
 */

import { SETTLED } from '../message/body.js'
import { Waiting } from '../message/foreign.js'
import type { GatewayRequest } from '../message/request.js'
import { type GatewayResponse, isGatewayResponse } from '../message/response.js'
import { describe } from './chain.js'
import { pluginFailure, pluginMistake } from './failure.js'
import { BodyWatch, noteBody, type PromisingUse } from './needs.js'
import type { Modifier, Next, Wrap } from './types.js'

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
export function compileModifiers(uses: readonly ModifierUse[]): Wrap | undefined {
  const watched = uses.map<WatchedUse>(use => ({ ...use, watch: new BodyWatch(use) }))
  const before = watched.filter(use => use.onRequest)
  const after = watched.filter(use => use.onResponse)
  if (before.length === 0 && after.length === 0) return undefined
  const modifyResponse = compileResponse(after)
  return next => {
    const onward: Next = after.length === 0 ? next : request => next(request).then(response => modifyResponse(response, request))
    return before.length === 0 ? onward : compileRequest(before, onward)
  }
}

function compileRequest(uses: readonly WatchedUse[], onward: Next): Next {
  /** Goes on synchronously as long as modifiers answer nothing. */
  function from(index: number, request: GatewayRequest): Promise<GatewayResponse> {
    for (let i = index; i < uses.length; i++) {
      const use = uses[i]!
      let answer: unknown
      try {
        answer = use.modifier.request!(request)
      } catch (thrown) {
        return Promise.reject(pluginFailure(use, thrown))
      }
      if (isPromise(answer)) {
        const { exchange } = request
        const waiting = new Waiting(use.watch, undefined, request, undefined, undefined).begin(exchange)
        return answer.then(
          value => {
            waiting.end(exchange)
            return answered(use, i, value, request)
          },
          thrown => {
            waiting.end(exchange)
            throw pluginFailure(use, thrown)
          }
        )
      }
      const settled = settle(use, answer === SETTLED ? undefined : answer, request)
      if (settled !== undefined) return settled
    }
    return onward(request)
  }

  function answered(use: WatchedUse, index: number, value: unknown, request: GatewayRequest): Promise<GatewayResponse> {
    return settle(use, value, request) ?? from(index + 1, request)
  }

  /** undefined = the next one's turn. */
  function settle(use: WatchedUse, value: unknown, request: GatewayRequest): Promise<GatewayResponse> | undefined {
    const broken = use.watch.brokenPromise(request.openedBody, 'request')
    if (broken !== undefined) return Promise.reject(broken)
    if (value === undefined || value === null) return undefined
    const mistake = mistakeIn(use, value, request)
    return mistake === undefined ? Promise.resolve(value as GatewayResponse) : Promise.reject(mistake)
  }

  return request => {
    noteBody(request.openedBody)
    return from(0, request)
  }
}

function compileResponse(
  uses: readonly WatchedUse[]
): (response: GatewayResponse, request: GatewayRequest) => GatewayResponse | Promise<GatewayResponse> {
  function from(index: number, response: GatewayResponse, request: GatewayRequest): GatewayResponse | Promise<GatewayResponse> {
    let current = response
    for (let i = index; i < uses.length; i++) {
      const use = uses[i]!
      let answer: unknown
      try {
        answer = use.modifier.response!(current, request)
      } catch (thrown) {
        throw dropping(current, pluginFailure(use, thrown))
      }
      if (isPromise(answer)) {
        const before = current
        const { exchange } = request
        const waiting = new Waiting(use.watch, undefined, request, undefined, before).begin(exchange)
        return answer.then(
          value => {
            waiting.end(exchange)
            return from(i + 1, replacement(use, before, value, request), request)
          },
          thrown => {
            waiting.end(exchange)
            throw dropping(before, pluginFailure(use, thrown))
          }
        )
      }
      current = replacement(use, current, answer === SETTLED ? undefined : answer, request)
    }
    return current
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
