/**
 * Modifiers of one place: request modifiers in listed order, then the step further in, then response modifiers in listed order.
 * A request modifier that returns a response skips the later request modifiers, the inner step and the response modifiers.
 */

import { UnansweredWork } from '../../message/blame.js'
import { SETTLED } from '../../message/json/json-body.js'
import type { RequestMessage } from '../../message/request.js'
import { isResponse, type ResponseMessage } from '../../message/response.js'
import type { ResponseReceiver } from '../../pipe/receiver.js'
import { type Step, type StepWrap, WorkStep } from '../../pipe/step.js'
import type { Modifier } from '../types.js'
import { describe } from './chain.js'
import { BodyWatch, noteBody, type PromisingUse } from './needs.js'
import { pluginFailure, pluginMistake } from './plugin-failure.js'

/** One modifier in one place, with the directions it is used for. */
export interface ModifierUse extends PromisingUse {
  readonly modifier: Modifier
  readonly onRequest: boolean
  readonly onResponse: boolean
}

/** Joins modifiers to one stage; undefined when none is used. */
export function compileModifiers(uses: readonly ModifierUse[]): StepWrap | undefined {
  const places = uses.map(use => new ModifierPlace(use))
  const before = places.filter(place => place.use.onRequest)
  const after = places.filter(place => place.use.onResponse)
  if (before.length === 0 && after.length === 0) return undefined
  const modify = new ResponseModifiers(after)
  return inner => {
    const modified = after.length === 0 ? inner : new WorkStep(inner, (response, request) => modify.run(response, request))
    return before.length === 0 ? modified : new RequestModifiers(before, modified)
  }
}

/** One modifier and the checks of what it does. */
class ModifierPlace {
  readonly use: ModifierUse
  readonly watch: BodyWatch

  constructor(use: ModifierUse) {
    this.use = use
    this.watch = new BodyWatch(use)
  }

  failure(thrown: unknown): Error {
    return pluginFailure(this.use, thrown)
  }

  /** Returns what is wrong with the value that the modifier returned. */
  mistakeIn(value: unknown, request: RequestMessage): Error | undefined {
    if (!isResponse(value)) {
      return pluginMistake(this.use, `returned ${describe(value)}; a modifier returns nothing or a GatewayResponse`)
    }
    this.watch.claim(value)
    if (value.usedBy === undefined) value.usedBy = request.exchange
    else if (value.usedBy !== request.exchange) {
      return pluginMistake(this.use, 'returned a response of another request; keep the data and make a response per request')
    }
    return undefined
  }
}

/** The step of request modifiers. */
class RequestModifiers implements Step {
  private readonly places: readonly ModifierPlace[]
  /** The modifiers of `places`: one that leaves the body alone costs its call and no look at its place (bench/chain, pass). */
  private readonly modifiers: readonly Modifier[]
  private readonly inner: Step

  constructor(places: readonly ModifierPlace[], inner: Step) {
    this.places = places
    this.modifiers = places.map(place => place.use.modifier)
    this.inner = inner
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    noteBody(request.openedBody)
    this.runFrom(0, request, receiver)
  }

  /** Goes on synchronously as long as modifiers return nothing. */
  private runFrom(index: number, request: RequestMessage, receiver: ResponseReceiver): void {
    const { modifiers, places } = this
    for (let i = index; i < modifiers.length; i++) {
      let answer: unknown
      try {
        answer = modifiers[i]!.request!(request)
        if (answer === undefined && request.openedBody === undefined) continue
        if (isPromise(answer)) return this.wait(i, answer, request, receiver)
      } catch (thrown) {
        return receiver.reject(places[i]!.failure(thrown))
      }
      if (!this.goesOn(places[i]!, answer === SETTLED ? undefined : answer, request, receiver)) return
    }
    this.inner.send(request, receiver)
  }

  private wait(index: number, answer: Promise<unknown>, request: RequestMessage, receiver: ResponseReceiver): void {
    const place = this.places[index]!
    void new UnansweredWork(place.watch, undefined, request, undefined, undefined).until(
      answer,
      request.exchange,
      value => {
        if (this.goesOn(place, value, request, receiver)) this.runFrom(index + 1, request, receiver)
      },
      thrown => receiver.reject(place.failure(thrown))
    )
  }

  /** Returns whether the next modifier runs; false when `receiver` has been called. */
  private goesOn(place: ModifierPlace, value: unknown, request: RequestMessage, receiver: ResponseReceiver): boolean {
    const broken = place.watch.brokenPromise(request.openedBody, 'request')
    if (broken === undefined && (value === undefined || value === null)) return true
    let mistake: Error | undefined
    try {
      mistake = broken ?? place.mistakeIn(value, request)
    } catch (thrown) {
      mistake = place.failure(thrown) // a frozen object, and what else cannot be marked
    }
    if (mistake === undefined) receiver.receive(value as ResponseMessage)
    else receiver.reject(mistake)
    return false
  }
}

/** The work of response modifiers. */
class ResponseModifiers {
  private readonly places: readonly ModifierPlace[]
  /** As in {@link RequestModifiers}. */
  private readonly modifiers: readonly Modifier[]

  constructor(places: readonly ModifierPlace[]) {
    this.places = places
    this.modifiers = places.map(place => place.use.modifier)
  }

  run(response: ResponseMessage, request: RequestMessage): ResponseMessage | Promise<ResponseMessage> {
    noteBody(response.openedBody)
    // a modifier that keeps it cannot return it to another request
    response.usedBy ??= request.exchange
    return this.runFrom(0, response, request)
  }

  private runFrom(index: number, response: ResponseMessage, request: RequestMessage): ResponseMessage | Promise<ResponseMessage> {
    const { modifiers, places } = this
    let current = response
    for (let i = index; i < modifiers.length; i++) {
      let answer: unknown
      try {
        answer = modifiers[i]!.response!(current, request)
        if (answer === undefined && current.openedBody === undefined) continue
        if (isPromise(answer)) return this.wait(i, answer, current, request)
      } catch (thrown) {
        throw dropping(current, places[i]!.failure(thrown))
      }
      current = replacement(places[i]!, current, answer === SETTLED ? undefined : answer, request)
    }
    return current
  }

  private wait(
    index: number,
    answer: Promise<unknown>,
    before: ResponseMessage,
    request: RequestMessage
  ): Promise<ResponseMessage> {
    const place = this.places[index]!
    return new UnansweredWork(place.watch, undefined, request, undefined, before).until(
      answer,
      request.exchange,
      value => this.runFrom(index + 1, replacement(place, before, value, request), request),
      thrown => {
        throw dropping(before, place.failure(thrown))
      }
    )
  }
}

/** The response to go on with. The old one may be part of the new one's body, so only the end of the exchange lets it go. */
function replacement(place: ModifierPlace, before: ResponseMessage, value: unknown, request: RequestMessage): ResponseMessage {
  const broken = place.watch.brokenPromise(before.openedBody, 'response')
  if (broken !== undefined) throw dropping(before, broken)
  if (value === undefined || value === null || value === before) return before
  const mistake = place.mistakeIn(value, request)
  if (mistake !== undefined) throw dropping(before, mistake)
  const made = value as ResponseMessage
  made.complete ??= before.complete
  made.failure ??= before.failure
  return made
}

function dropping<E>(response: ResponseMessage, error: E): E {
  response.discard()
  return error
}

/** Something to wait for. */
function isPromise(value: unknown): value is Promise<unknown> {
  return (
    value !== SETTLED && typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
