/**
 * The promise that `next` returns to a plugin. A handler that passes it on unheard costs no native promise: its response goes
 * on in the turn it came in. A native promise is made when something listens (`await`, `then`, `Promise.all` …).
 *
 * Invariants; test/pipe/lazy-promise.test.ts tries each with every order of calls:
 *
 *  1. It settles once, by the first call of `receive` or `reject`. Later calls change nothing.
 *  2. Its receiver (`passTo`) is called exactly once, with what it settled to.
 *  3. Without a listener the receiver is called synchronously: by `receive` or `reject`, or by `passTo` when it has settled before.
 *  4. Listeners that came before the receiver are called before it.
 *  5. A listener gets the same outcome whenever it comes: before or after the settlement, before or after `passTo`.
 *  6. To listeners it is a promise: `instanceof`, `await`, `then`, `catch`, `finally`, `Promise.all`, `race`, `allSettled`.
 *  7. A failure that nothing listens to is no unhandled rejection.
 *  8. Its response belongs to its exchange before anything hears of it: a handler of another exchange cannot answer with it.
 */

import type { Exchange } from '../message/context.js'
import type { ResponseMessage } from '../message/response.js'
import type { ResponseReceiver } from './receiver.js'

const OPEN = 0
const RECEIVED = 1
const REJECTED = 2

/** See the top of the file. A promise in all but the native slots. */
export class LazyPromise implements Promise<ResponseMessage>, ResponseReceiver {
  /** Inherited from `Promise.prototype`. */
  declare readonly [Symbol.toStringTag]: string
  /** Whose request `next` was called with. */
  readonly exchange: Exchange | undefined
  private state: typeof OPEN | typeof RECEIVED | typeof REJECTED = OPEN
  /** The response, or the error. */
  private outcome: unknown = undefined
  private receiver: ResponseReceiver | undefined = undefined
  private listeners: Listeners | undefined = undefined

  constructor(exchange?: Exchange) {
    this.exchange = exchange
  }

  receive(response: ResponseMessage): void {
    response.usedBy ??= this.exchange
    this.settle(RECEIVED, response)
  }

  reject(error: unknown): void {
    this.settle(REJECTED, error)
  }

  private settle(state: typeof RECEIVED | typeof REJECTED, outcome: unknown): void {
    if (this.state !== OPEN) return
    this.state = state
    this.outcome = outcome
    if (this.listeners !== undefined) this.tellListeners(this.listeners)
    if (this.receiver !== undefined) this.tellReceiver(this.receiver)
  }

  /** Calls `receiver` with the outcome: in the turn of the settlement, or after the listeners when there are any. */
  passTo(receiver: ResponseReceiver): void {
    if (this.listeners !== undefined || this.receiver !== undefined) {
      listen(this.then(), receiver)
      return
    }
    this.receiver = receiver
    if (this.state !== OPEN) this.tellReceiver(receiver)
  }

  private tellReceiver(receiver: ResponseReceiver): void {
    if (this.state === RECEIVED) receiver.receive(this.outcome as ResponseMessage)
    else receiver.reject(this.outcome)
  }

  // biome-ignore lint/suspicious/noThenProperty: it stands for a promise
  then<A = ResponseMessage, B = never>(
    onFulfilled?: ((response: ResponseMessage) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null
  ): Promise<A | B> {
    if (this.listeners === undefined) {
      this.listeners = new Listeners()
      if (this.state !== OPEN) this.tellListeners(this.listeners)
    }
    return this.listeners.promise.then(onFulfilled, onRejected)
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<ResponseMessage | B> {
    return this.then(undefined, onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<ResponseMessage> {
    return this.then().finally(onFinally)
  }

  private tellListeners(listeners: Listeners): void {
    if (this.state === RECEIVED) listeners.resolve(this.outcome as ResponseMessage)
    else listeners.reject(this.outcome)
  }
}
Object.setPrototypeOf(LazyPromise.prototype, Promise.prototype)

/** The native promise that listeners hang on. */
class Listeners {
  resolve!: (response: ResponseMessage) => void
  reject!: (error: unknown) => void
  readonly promise = new Promise<ResponseMessage>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })
}

/** Calls `receiver` with a response that is there, or with the outcome of a promise. */
export function handOn(made: ResponseMessage | Promise<ResponseMessage>, receiver: ResponseReceiver): void {
  if (made instanceof Promise) receiveFrom(made, receiver)
  else receiver.receive(made)
}

/** Calls `receiver` with the outcome of a promise. */
export function receiveFrom(answer: Promise<ResponseMessage>, receiver: ResponseReceiver): void {
  if (answer instanceof LazyPromise) answer.passTo(receiver)
  else listen(answer, receiver)
}

function listen(answer: Promise<ResponseMessage>, receiver: ResponseReceiver): void {
  answer.then(
    response => receiver.receive(response),
    error => receiver.reject(error)
  )
}

/** For a promise that is perhaps never listened to: its failure must not end the process. */
export function unwatched(answer: Promise<unknown>): void {
  if (!(answer instanceof LazyPromise)) answer.catch(ignore)
}

const ignore = (): void => {}
