/** How often scripts look at the clock: steps of some cost more than those of others. */

/** Steps between two looks; fewer, down to the least, where so many take longer than {@link LOOK_MS}. */
const MOST_STEPS = 2048
const LEAST_STEPS = 256
const LOOK_MS = 1

export class Pace {
  /** Steps until the next look. */
  steps = MOST_STEPS
  private looked = 0

  /** A slice begins. */
  begin(now: number): void {
    this.looked = now
  }

  look(now: number): void {
    const ms = now - this.looked
    this.looked = now
    if (ms > LOOK_MS) this.steps = Math.max(this.steps >> 2, LEAST_STEPS)
    else if (this.steps < MOST_STEPS && ms < LOOK_MS / 4) this.steps *= 2
  }
}
