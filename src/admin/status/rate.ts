import type { StatusClock } from './clock.js'

/** s over which a rate is taken. */
const SECONDS = 10
/** s after which the latencies of the last event are forgotten. */
const FORGOTTEN_SECONDS = 75
/** One more: the second that has just begun does not count. */
const KEPT = SECONDS + 1

/** Events of the last seconds. */
export class Rate {
  total = 0
  private readonly clock: StatusClock
  private readonly counts = new Uint32Array(KEPT)
  private second = 0
  /** The second of the last event. */
  private last = 0

  constructor(clock: StatusClock) {
    this.clock = clock
  }

  record(): void {
    if (this.second !== this.clock.second) this.advance()
    this.last = this.second
    this.counts[this.second % KEPT]!++
    this.total++
  }

  /** True when something was recorded within that many seconds. */
  within(seconds: number): boolean {
    return this.total > 0 && this.clock.second - this.last <= seconds
  }

  /**
   * Says whether what is shown of a series that this rate belongs to can have changed: two equal stamps, and it has not. Undefined while the
   * rate itself goes down; later latencies go with their slots, and then nothing more changes.
   */
  get stamp(): number | undefined {
    if (this.within(KEPT)) return undefined
    return this.within(FORGOTTEN_SECONDS) ? this.clock.slot : -1
  }

  /** Events per second over the last ten whole seconds. */
  perSecond(): number {
    if (!this.within(KEPT)) return 0
    if (this.second !== this.clock.second) this.advance()
    const { second } = this
    let sum = 0
    for (let i = 1; i <= SECONDS; i++) sum += this.counts[(second - i + KEPT * SECONDS) % KEPT]!
    return sum / Math.min(SECONDS, Math.max(1, second - 1))
  }

  private advance(): void {
    const { second } = this.clock
    const gone = Math.min(KEPT, second - this.second)
    for (let i = 0; i < gone; i++) this.counts[(second - i) % KEPT] = 0
    this.second = second
  }
}
