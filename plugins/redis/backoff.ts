/** How long to wait before the next attempt to connect. */

const FIRST_WAIT_MS = 25
const LONGEST_WAIT_MS = 1000
/** ms without a new attempt after which the connection counts as good: the next attempt is a first one again. */
const CALM_MS = 5000

/**
 * Waits that double up to {@link LONGEST_WAIT_MS}. A connection that is made and lost at once does not end the series, so that a server
 * that closes every connection is not stormed.
 */
export class Backoff {
  private readonly now: () => number
  private readonly random: () => number
  private attempts = 0
  private lastAttempt = Number.NEGATIVE_INFINITY

  /** @param now ms, of a clock that never goes back */
  constructor(now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.now = now
    this.random = random
  }

  /** Returns ms until the next attempt; spread, so that many gateways do not come back at once. */
  readonly next = (): number => {
    if (this.now() - this.lastAttempt > CALM_MS) this.attempts = 0
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(++this.attempts, 10)) * (0.5 + this.random() / 2)
    this.lastAttempt = this.now() + waitMs
    return waitMs
  }
}
