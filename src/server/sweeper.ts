/** Looks at all connections again and again, and says how much time their clients had. */

/**
 * Called with `performance.now()`, and with the time in which clients could act. That one begins above 0, and goes on by one tick at
 * most: while the event loop is held up, a client is not to blame for bytes that were not read or written.
 */
export type Sweep = (now: number, clientTime: number) => void

/** A timer that keeps no process alive. */
export class Sweeper {
  private readonly sweep: Sweep
  private readonly tickMs: number
  private readonly timer: NodeJS.Timeout
  private clientTime = 0
  private sweptAt = performance.now()

  /** @param tickMs between two sweeps */
  constructor(tickMs: number, sweep: Sweep) {
    this.sweep = sweep
    this.tickMs = tickMs
    this.timer = setInterval(() => this.tick(), tickMs).unref()
  }

  private tick(): void {
    const now = performance.now()
    this.clientTime += Math.min(now - this.sweptAt, this.tickMs)
    this.sweptAt = now
    this.sweep(now, this.clientTime)
  }

  stop(): void {
    clearInterval(this.timer)
  }
}
