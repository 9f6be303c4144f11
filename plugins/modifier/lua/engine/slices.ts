/**
 * When scripts may compute, so that many of them hold up others no longer than one does.
 *
 * In: what slices have taken, and scripts that want to begin or go on. Out: promises of their turns. Scripts that compute long come one at a
 * time. After a slice the event loop is left to others for as long as the slice took: what they wait for arrives and is done meanwhile.
 */

import { Pace } from './pace.js'

/** ms; scripts that take less in a turn of the event loop leave enough of it to others. */
const SHORT_MS = 2
/** ms; longest time that is left to others after a slice. */
const MOST_REST_MS = 20

/** Clock, CPU meter and timers, which tests replace. */
export interface Loop {
  /** ms, as `performance.now()`. */
  now(): number
  /** CPU time of the process since it was `before`, ms: what a busy machine adds to a clock is not in it. */
  cpuMs(before: number): number
  /** Calls back in the next turn of the event loop. */
  soon(callback: () => void): void
  /** Calls back after so many ms. */
  later(callback: () => void, ms: number): void
}

const EVENT_LOOP: Loop = {
  now: () => performance.now(),
  cpuMs(before) {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000 - before
  },
  soon: callback => void setImmediate(callback),
  later: (callback, ms) => void setTimeout(callback, ms)
}

export class Slices {
  readonly loop: Loop
  /** One for all scripts: the next is like the last one. */
  readonly pace = new Pace()
  /** Milliseconds that scripts have computed in this turn. */
  private spent = 0
  private counting = false
  /** In the clock of the loop. */
  private restsUntil = 0
  /** Scripts that go on. They come first: the fewer are half done, the less memory they hold together. */
  private readonly goingOn: (() => void)[] = []
  /** Scripts that begin and are known to compute long, and those that went on for their share. */
  private readonly waiting: (() => void)[] = []
  private scheduled = false

  constructor(loop: Loop = EVENT_LOOP) {
    this.loop = loop
  }

  /** Notes what a script has computed, until the turn ends. */
  spend(ms: number): void {
    this.spent += ms
    if (this.spent >= SHORT_MS) this.restsUntil = this.loop.now() + Math.min(this.spent, MOST_REST_MS)
    if (this.counting) return
    this.counting = true
    this.loop.soon(() => {
      this.counting = false
      this.spent = 0
    })
  }

  /** What scripts have computed in this turn, ms: those that begin now get the rest of the slice. */
  get spentThisTurn(): number {
    return this.spent
  }

  /** Resolves in the next turn of the event loop. */
  nextTurn(): Promise<void> {
    return new Promise(resolve => this.loop.soon(resolve))
  }

  /** Resolves in a turn in which no other script that computes long begins or goes on; `first`: before those that have not begun. */
  ownTurn(first = false): Promise<void> {
    return new Promise(resolve => {
      ;(first ? this.goingOn : this.waiting).push(resolve)
      if (!this.scheduled) this.schedule()
    })
  }

  private schedule(): void {
    this.scheduled = true
    const rest = this.restsUntil - this.loop.now()
    if (rest > 0) this.loop.later(this.wake, Math.ceil(rest))
    else this.loop.soon(this.wake)
  }

  private readonly wake = (): void => {
    this.scheduled = false
    // a slice of this turn has come in between
    if (this.loop.now() >= this.restsUntil) (this.goingOn.shift() ?? this.waiting.shift())?.()
    if (this.goingOn.length + this.waiting.length > 0) this.schedule()
  }
}

/** The turns of all scripts: JavaScript has one thread. */
export const slices = new Slices()
