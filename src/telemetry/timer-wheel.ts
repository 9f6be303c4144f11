/**
 * Coarse deadlines for things that mostly do not happen: exchange budgets, idle limits, connect limits.
 *
 * A request schedules an entry and almost always cancels it again, so both are a few pointer writes on an object that the
 * caller owns: no timer, closure or garbage per request. One unref'd timer turns the wheel every 20 ms while anything is
 * scheduled and rests when nothing is. What comes in: {@link Deadline} objects; what goes out: their `fire()`, never before
 * the time given, normally at most 25 ms after it, in no order among deadlines of one turn.
 */

import { performance } from 'node:perf_hooks'

const TICK_MS = 20
/** A power of two; one revolution is 20.48 s. Longer deadlines stay in their slot and are looked at once a revolution. */
const SLOTS = 1024
const MASK = SLOTS - 1

/** One deadline, to be subclassed; belongs to one wheel at a time and may be scheduled again after it fired or was cancelled. */
export abstract class Deadline {
  /** When it is due, on the clock of {@link TimerWheel.now}; only meaningful while scheduled. */
  declare at: number
  /** The wheel's own links; undefined while not scheduled. */
  declare next: Deadline | undefined
  declare previous: Deadline | undefined

  // assigned, not class fields: those of a base class with many subclasses took 1.4 % of a request's time (cpu profile, bench/chain)
  constructor() {
    this.at = 0
    this.next = undefined
    this.previous = undefined
  }

  /** True from `schedule` until it is cancelled or about to fire. */
  get scheduled(): boolean {
    return this.next !== undefined
  }

  /** Called once when the time has come. A throw becomes an uncaught exception and does not hold up other deadlines. */
  abstract fire(): void
}

class ListHead extends Deadline {
  override next: Deadline = this
  override previous: Deadline = this
  fire(): void {}
}

/** A wheel of coarse deadlines. Needs no closing: an empty wheel holds nothing, and its timer never keeps the process alive. */
export class TimerWheel {
  readonly #slots: readonly ListHead[] = Array.from({ length: SLOTS }, () => new ListHead())
  readonly #due = new ListHead()
  #timer: NodeJS.Timeout | undefined
  #turning = false
  #count = 0
  #now = 0
  #lastTick = 0

  /** Number of scheduled deadlines. */
  get size(): number {
    return this.#count
  }

  /** Milliseconds on a monotonic clock, at most one turn (about 20 ms) old while anything is scheduled. */
  now(): number {
    return this.#turning ? this.#now : performance.now()
  }

  /** Makes `entry` fire in `ms` milliseconds; moves it when it is scheduled already. 0 or less: the next turn. Infinity or NaN: never. */
  schedule(entry: Deadline, ms: number): void {
    if (entry.next !== undefined) this.#unlink(entry)
    if (!(ms < Infinity)) return
    const now = performance.now()
    const at = ms > 0 ? now + ms : now
    entry.at = at
    if (!this.#turning) this.#start(now)
    link(this.#slots[Math.floor(at / TICK_MS) & MASK]!, entry)
    this.#count++
  }

  /** Takes `entry` out; nothing happens when it is not scheduled. */
  cancel(entry: Deadline): void {
    if (entry.next !== undefined) this.#unlink(entry)
  }

  #unlink(entry: Deadline): void {
    unlink(entry)
    this.#count--
  }

  #start(now: number): void {
    this.#turning = true
    this.#now = now
    this.#lastTick = Math.floor(now / TICK_MS)
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#turn(), TICK_MS)
      this.#timer.unref()
    } else this.#timer.refresh()
  }

  #turn(): void {
    const now = performance.now()
    const tick = Math.floor(now / TICK_MS)
    this.#now = now
    // The current slot is visited again by the next turn: entries in its later part are not due yet.
    for (let t = Math.max(this.#lastTick, tick - MASK); t <= tick; t++) this.#collect(this.#slots[t & MASK]!, now)
    this.#lastTick = tick
    for (let entry = this.#due.next; entry !== this.#due; entry = this.#due.next) {
      this.#unlink(entry)
      try {
        entry.fire()
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
    if (this.#count > 0) this.#timer!.refresh()
    else this.#turning = false
  }

  /** Moves what is due aside first, so that `fire()` may schedule and cancel whatever it likes. */
  #collect(slot: ListHead, now: number): void {
    for (let entry: Deadline = slot.next; entry !== slot; ) {
      const following = entry.next!
      if (entry.at <= now) {
        unlink(entry)
        link(this.#due, entry)
      }
      entry = following
    }
  }
}

function link(head: ListHead, entry: Deadline): void {
  const last = head.previous
  entry.previous = last
  entry.next = head
  last.next = entry
  head.previous = entry
}

function unlink(entry: Deadline): void {
  entry.previous!.next = entry.next
  entry.next!.previous = entry.previous
  entry.next = undefined
  entry.previous = undefined
}

/** The wheel of this process, shared by every room: one timer for all. */
export const deadlines = new TimerWheel()
