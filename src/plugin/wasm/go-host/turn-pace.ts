/** Most messages that wait for one another. */
const MOST = 64
/** ms of a turn above which fewer messages are delivered together: others wait for the responses to the first ones. */
const LONG_MS = 4

/** How many messages are delivered to a module in one turn. */
export class TurnPace {
  together = MOST

  /** Called after each turn, ms. */
  took(ms: number): void {
    if (ms > LONG_MS) this.together = Math.max(1, this.together >> 1)
    else if (this.together < MOST) this.together++
  }
}
