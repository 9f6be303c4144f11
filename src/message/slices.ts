/**
 * Work on a body in slices, so that a large body does not stop other exchanges.
 *
 * A piece of work is a generator. Each `yield` is a place where it may stop, some hundred values or 64 KiB behind the one before. That
 * takes a millisecond while the code is not compiled. Work on a small body reaches no `yield` and is done at once. All work of the
 * process shares one queue and one measure of time in each turn of the event loop. So ten large bodies hold the loop no longer
 * than one.
 */

import type { GatewayError } from '../errors.js'

/** Work that may stop at each `yield`. A yielded promise is waited for; its failure is thrown at the `yield`. */
export type Sliced<T> = Generator<undefined | Promise<unknown>, T, undefined>

/** Has a reason once the result is no longer wanted: a `Scope`. */
export interface Demand {
  /** Why it is not; undefined while it is. */
  readonly reason: GatewayError | undefined
}

/** ms that sliced work may hold one turn of the event loop. */
const TURN_MS = 8
/** ms that new work may take at once: bodies up to some hundred KiB need no other turn. */
const AT_ONCE_MS = 2

/**
 * Does the work: at once when it never stops, else its rest from the next turn of the event loop on, behind a promise.
 *
 * @param scope work of a cancelled scope goes on no more: the promise rejects with the scope's reason. Undefined = always wanted.
 * @throws what the work throws before it first stops.
 */
export function runSliced<T>(work: Sliced<T>, scope: Demand | undefined): T | Promise<T> {
  let step = work.next()
  if (step.done === true) return step.value
  const until = performance.now() + AT_ONCE_MS
  while (step.value === undefined && performance.now() < until) {
    step = work.next()
    if (step.done === true) return step.value
  }
  return new Promise<T>((resolve, reject) => {
    const job = new Job(work as Sliced<unknown>, scope, resolve as (value: unknown) => void, reject)
    job.waitFor(step.value)
  })
}

/** Does the work to its end at once, for those who cannot wait. It must not yield promises. */
export function runWhole<T>(work: Sliced<T>): T {
  let step = work.next()
  while (step.done !== true) {
    if (step.value !== undefined) throw new TypeError('work that waits cannot be done at once')
    step = work.next()
  }
  return step.value
}

class Job {
  private readonly work: Sliced<unknown>
  private readonly scope: Demand | undefined
  private readonly resolve: (value: unknown) => void
  private readonly reject: (cause: unknown) => void
  /** What the promise that it waited for failed with. */
  private failure: { readonly cause: unknown } | undefined

  constructor(
    work: Sliced<unknown>,
    scope: Demand | undefined,
    resolve: (value: unknown) => void,
    reject: (cause: unknown) => void
  ) {
    this.work = work
    this.scope = scope
    this.resolve = resolve
    this.reject = reject
  }

  /** Goes on when `promise` is settled; undefined = when it is its turn. */
  waitFor(promise: Promise<unknown> | undefined): void {
    if (promise === undefined) return enqueue(this)
    promise.then(
      () => enqueue(this),
      cause => {
        this.failure = { cause }
        enqueue(this)
      }
    )
  }

  /** Works until the time `until`; returns true when it needs another turn. */
  run(until: number): boolean {
    try {
      if (this.scope?.reason !== undefined) {
        this.reject(this.scope.reason)
        this.work.return(undefined)
        return false
      }
      do {
        const step = this.step()
        if (step.done === true) {
          this.resolve(step.value)
          return false
        }
        if (step.value !== undefined) {
          this.waitFor(step.value)
          return false
        }
      } while (performance.now() < until)
      return true
    } catch (cause) {
      this.reject(cause)
      return false
    }
  }

  private step(): IteratorResult<undefined | Promise<unknown>, unknown> {
    const { failure } = this
    if (failure === undefined) return this.work.next()
    this.failure = undefined
    return this.work.throw(failure.cause)
  }
}

/** Jobs that want their turn, the longest waiting first. */
let queue: Job[] = []
let scheduled = false

function enqueue(job: Job): void {
  queue.push(job)
  if (scheduled) return
  scheduled = true
  setImmediate(turn)
}

/** Those that come while the turn runs wait for the next one. */
function turn(): void {
  const jobs = queue
  queue = []
  const share = TURN_MS / jobs.length
  const end = performance.now() + TURN_MS
  const again: Job[] = []
  let next = 0
  for (let now = end - TURN_MS; next < jobs.length && now < end; now = performance.now()) {
    const job = jobs[next++]!
    if (job.run(now + share)) again.push(job)
  }
  queue = [...jobs.slice(next), ...again, ...queue]
  scheduled = queue.length > 0
  if (scheduled) setImmediate(turn)
}
