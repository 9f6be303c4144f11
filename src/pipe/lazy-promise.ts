import type { GatewayRequest } from '../message/request.js'
import type { GatewayResponse } from '../message/response.js'
import type { ResponseReceiver } from './receiver.js'
import type { Work } from './step.js'

/** Where pendings are made: one `next` of one stage. */
export interface NextPlace {
  /** Somebody has listened to one of them. */
  listened: boolean
  /** What is done with each response before anybody hears of it. */
  readonly work: Work | undefined
}

const OPEN = 0
const RECEIVED = 1
const REJECTED = 2

/**
 * What `next` answers to a stage that has never listened to it: a promise of the response in all but the system's own slots, so
 * `await`, `then`, `instanceof Promise` and `Promise.all` work. A stage that passes it on as it is leaves nobody to listen: the response
 * then goes on in the turn it came in, without a promise having been made.
 */
export class LazyPromise implements Promise<GatewayResponse>, ResponseReceiver {
  /** That of its prototype. */
  declare readonly [Symbol.toStringTag]: string
  private readonly place: NextPlace
  private readonly request: GatewayRequest
  private state: typeof OPEN | typeof RECEIVED | typeof REJECTED = OPEN
  /** The response, or the error. */
  private outcome: unknown = undefined
  /** Hears after those who listened. */
  private receiver: ResponseReceiver | undefined = undefined
  private listeners: Listeners | undefined = undefined

  constructor(place: NextPlace, request: GatewayRequest) {
    this.place = place
    this.request = request
  }

  /** Called by the sender, once, with what the work of the place is still to be done with. */
  receive(response: GatewayResponse): void {
    const { work } = this.place
    if (work === undefined) return this.settled(RECEIVED, response)
    let made: GatewayResponse | Promise<GatewayResponse>
    try {
      made = work(response, this.request)
    } catch (error) {
      return this.reject(error)
    }
    if (made === response) this.settled(RECEIVED, response)
    else settle(made, { receive: done => this.settled(RECEIVED, done), reject: error => this.reject(error) })
  }

  /** As {@link receive}. */
  reject(error: unknown): void {
    this.settled(REJECTED, error)
  }

  private settled(state: typeof RECEIVED | typeof REJECTED, outcome: unknown): void {
    this.state = state
    this.outcome = outcome
    if (this.listeners !== undefined) this.tell(this.listeners)
    if (this.receiver !== undefined) this.passTo(this.receiver)
  }

  private tell(listeners: Listeners): void {
    if (this.state === RECEIVED) listeners.resolve(this.outcome as GatewayResponse)
    else if (this.state === REJECTED) listeners.reject(this.outcome)
  }

  /** Makes `receiver` hear what becomes of it: at once where nobody listens, else after those who do. Called once at most. */
  passTo(receiver: ResponseReceiver): void {
    if (this.listeners !== undefined) whenSettled(this.listeners.promise, receiver)
    else if (this.state === RECEIVED) receiver.receive(this.outcome as GatewayResponse)
    else if (this.state === REJECTED) receiver.reject(this.outcome)
    else this.receiver = receiver
  }

  // biome-ignore lint/suspicious/noThenProperty: it stands for a promise
  then<A = GatewayResponse, B = never>(
    onFulfilled?: ((response: GatewayResponse) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null
  ): Promise<A | B> {
    if (this.listeners === undefined) {
      this.place.listened = true
      this.listeners = new Listeners()
      this.tell(this.listeners)
    }
    return this.listeners.promise.then(onFulfilled, onRejected)
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<GatewayResponse | B> {
    return this.then(undefined, onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<GatewayResponse> {
    return this.then().finally(onFinally)
  }
}
Object.setPrototypeOf(LazyPromise.prototype, Promise.prototype)

/** The promise that is made when somebody listens. */
class Listeners {
  resolve!: (response: GatewayResponse) => void
  reject!: (error: unknown) => void
  readonly promise = new Promise<GatewayResponse>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })
}

/** Hands on what is there, or what a promise comes to. */
export function settle(made: GatewayResponse | Promise<GatewayResponse>, receiver: ResponseReceiver): void {
  if (made instanceof Promise) whenSettled(made, receiver)
  else receiver.receive(made)
}

/** Tells `receiver` what a promise comes to. */
export function whenSettled(answer: Promise<GatewayResponse>, receiver: ResponseReceiver): void {
  if (answer instanceof LazyPromise) return answer.passTo(receiver)
  answer.then(
    response => receiver.receive(response),
    error => receiver.reject(error)
  )
}

/** For a promise that perhaps nobody looks at: its failure must not end the process. */
export function unwatched(answer: Promise<unknown>): void {
  if (!(answer instanceof LazyPromise)) answer.catch(ignore)
}

const ignore = (): void => {}
