/** A clock and an event loop of the test's own: no machine is too busy or too fast for what a test tells about time. */
import { setImmediate as settled } from 'node:timers/promises'
import type { Loop } from '../../../../../plugins/modifier/lua/engine/slices.js'

/** An event loop in which a turn takes no time but what is spent in it. */
export class FakeLoop implements Loop {
  ms = 1000
  /** Turns so far. */
  turns = 0
  /** What was not computed, ms. */
  private idleMs = 0
  private next: (() => void)[] = []
  private timers: { at: number; callback: () => void }[] = []

  /** @param lookMs what a script computes between two looks at the clock */
  constructor(public lookMs = 0) {}

  now(): number {
    this.ms += this.lookMs
    return this.ms
  }

  cpuMs(before: number): number {
    return this.ms - this.idleMs - before
  }

  soon(callback: () => void): void {
    this.next.push(callback)
  }

  later(callback: () => void, ms: number): void {
    this.timers.push({ at: this.ms + ms, callback })
  }

  /** One turn: due timers, then what was put off to it. Where there is nothing to do, time passes until the next timer. */
  async turn(): Promise<void> {
    this.turns++
    if (this.next.length === 0 && this.timers.length > 0) this.rest(Math.min(...this.timers.map(({ at }) => at)))
    const due = this.timers.filter(({ at }) => at <= this.ms)
    this.timers = this.timers.filter(({ at }) => at > this.ms)
    const callbacks = this.next
    this.next = []
    for (const callback of [...due.map(timer => timer.callback), ...callbacks]) {
      callback()
      // promises go on between two callbacks, as in Node
      await settled()
    }
  }

  /** Turns until a run has ended. */
  async end<T>(run: T | PromiseLike<T>): Promise<T> {
    let over = false
    const result = Promise.resolve(run).finally(() => {
      over = true
    })
    // the caller gets its error below
    result.catch(() => {})
    await settled()
    while (!over) {
      if (this.next.length + this.timers.length === 0) throw new Error('the run waits for no turn')
      await this.turn()
    }
    return result
  }

  private rest(until: number): void {
    if (until <= this.ms) return
    this.idleMs += until - this.ms
    this.ms = until
  }
}
