/**
 * The token bucket of all rate limits.
 *
 * It starts full. Tokens are taken until none is left; only then the time since the last refill is turned into tokens.
 * So after an idle spell a client may have what was left, the request that refills, and a whole capacity.
 */

/** Milliseconds on a clock that never goes back. */
export type Now = () => number

/** What every bucket of a limit has in common. */
export interface BucketRule {
  /** ms that one token takes to grow. */
  readonly intervalMs: number
  /** Most tokens, at least 1. */
  readonly capacity: number
}

/**
 * Makes the rule of a limit.
 * @param ratePerSecond over 0; fractions allowed
 * @param capacity 0 = the tokens of one second, at least 1
 */
export function bucketRule(ratePerSecond: number, capacity: number): BucketRule {
  // whole nanoseconds, as KrakenD counts
  const nanoseconds = Math.max(1, Math.trunc(1e9 / Math.max(ratePerSecond, 1e-9)))
  return { intervalMs: nanoseconds / 1e6, capacity: Math.min(MOST_TOKENS, Math.max(1, Math.trunc(capacity))) }
}

/** As many as 32 bits hold: buckets are kept in arrays of such numbers. */
const MOST_TOKENS = 2 ** 32 - 1

/** ms that an empty bucket takes to be full. */
export function refillMs(rule: BucketRule): number {
  return rule.capacity * rule.intervalMs
}

/** One bucket, full at first. */
export class TokenBucket {
  rule: BucketRule
  tokens: number
  /** ms */
  refilledAt: number

  /** @param now ms, of the clock that {@link take} is asked with */
  constructor(rule: BucketRule, now: number) {
    this.rule = rule
    this.tokens = rule.capacity
    this.refilledAt = now
  }

  /** Takes a token; false when there is none. */
  take(now: number): boolean {
    if (this.tokens > 0) {
      this.tokens--
      return true
    }
    const { intervalMs, capacity } = this.rule
    const grown = Math.floor((now - this.refilledAt) / intervalMs)
    if (grown <= 0) return false
    this.refilledAt += grown * intervalMs
    // a bucket that would run over gives this request for nothing, as KrakenD's does
    this.tokens = grown > capacity ? capacity : grown - 1
    return true
  }
}
