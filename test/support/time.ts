/** Time that passes at once, for tests of deadlines: none waits for its deadline, and none is late for it on a busy machine. */

import { syncBuiltinESMExports } from 'node:module'
import { performance } from 'node:perf_hooks'
import type { TestContext } from 'node:test'
import timers from 'node:timers/promises'
import { Deadline, deadlines } from '../../src/telemetry/timer-wheel.js'
import { within } from './waiting.js'

/** What looks several times before it gives up has its turns. */
const STEPS = 6

const now = performance.now.bind(performance)
let ahead = 0

/**
 * Moves the monotonic clock of this process by `ms`, and resolves when the deadlines that are over have fired. A test calls it when
 * what has to come before a deadline has come. Wall clocks and Node's own timers stay; the file needs a process of its own.
 */
export async function passTime(ms: number): Promise<void> {
  performance.now = () => now() + ahead
  for (let step = 0; step < STEPS; step++) {
    ahead += ms / STEPS
    await within(`deadlines of ${ms} ms`, new Promise<void>(resolve => deadlines.schedule(new Last(resolve), 0)))
  }
}

/** Fires behind all that was due before. */
class Last extends Deadline {
  constructor(override readonly fire: () => void) {
    super()
  }
}

/** Pauses of `ms` that the product makes from now on (`node:timers/promises`) last until the test calls what this returns. */
export function holdPauses(t: TestContext, ms: number): () => void {
  let end = (): void => {}
  const over = new Promise<void>(resolve => {
    end = resolve
  })
  const real = timers.setTimeout
  const put = (pause: typeof real): void => {
    timers.setTimeout = pause
    syncBuiltinESMExports()
  }
  t.after(() => put(real))
  put(((delay, value, options) => (delay === ms ? over : real(delay, value, options))) as typeof real)
  return end
}

/** Makes each look at the clock take a millisecond more: on a fast machine, too, work that goes on in turns needs several. */
export function slowClock(t: Pick<TestContext, 'mock'>): void {
  const real = performance.now.bind(performance)
  let looks = 0
  t.mock.method(performance, 'now', () => real() + looks++)
}

/** Lets the clock of this process jump for a test; Node's own timers stay. @returns what moves the clock on, ms */
export function skipTime(t: Pick<TestContext, 'mock'>): (ms: number) => void {
  const real = performance.now.bind(performance)
  let skipped = 0
  t.mock.method(performance, 'now', () => real() + skipped)
  return ms => {
    skipped += ms
  }
}

/** Stops the clock of this process for a test, at a whole millisecond: sums and differences are exact. @returns what moves it, ms */
export function stopClock(t: Pick<TestContext, 'mock'>): (ms: number) => void {
  let at = Math.ceil(performance.now())
  t.mock.method(performance, 'now', () => at)
  return ms => {
    at += ms
  }
}
