import { GatewayError } from '../../../errors.js'
import type { RequestMessage } from '../../../message/request.js'
import type { Cancellable } from '../../../message/scope.js'

/** Instances of one place at a time: each has a memory of its own. Requests beyond wait for one. */
const MOST_INSTANCES = 1000
/** Instances that are kept without a request. */
const MOST_IDLE = 64
/** Requests that wait; those beyond are refused. */
const MOST_WAITING = 10_000

/** Instances of one guest in one place: one for each request in flight. */
export class GuestPool<G> {
  private readonly make: () => G
  private readonly gone: (guest: G) => void
  private readonly idle: G[] = []
  private readonly waiting = new Set<WaitingRequest<G>>()
  private running = 0
  private readonly most: number

  /**
   * @param make makes an instance; what it throws is the failure of the request that wanted one
   * @param gone called with each instance that is let go
   */
  constructor(make: () => G, gone: (guest: G) => void = () => {}, most = MOST_INSTANCES) {
    this.make = make
    this.gone = gone
    this.most = most
  }

  /** Instances with a request. */
  get busy(): number {
    return this.running
  }

  /** Returns an instance, made where none is idle; undefined when there are too many: see {@link wait}. @throws what `make` throws */
  take(): G | undefined {
    if (this.running >= this.most) return undefined
    const guest = this.idle.pop() ?? this.make()
    this.running++
    return guest
  }

  /** Resolves with an instance when it is this request's turn; rejects when the request is over before. */
  wait(request: RequestMessage): Promise<G> {
    if (this.waiting.size >= MOST_WAITING) {
      return Promise.reject(
        new GatewayError('SLUICE_ERR_GATEWAY_QUEUE_FULL', { limit: `${MOST_WAITING} requests wait for an instance` })
      )
    }
    return new Promise((resolve, reject) => {
      const entry = new WaitingRequest<G>(this.waiting, request, resolve, reject)
      this.waiting.add(entry)
      request.onOver(entry)
    })
  }

  /** Takes an instance back whose request is done. */
  giveBack(guest: G): void {
    const next = this.next()
    if (next !== undefined) return next.serve(guest)
    this.running--
    if (this.idle.length < MOST_IDLE) this.idle.push(guest)
    else this.gone(guest)
  }

  /** An instance that failed is gone; who waits gets a new one. */
  drop(guest: G): void {
    this.running--
    this.gone(guest)
    const next = this.next()
    if (next === undefined) return
    try {
      next.serve(this.take()!)
    } catch (error) {
      next.fail(error)
    }
  }

  /** Puts an instance in without a request. */
  keep(guest: G): void {
    this.idle.push(guest)
  }

  private next(): WaitingRequest<G> | undefined {
    const [first] = this.waiting
    if (first !== undefined) this.waiting.delete(first)
    return first
  }
}

class WaitingRequest<G> implements Cancellable {
  private readonly queue: Set<WaitingRequest<G>>
  private readonly request: RequestMessage
  private readonly resolve: (guest: G) => void
  private readonly reject: (error: unknown) => void

  constructor(
    queue: Set<WaitingRequest<G>>,
    request: RequestMessage,
    resolve: (guest: G) => void,
    reject: (error: unknown) => void
  ) {
    this.queue = queue
    this.request = request
    this.resolve = resolve
    this.reject = reject
  }

  serve(guest: G): void {
    this.request.offOver(this)
    this.resolve(guest)
  }

  fail(error: unknown): void {
    this.request.offOver(this)
    this.reject(error)
  }

  /** The client left, or the deadline passed. */
  cancel(reason: GatewayError): void {
    this.queue.delete(this)
    this.reject(reason)
  }
}
