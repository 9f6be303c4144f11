/**
 * A pipe without promises: each step hands its answer on while it still runs, so that an answer's head and its first bytes are
 * written in the turn they came in. Plugins see promises; a step that has to wait makes one of its own.
 */

import type { GatewayRequest } from '../message/request.js'
import type { GatewayResponse } from '../message/response.js'
import { LazyPromise, type NextPlace, settle, whenSettled } from './lazy-promise.js'
import type { Next } from './next.js'
import type { ResponseReceiver } from './receiver.js'

/** Sends a request on. `receiver` hears once, perhaps before the call returns. Never throws. */
export type Sender = (request: GatewayRequest, receiver: ResponseReceiver) => void

/** Wraps a sender by another one, at boot. */
export type SenderWrap = (send: Sender) => Sender

/** What a step makes of a response; whatever it throws or rejects with is the exchange's failure. */
export type Work = (response: GatewayResponse, request: GatewayRequest) => GatewayResponse | Promise<GatewayResponse>

/**
 * Makes the form with promises of a sender. Never throws. To those who pass on what it answers it answers a {@link LazyPromise}; from the first
 * on that listened to one, promises of the system, which are cheaper to listen to.
 */
export function promised(send: Sender): Next {
  const step = steps.get(send)
  const place: NextPlace = { listened: false, work: step?.work }
  const bare = step?.send ?? send
  const next: Next = request => {
    if (place.listened) return new Promise((receive, reject) => send(request, { receive, reject }))
    const pending = new LazyPromise(place, request)
    request.exchange.pending = pending
    bare(request, pending)
    return pending
  }
  ofSenders.add(next)
  return next
}

const ofSenders = new WeakSet<Next>()

/** Says of a function whether {@link promised} made it: it never throws then. */
export function isOfSender(next: Next): boolean {
  return ofSenders.has(next)
}

/** Makes a sender of a function that answers a promise, or throws. */
export function awaited(next: Next): Sender {
  return (request, receiver) => {
    try {
      whenSettled(next(request), receiver)
    } catch (error) {
      receiver.reject(error)
    }
  }
}

/** Puts a stage that takes and answers promises between senders. */
export function betweenSenders(wrap: (next: Next) => Next): SenderWrap {
  return send => awaited(wrap(promised(send)))
}

/** Makes a sender whose responses go through `work`. */
export function through(send: Sender, work: Work): Sender {
  const joined: Sender = (request, receiver) => send(request, new StepReceiver(work, request, receiver))
  steps.set(joined, { send, work })
  return joined
}

/** The two parts of a sender that {@link through} made. */
export interface Step {
  readonly send: Sender
  readonly work: Work
}

const steps = new WeakMap<Sender, Step>()

/** Takes apart what {@link through} made, at boot, for those who can do `work` themselves; undefined for other senders. */
export function outermostStep(send: Sender): Step | undefined {
  return steps.get(send)
}

/** Does one work after the other. */
export function inTurn(first: Work, second: Work): Work {
  return (response, request) => {
    const made = first(response, request)
    // see StepReceiver.receive
    if (made !== response && made instanceof Promise) return made.then(done => second(done, request))
    return second(made as GatewayResponse, request)
  }
}

/** One response on its way through a step. */
export class StepReceiver implements ResponseReceiver {
  private readonly work: Work
  private readonly request: GatewayRequest
  private readonly receiver: ResponseReceiver

  constructor(work: Work, request: GatewayRequest, receiver: ResponseReceiver) {
    this.work = work
    this.request = request
    this.receiver = receiver
  }

  receive(response: GatewayResponse): void {
    let made: GatewayResponse | Promise<GatewayResponse>
    try {
      made = this.work(response, this.request)
    } catch (error) {
      return this.receiver.reject(error)
    }
    // mostly the same one, and looking through prototypes is dear where they are not in the cache (bench/chain, pass)
    if (made === response) this.receiver.receive(response)
    else settle(made, this.receiver)
  }

  reject(error: unknown): void {
    this.receiver.reject(error)
  }
}
