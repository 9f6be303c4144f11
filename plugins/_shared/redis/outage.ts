/**
 * When a server is asked and when it is left alone: it has failed a few times in a row, so it is asked again once in a while.
 *
 * The first failure after an answer still lets others try; the third one opens the breaker for {@link FIRST_PAUSE_MS}. Then one question
 * goes out; each failure of such a trial doubles the pause up to {@link LONGEST_PAUSE_MS}.
 */

const FAILURES = 3
export const FIRST_PAUSE_MS = 100
export const LONGEST_PAUSE_MS = 2000

export class Outage {
  private readonly now: () => number
  private failures = 0
  private pauseMs = 0
  private until = 0
  private trying = false

  /** @param now ms, of a clock that never goes back */
  constructor(now: () => number) {
    this.now = now
  }

  /** True when a question may go out. During an outage that is one at a time, after each pause. */
  mayAsk(): boolean {
    if (this.pauseMs === 0) return true
    if (this.trying || this.now() < this.until) return false
    this.trying = true
    return true
  }

  /** @returns true when this answer ends an outage */
  answered(): boolean {
    const ended = this.pauseMs > 0
    this.failures = 0
    this.pauseMs = 0
    this.trying = false
    return ended
  }

  /** Tells of a failure; those of questions from before an outage change nothing. @returns true when this failure begins an outage */
  failed(): boolean {
    if (this.pauseMs > 0 && !this.trying) return false
    this.trying = false
    if (++this.failures < FAILURES) return false
    const begins = this.pauseMs === 0
    this.pauseMs = begins ? FIRST_PAUSE_MS : Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS)
    this.until = this.now() + this.pauseMs
    return begins
  }
}
