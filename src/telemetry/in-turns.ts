/**
 * Work that may take seconds with thousands of endpoints, in steps: a generator that yields where others may have their turn of the
 * event loop. A reload takes it in turns with the requests that the process serves; who needs the result at once drains it.
 */

import { setImmediate } from 'node:timers/promises'

/** Work that returns a T after any number of steps. */
export type Steps<T> = Generator<void, T, void>

/** ms that such work may hold up what the process serves beside it. */
const TURN_MS = 5

/** Tells work when its turn is over. */
export class LoopTurns {
  private since = performance.now()

  get isOver(): boolean {
    return performance.now() - this.since >= TURN_MS
  }

  /** Lets others have theirs. */
  async next(): Promise<void> {
    await setImmediate()
    this.since = performance.now()
  }
}

/** Does work in turns with all else that the process does. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  const turns = new LoopTurns()
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    if (turns.isOver) await turns.next()
  }
}

/** Does work without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}
