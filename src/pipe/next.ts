/** Steps as plugins see them: a function from a request to a promise of its response. */

import { internals } from '../message/internals.js'
import type { GatewayRequest, GatewayResponse } from '../message/public.js'
import type { RequestMessage } from '../message/request.js'
import { LazyPromise, receiveFrom } from './lazy-promise.js'
import type { ResponseReceiver } from './receiver.js'
import type { Step, StepWrap } from './step.js'

/** The next handler further in: always returns a promise, never throws; rejects with a GatewayError when there is no response. */
export type Next = (request: GatewayRequest) => Promise<GatewayResponse>

/** Wraps a `next` by another one, at boot. What it returns never throws. */
export type Wrap = (next: Next) => Next

/** Makes a `next` of a step. */
export function nextOf(step: Step): Next {
  return request => {
    const message = internals(request)
    const promise = new LazyPromise(message.exchange)
    step.send(message, promise)
    return promise
  }
}

/** Makes a step of a `next`; one that throws fails the request all the same. */
export class NextStep implements Step {
  private readonly next: Next

  constructor(next: Next) {
    this.next = next
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    try {
      receiveFrom(internals(this.next(request)), receiver)
    } catch (error) {
      receiver.reject(error)
    }
  }
}

/** Puts a stage that knows promises alone between steps. */
export function aroundStep(wrap: Wrap): StepWrap {
  return inner => new NextStep(wrap(nextOf(inner)))
}
