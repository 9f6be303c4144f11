import type { RequestMessage } from '../../message/request.js'
import type { ResponseReceiver } from '../../pipe/receiver.js'
import type { Step } from '../../pipe/step.js'

/**
 * A step that asks a component's stage about each request, and goes on with what that returned. Only a promise is waited for. A throw
 * or a rejection is the failure of the call.
 */
export abstract class AskingStep<T> implements Step {
  protected readonly inner: Step
  private readonly ask: (request: RequestMessage) => T | Promise<T>

  constructor(ask: (request: RequestMessage) => T | Promise<T>, inner: Step) {
    this.ask = ask
    this.inner = inner
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    let made: T | Promise<T>
    try {
      made = this.ask(request)
    } catch (error) {
      receiver.reject(error)
      return
    }
    if (made instanceof Promise) {
      made.then(
        later => this.goOn(later, request, receiver),
        error => receiver.reject(error)
      )
    } else this.goOn(made, request, receiver)
  }

  /** Sends the request on, or gives the receiver a response in its place. */
  protected abstract goOn(made: T, request: RequestMessage, receiver: ResponseReceiver): void
}
