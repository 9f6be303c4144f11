import { performance } from 'node:perf_hooks'
import type { FilterForm } from './sliding-filter.js'
import { SlidingFilter } from './sliding-filter.js'

/** ms; the longest time that a timer of Node can wait. */
const LONGEST_MS = 2 ** 31 - 1

interface ClockOptions {
  /** ms that never go back. Default: those of the process. */
  readonly now?: (() => number) | undefined
  /** Called after the filters have moved up. */
  readonly turned?: () => void
}

/** The revoked elements and the clock that forgets them. */
export class Revocations {
  readonly filter: SlidingFilter
  private timer: NodeJS.Timeout | undefined
  private turnMs = 0
  private lastTurn: number
  private readonly now: () => number
  private readonly turned: () => void

  /** @throws RangeError when there is no memory for the filters */
  constructor(form: FilterForm, { now = () => performance.now(), turned = () => {} }: ClockOptions = {}) {
    this.filter = new SlidingFilter(form)
    this.now = now
    this.turned = turned
    this.lastTurn = now()
  }

  /** Sets the time between two turns; the time since the last turn counts. */
  turnEvery(seconds: number): void {
    this.turnMs = seconds * 1000
    this.arm()
  }

  /** Counts turns from a time that is `ms` ago, so that workers turn at the same moments. */
  beginAgo(ms: number): void {
    this.lastTurn = this.now() - ms
  }

  /** Makes the turns that were due until a time that is `ms` ago. */
  catchUp(ms: number): void {
    const turns = Math.floor((this.now() - ms - this.lastTurn) / this.turnMs)
    // three of them empty all filters
    for (let i = 0; i < Math.min(turns, 3); i++) this.filter.turn()
    if (turns > 0) this.lastTurn += turns * this.turnMs
    this.arm()
  }

  close(): void {
    clearTimeout(this.timer)
  }

  private arm(): void {
    clearTimeout(this.timer)
    const waitMs = this.lastTurn + this.turnMs - this.now()
    this.timer = setTimeout(() => this.due(), Math.min(Math.max(waitMs, 0), LONGEST_MS))
    this.timer.unref()
  }

  /** A process that slept for long makes up for the turns. */
  private due(): void {
    this.catchUp(0)
    this.turned()
  }
}
