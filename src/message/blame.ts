/**
 * Who is to blame: stages and streams that plugins give to bodies, and functions of plugins whose promise is open. Each keeps
 * its owner, so that a failure or a delay can be logged with the plugin's name. The owner writes the line.
 */

import { GatewayError } from '../errors.js'

/** The owner of a stage, a stream or unanswered work: a plugin in its place. */
export interface WorkOwner {
  /** Logs what its stage or stream threw and returns it as a GatewayError. */
  failed(cause: unknown): GatewayError
  /** Logs that the time ended before its promise had settled. `limit`: `timeout=2000ms`. */
  late(limit: string): void
}

/** A stage or stream. Without an owner it is the gateway's own, or its owner is still to be found. */
export interface Owned {
  owner?: WorkOwner | undefined
}

/** Says whether a stage or the source of a body keeps an owner: a plugin may have given it. */
export const isOwned = (one: object): one is Owned => 'owner' in one

/** A message, as far as a plugin may be waiting for its body. */
interface Message {
  readonly openedBody: { readonly awaited: boolean } | undefined
}

/** An exchange, as far as work in it is unanswered. */
interface Waits {
  /** The last begun; each knows the one before it. */
  unanswered: UnansweredWork | undefined
}

/** One call of a plugin's function that has returned a promise. */
export class UnansweredWork {
  private readonly owner: WorkOwner
  private readonly place: object | undefined
  private readonly request: Message
  private readonly response: Message | undefined
  private inside: Promise<unknown> | undefined
  private before: UnansweredWork | undefined = undefined
  private over = false
  private named = false

  /**
   * @param place tells one stage's runs from another's
   * @param inside what `next` returned to it; undefined when it has not called further in
   * @param response the one it was given, if any
   */
  constructor(
    owner: WorkOwner,
    place: object | undefined,
    request: Message,
    inside: Promise<unknown> | undefined,
    response: Message | undefined
  ) {
    this.owner = owner
    this.place = place
    this.request = request
    this.inside = inside
    this.response = response
  }

  /** Waits for `answer`; until it settles the work counts as unanswered. */
  until<T, R>(
    answer: PromiseLike<T>,
    exchange: Waits,
    answered: (value: T) => R | Promise<R>,
    failed: (thrown: unknown) => R
  ): Promise<R> {
    this.begin(exchange)
    return Promise.resolve(answer).then(
      value => {
        this.end(exchange)
        return answered(value)
      },
      thrown => {
        this.end(exchange)
        return failed(thrown)
      }
    )
  }

  begin(exchange: Waits): this {
    this.before = exchange.unanswered
    exchange.unanswered = this
    return this
  }

  /** The promise has settled. */
  end(exchange: Waits): void {
    this.over = true
    this.inside = undefined
    while (exchange.unanswered?.over) exchange.unanswered = exchange.unanswered.before
  }

  /** Notes a call further in that was made while the work was unanswered. */
  static called(exchange: Waits, place: object, request: Message, answer: Promise<unknown>): void {
    let exact = false
    for (let one = exchange.unanswered; one !== undefined; one = one.before) {
      if (one.over || one.place !== place || one.request !== request) continue
      one.inside = together(one.inside, answer)
      exact = true
    }
    if (exact) return
    // a request that none of them was given: any may have sent it, so none is blamed while that call runs
    for (let one = exchange.unanswered; one !== undefined; one = one.before) {
      if (!one.over && one.place === place) one.inside = together(one.inside, answer)
    }
  }

  /** Names the owner of each unanswered work that waits neither for a call further in nor for bytes that have not come. */
  static nameLate(exchange: Waits, limit: string): void {
    for (let one = exchange.unanswered; one !== undefined; one = one.before) one.judge(limit)
  }

  private judge(limit: string): void {
    if (this.over || this.named || isAwaited(this.request) || isAwaited(this.response)) return
    const { inside } = this
    let excused = inside !== undefined
    let told = false
    inside?.then(
      answer => {
        excused = readsStill(answer)
        told = Array.isArray(answer) && answer.some((one: PromiseSettledResult<unknown>) => isEndOfTime(rejectionOf(one)))
      },
      (cause: unknown) => {
        excused = false
        told = isEndOfTime(cause)
      }
    )
    // a promise that was settled before has told so by now; one that the same end of time settles has not
    queueMicrotask(() => {
      if (excused) return
      if (told)
        setImmediate(() => this.name(limit)) // timers of one turn: what waited for the call has this turn to answer
      else this.name(limit)
    })
  }

  private name(limit: string): void {
    if (this.over || this.named) return
    this.named = true
    this.owner.late(limit)
  }
}

function rejectionOf(result: PromiseSettledResult<unknown>): unknown {
  return result.status === 'rejected' ? result.reason : undefined
}

function isEndOfTime(cause: unknown): boolean {
  return cause instanceof GatewayError && cause.code.startsWith('SLUICE_ERR_UPSTREAM_TIMEOUT')
}

/** Settled when both are. */
export function together(one: Promise<unknown> | undefined, other: Promise<unknown>): Promise<unknown> {
  return one === undefined ? other : Promise.allSettled([one, other])
}

function isAwaited(message: Message | undefined): boolean {
  return message?.openedBody?.awaited === true
}

/** `answer` is a response, or what {@link together} made of several. */
function readsStill(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false
  if (!Array.isArray(answer)) return isAwaited(answer as Message)
  return answer.some((one: PromiseSettledResult<unknown>) => one.status === 'fulfilled' && readsStill(one.value))
}

/** A stage or stream without an owner broke: the gateway's own, or one whose plugin is still running. */
export class UnclaimedFailure extends GatewayError {
  /** A plugin was found to be its owner. */
  claimed = false

  constructor(message: string, cause: unknown) {
    super('SLUICE_ERR_PLUGIN_FAILED', { message, cause })
  }
}
