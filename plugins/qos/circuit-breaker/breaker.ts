/**
 * The breaker itself: closed while calls succeed, open after too many failures in a row, half-open for one call that tries
 * whether the upstream is back.
 */

export type BreakerState = 'closed' | 'half-open' | 'open'

export interface BreakerOptions {
  /** ms after which a closed breaker forgets the failures that it has counted; 0 = never. */
  readonly intervalMs: number
  /** ms that an open breaker refuses calls, and that a trial call may take until another one is let through. */
  readonly openMs: number
  /** Consecutive failures allowed; one more opens the breaker. */
  readonly maxErrors: number
  /** ms on a clock that never goes back. */
  readonly now: () => number
  onChange?(from: BreakerState, to: BreakerState): void
}

/** Why a call is not made; a number is the ticket of one that is. */
export type Admission = number | 'open' | 'trying'

export class Breaker {
  private readonly options: BreakerOptions
  private current: BreakerState = 'closed'
  /** Goes up whenever counting starts anew: what calls of an earlier one come to says nothing about now. */
  private round = 0
  private failures = 0
  /** ms; 0 = never. Closed: counting starts anew. Open: a trial is due. Half-open: the trial counts as lost. */
  private endsAt = 0
  private trial = false
  /** Calls that were not made. */
  refused = 0

  constructor(options: BreakerOptions) {
    this.options = options
    this.begin('closed', options.now())
  }

  /** Asks for a call. A ticket must be handed to {@link settle} once. */
  admit(): Admission {
    const now = this.options.now()
    this.advance(now)
    if (this.current === 'closed') return this.round
    if (this.current === 'open') return this.refuse('open')
    if (this.trial) return this.refuse('trying')
    this.trial = true
    this.endsAt = now + this.options.openMs
    return this.round
  }

  /** Says what a call came to. `undefined` = it ended for reasons of its own (the client went away). */
  settle(ticket: number, succeeded: boolean | undefined): void {
    const now = this.options.now()
    this.advance(now)
    if (ticket !== this.round) return
    if (this.current === 'half-open') {
      if (succeeded === undefined) this.trial = false
      else this.change(succeeded ? 'closed' : 'open', now)
      return
    }
    if (succeeded === undefined) return
    if (succeeded) this.failures = 0
    else if (++this.failures > this.options.maxErrors) this.change('open', now)
  }

  /** Counted towards `maxErrors`. */
  get failuresInRow(): number {
    return this.failures
  }

  get state(): BreakerState {
    this.advance(this.options.now())
    return this.current
  }

  private refuse(why: 'open' | 'trying'): Admission {
    this.refused++
    return why
  }

  private advance(now: number): void {
    if (this.endsAt === 0 || now < this.endsAt) return
    if (this.current === 'closed') this.begin('closed', now)
    else if (this.current === 'open') this.change('half-open', now)
    else if (this.trial) this.begin('half-open', now)
  }

  private change(to: BreakerState, now: number): void {
    const from = this.current
    this.begin(to, now)
    this.options.onChange?.(from, to)
  }

  private begin(state: BreakerState, now: number): void {
    const { intervalMs, openMs } = this.options
    this.current = state
    this.round++
    this.failures = 0
    this.trial = false
    if (state === 'open') this.endsAt = now + openMs
    else this.endsAt = state === 'closed' && intervalMs > 0 ? now + intervalMs : 0
  }
}
