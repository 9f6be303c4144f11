/**
 * A pipe is made of steps that stand around each other. A step sends a request further in and gets its response by a call, not
 * by a promise: what an upstream sent is written to the client in the turn it was read in, unless a step waits.
 */

import type { RequestMessage } from '../message/request.js'
import type { ResponseMessage } from '../message/response.js'
import { handOn } from './lazy-promise.js'
import type { ResponseReceiver } from './receiver.js'

/** One step of a pipe, with all that stands further in. Made at boot, used by every request. */
export interface Step {
  /** Sends `request` on. Calls `receiver` once, perhaps before it returns. Never throws. */
  send(request: RequestMessage, receiver: ResponseReceiver): void
}

/** Puts a step around another one, at boot. */
export type StepWrap = (inner: Step) => Step

/** What a step makes of a response. What it throws or rejects with becomes the failure of the request. */
export type Work = (response: ResponseMessage, request: RequestMessage) => ResponseMessage | Promise<ResponseMessage>

/** A step whose responses go through `work`. */
export class WorkStep implements Step {
  private readonly inner: Step
  private readonly work: Work

  constructor(inner: Step, work: Work) {
    this.inner = inner
    this.work = work
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    this.inner.send(request, new StepReceiver(this.work, request, receiver))
  }
}

/** Receives for a {@link WorkStep}: runs its work on the response and hands the outcome on. */
export class StepReceiver implements ResponseReceiver {
  private readonly work: Work
  private readonly request: RequestMessage
  private readonly receiver: ResponseReceiver

  constructor(work: Work, request: RequestMessage, receiver: ResponseReceiver) {
    this.work = work
    this.request = request
    this.receiver = receiver
  }

  receive(response: ResponseMessage): void {
    let made: ResponseMessage | Promise<ResponseMessage>
    try {
      made = this.work(response, this.request)
    } catch (error) {
      response.discard()
      this.receiver.reject(error)
      return
    }
    // mostly the same response: the comparison spares a look through prototypes that no cache holds (bench/chain, pass)
    if (made === response) this.receiver.receive(response)
    else handOn(made, this.receiver)
  }

  reject(error: unknown): void {
    this.receiver.reject(error)
  }
}

/** A step that fails every request. */
export class FailingStep implements Step {
  private readonly failure: () => Error

  constructor(failure: () => Error) {
    this.failure = failure
  }

  send(_request: RequestMessage, receiver: ResponseReceiver): void {
    receiver.reject(this.failure())
  }
}
