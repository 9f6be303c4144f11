/** s of one slot of latencies. */
const SLOT_SECONDS = 10

/** Seconds that all series share: a record asks no clock of its own. */
export class StatusClock {
  /** Seconds since the start, never 0. */
  second = 1
  /** Number of the slot of latencies. */
  slot = 0
  private readonly timer: NodeJS.Timeout
  private readonly from: number

  constructor() {
    this.from = performance.now() - 1000
    this.timer = setInterval(() => this.set(Math.floor((performance.now() - this.from) / 1000)), 1000).unref()
  }

  set(second: number): void {
    this.second = second
    this.slot = Math.floor(second / SLOT_SECONDS)
  }

  close(): void {
    clearInterval(this.timer)
  }
}
