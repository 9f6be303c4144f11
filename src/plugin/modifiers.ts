/**
 * Modifier chains: request modifiers in listed order, then what stands further in, then response modifiers in listed order.
 * A request modifier that answers a response skips all that comes after it at this level.
 */

import { type Body, SETTLED } from '../message/body.js'
import type { GatewayRequest } from '../message/request.js'
import { type GatewayResponse, isGatewayResponse } from '../message/response.js'
import { describe } from './chain.js'
import { type PluginUse, pluginFailure, pluginMistake } from './failure.js'
import { brokenPromise, viewOf } from './needs.js'
import type { Modifier, Needs, Next, Wrap } from './types.js'

/** One modifier in one place, with the directions it is used for. */
export interface ModifierUse extends PluginUse {
  readonly modifier: Modifier
  readonly onRequest: boolean
  readonly onResponse: boolean
  readonly needs: Needs | undefined
}

/** Joins modifiers to one stage; undefined for an empty list. */
export function compileModifiers(uses: readonly ModifierUse[]): Wrap | undefined {
  const before = uses.filter(use => use.onRequest)
  const after = uses.filter(use => use.onResponse)
  if (before.length === 0 && after.length === 0) return undefined
  const modifyResponse = compileResponse(after)
  return next => {
    const onward: Next = after.length === 0 ? next : request => next(request).then(response => modifyResponse(response, request))
    return before.length === 0 ? onward : compileRequest(before, onward)
  }
}

function compileRequest(uses: readonly ModifierUse[], onward: Next): Next {
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
        return answer.then(
          value => answered(use, i, value, request),
          thrown => Promise.reject(pluginFailure(use, thrown))
        )
      }
      const settled = settle(use, answer === SETTLED ? undefined : answer, request)
      if (settled !== undefined) return settled
    }
    return onward(request)
  }

  function answered(use: ModifierUse, index: number, value: unknown, request: GatewayRequest): Promise<GatewayResponse> {
    return settle(use, value, request) ?? from(index + 1, request)
  }

  /** undefined = the next one's turn. */
  function settle(use: ModifierUse, value: unknown, request: GatewayRequest): Promise<GatewayResponse> | undefined {
    const broken = brokenPromise(use, viewOf(use.needs), request.openedBody, 'request')
    if (broken !== undefined) return Promise.reject(broken)
    if (value === undefined || value === null) return undefined
    const mistake = mistakeIn(use, value, request)
    return mistake === undefined ? Promise.resolve(value as GatewayResponse) : Promise.reject(mistake)
  }

  return request => {
    noteViews(request.openedBody)
    return from(0, request)
  }
}

/** What was asked of a body before it came here is nobody's fault in here. */
function noteViews(body: Body | undefined): void {
  if (body !== undefined) body.viewSeen = body.view
}

function compileResponse(
  uses: readonly ModifierUse[]
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
        return answer.then(
          value => from(i + 1, replacement(use, before, value, request), request),
          thrown => {
            throw dropping(before, pluginFailure(use, thrown))
          }
        )
      }
      current = replacement(use, current, answer === SETTLED ? undefined : answer, request)
    }
    return current
  }
  return (response, request) => {
    noteViews(response.openedBody)
    return from(0, response, request)
  }
}

/** The response to go on with. The old one may be part of the new one's body, so it is let go at the end of the exchange only. */
function replacement(use: ModifierUse, before: GatewayResponse, value: unknown, request: GatewayRequest): GatewayResponse {
  const broken = brokenPromise(use, viewOf(use.needs), before.openedBody, 'response')
  if (broken !== undefined) throw dropping(before, broken)
  if (value === undefined || value === null || value === before) return before
  const mistake = mistakeIn(use, value, request)
  if (mistake !== undefined) throw dropping(before, mistake)
  const made = value as GatewayResponse
  made.complete ??= before.complete
  made.failure ??= before.failure
  return made
}

function mistakeIn(use: ModifierUse, value: unknown, request: GatewayRequest): Error | undefined {
  if (!isGatewayResponse(value))
    return pluginMistake(use, `answered ${describe(value)}; a modifier answers nothing or a GatewayResponse`)
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
