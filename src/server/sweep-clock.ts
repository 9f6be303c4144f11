/**
 * The time in which clients could act. It stands still while the gateway's event loop is held up: bytes that a client sent or took
 * meanwhile are counted only afterwards, and the client is not to blame.
 */
export class SweepClock {
  /** ms; begins above 0. */
  time: number
  private readonly tickMs: number
  private sweptAt: number

  /** @param tickMs between two sweeps */
  constructor(tickMs: number, now: number) {
    this.tickMs = tickMs
    this.time = tickMs
    this.sweptAt = now
  }

  /** Called by each sweep. Returns the time, which has gone on by one tick at most. */
  advance(now: number): number {
    this.time += Math.min(now - this.sweptAt, this.tickMs)
    this.sweptAt = now
    return this.time
  }
}
