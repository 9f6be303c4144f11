import type { GatewayResponse } from './response.js'
import type { ResponseReceiver } from './sender.js'

/** Where pendings are made: one `next` of one stage. */
export interface PendingPlace {
  /** Somebody has listened to one of them. */
  listened: boolean
}

/**
 * What `next` answers to a stage that has never listened to it: a promise of the response in all but the system's own slots, so
 * `await`, `then`, `instanceof Promise` and `Promise.all` work. A stage that passes it on as it is leaves nobody to listen: the response
 * then goes on in the turn it came in, without a promise having been made.
 */
export class Pending implements Promise<GatewayResponse>, ResponseReceiver {
  private readonly place: PendingPlace
  private response: GatewayResponse | undefined = undefined
  private failed = false
  private error: unknown = undefined
  /** Hears after those who listened. */
  private receiver: ResponseReceiver | undefined = undefined
  private listeners: Listeners | undefined = undefined

  constructor(place: PendingPlace) {
    this.place = place
  }

  /** Called by the sender, once. */
  receive(response: GatewayResponse): void {
    this.response = response
    this.settled()
  }

  /** As {@link receive}. */
  reject(error: unknown): void {
    this.failed = true
    this.error = error
    this.settled()
  }

  private settled(): void {
    const { receiver } = this
    if (this.listeners !== undefined) this.tell(this.listeners)
    if (receiver !== undefined) this.passTo(receiver)
  }

  private tell(listeners: Listeners): void {
    if (this.failed) listeners.reject(this.error)
    else if (this.response !== undefined) listeners.resolve(this.response)
  }

  /** Makes `receiver` hear what becomes of it: at once where nobody listens, else after those who do. Called once at most. */
  passTo(receiver: ResponseReceiver): void {
    if (this.listeners !== undefined) whenSettled(this.listeners.promise, receiver)
    else if (this.failed) receiver.reject(this.error)
    else if (this.response !== undefined) receiver.receive(this.response)
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

  get [Symbol.toStringTag](): string {
    return 'Promise'
  }
}
Object.setPrototypeOf(Pending.prototype, Promise.prototype)

/** The promise that is made when somebody listens. */
class Listeners {
  resolve!: (response: GatewayResponse) => void
  reject!: (error: unknown) => void
  readonly promise = new Promise<GatewayResponse>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })
}

/** Tells `receiver` what a promise comes to. */
export function whenSettled(answer: Promise<GatewayResponse>, receiver: ResponseReceiver): void {
  if (answer instanceof Pending) return answer.passTo(receiver)
  answer.then(
    response => receiver.receive(response),
    error => receiver.reject(error)
  )
}

/** For a promise that perhaps nobody looks at: its failure must not end the process. */
export function unwatched(answer: Promise<unknown>): void {
  if (!(answer instanceof Pending)) answer.catch(ignore)
}

const ignore = (): void => {}
