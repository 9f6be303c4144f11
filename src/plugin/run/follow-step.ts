import { internals } from '../../message/internals.js'
import type { RequestMessage } from '../../message/request.js'
import { isResponse, type ResponseMessage } from '../../message/response.js'
import { handOn } from '../../pipe/lazy-promise.js'
import type { ResponseReceiver } from '../../pipe/receiver.js'
import type { StepWrap } from '../../pipe/step.js'
import type { Followed, Follower, SlottedFollow } from '../component.js'
import { AskingStep } from './asking-step.js'

/** Puts a stage that follows calls around a step. */
export function aroundByFollow(stage: SlottedFollow): StepWrap {
  return inner => new FollowStep(stage.follow.bind(stage), inner)
}

class FollowStep extends AskingStep<Followed> {
  protected override goOn(made: Followed, request: RequestMessage, receiver: ResponseReceiver): void {
    if (made === undefined) this.inner.send(request, receiver)
    else if (isResponse(made)) receiver.receive(made)
    else this.inner.send(request, new FollowReceiver(made as Follower, request, receiver))
  }
}

/** Tells a follower how its call ended, and hands the outcome on. */
class FollowReceiver implements ResponseReceiver {
  private readonly follower: Follower
  private readonly request: RequestMessage
  private readonly receiver: ResponseReceiver

  constructor(follower: Follower, request: RequestMessage, receiver: ResponseReceiver) {
    this.follower = follower
    this.request = request
    this.receiver = receiver
  }

  receive(response: ResponseMessage): void {
    const { follower, receiver } = this
    let made: ReturnType<NonNullable<Follower['response']>> = response
    try {
      if (follower.response !== undefined) made = follower.response(response, this.request)
    } catch (error) {
      response.discard()
      receiver.reject(error)
      return
    }
    if (made === response) receiver.receive(response)
    else handOn(internals(made), receiver)
  }

  reject(error: unknown): void {
    let failure = error
    try {
      this.follower.failure?.(error)
    } catch (thrown) {
      failure = thrown
    }
    this.receiver.reject(failure)
  }
}
