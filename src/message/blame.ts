/**
 * Work that somebody else does for an exchange: stages and streams given to its bodies, answers that are still to come. Kept
 * here is only whose it is, so that who breaks it, or never ends it, can be named. The owner alone knows how that is said.
 */

import { GatewayError } from '../errors.js'

/** Whose work it is. */
export interface WorkOwner {
  /** Translates what its stage or stream threw; says so in the log. */
  failed(cause: unknown): GatewayError
  /** Says in the log that time was over before it had answered. `limit`: `timeout=2000ms`. */
  late(limit: string): void
}

/** A stage or stream. Without an owner it is the gateway's own, or its owner was not looked for yet. */
export interface Owned {
  owner?: WorkOwner | undefined
}

/** A message, as far as somebody may be waiting for its body. */
interface Message {
  readonly openedBody: { readonly awaited: boolean } | undefined
}

/** What has a list of unfinished answers. */
interface Waits {
  /** The last come first. */
  waiting: UnansweredWork | undefined
}

/** One answer that is still to come. */
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
   * @param inside what it got when it called further in; undefined when it has not
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

  begin(exchange: Waits): this {
    this.before = exchange.waiting
    exchange.waiting = this
    return this
  }

  /** The answer is there, good or bad. */
  end(exchange: Waits): void {
    this.over = true
    this.inside = undefined
    while (exchange.waiting?.over) exchange.waiting = exchange.waiting.before
  }

  /** Notes a call further in that was made while it was waited for. */
  static called(exchange: Waits, place: object, request: Message, answer: Promise<unknown>): void {
    let exact = false
    for (let one = exchange.waiting; one !== undefined; one = one.before) {
      if (one.over || one.place !== place || one.request !== request) continue
      one.inside = together(one.inside, answer)
      exact = true
    }
    if (exact) return
    // with a request of its own: whoever it was, nobody is blamed while that call runs
    for (let one = exchange.waiting; one !== undefined; one = one.before) {
      if (!one.over && one.place === place) one.inside = together(one.inside, answer)
    }
  }

  /** Names everybody who has not answered and who waits neither for a call further in nor for bytes that have not come. */
  static nameLate(exchange: Waits, limit: string): void {
    for (let one = exchange.waiting; one !== undefined; one = one.before) one.judge(limit)
  }

  private judge(limit: string): void {
    if (this.over || this.named || isAwaited(this.request) || isAwaited(this.response)) return
    const { inside } = this
    let excused = inside !== undefined
    inside?.then(
      answer => {
        excused = readsStill(answer)
      },
      () => {
        excused = false
      }
    )
    // a promise that was settled before has told so by now; one that the same end of time settles has not
    queueMicrotask(() => {
      if (excused) return
      this.named = true
      this.owner.late(limit)
    })
  }
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

/** A stage or stream broke whose owner is not known: the gateway's own, or one that its owner is still at work with. */
export class UnclaimedFailure extends GatewayError {
  /** Somebody took it for his own. */
  claimed = false

  constructor(message: string, cause: unknown) {
    super('SLUICE_ERR_PLUGIN_FAILED', { message, cause })
  }
}
