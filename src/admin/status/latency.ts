/**
 * Latencies of the last minute, in buckets that grow by an eighth: a quantile is off by 6 % at most. Bounded: 3 KiB once something was
 * recorded, nothing before.
 */

import type { StatusClock } from './clock.js'

/** Slots of ten seconds. */
const SLOTS = 6
const SMALLEST_MS = 0.05
const GROWTH = Math.log(1.125)
/** Up to about five minutes. */
const BUCKETS = 134

const scratch = new Uint32Array(BUCKETS)

/** p50, p95 and p99, ms; undefined when nothing was recorded. */
export type Quantiles = readonly [p50: number, p95: number, p99: number]

/** A sliding window of latencies. */
export class LatencyWindow {
  private readonly clock: StatusClock
  private counts: Uint32Array | undefined
  /** Number of the slot that was written last. */
  private slot = 0

  constructor(clock: StatusClock) {
    this.clock = clock
  }

  record(ms: number): void {
    this.counts ??= new Uint32Array(SLOTS * BUCKETS)
    if (this.slot !== this.clock.slot) this.advance(this.counts)
    const at = ms <= SMALLEST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / SMALLEST_MS) / GROWTH))
    this.counts[(this.slot % SLOTS) * BUCKETS + at]!++
  }

  quantiles(): Quantiles | undefined {
    return quantilesOf([this])
  }

  /** Adds the counts of the last minute; returns their number. */
  addTo(sums: Uint32Array): number {
    const { counts } = this
    if (counts === undefined) return 0
    if (this.slot !== this.clock.slot) this.advance(counts)
    let total = 0
    for (let from = 0; from < counts.length; from += BUCKETS) {
      for (let at = 0; at < BUCKETS; at++) {
        const count = counts[from + at]!
        sums[at]! += count
        total += count
      }
    }
    return total
  }

  /** Forgets what is older than a minute. */
  private advance(counts: Uint32Array): void {
    const { slot } = this.clock
    const gone = Math.min(SLOTS, slot - this.slot)
    for (let i = 0; i < gone; i++) {
      const from = ((slot - i) % SLOTS) * BUCKETS
      counts.fill(0, from, from + BUCKETS)
    }
    this.slot = slot
  }
}

/** The quantiles of several windows together. */
export function quantilesOf(windows: Iterable<LatencyWindow>): Quantiles | undefined {
  scratch.fill(0)
  let total = 0
  for (const window of windows) total += window.addTo(scratch)
  if (total === 0) return undefined
  return [quantile(total, 0.5), quantile(total, 0.95), quantile(total, 0.99)]
}

function quantile(total: number, share: number): number {
  let left = Math.ceil(total * share)
  let at = 0
  while (at < BUCKETS - 1 && left > scratch[at]!) left -= scratch[at++]!
  return at === 0 ? SMALLEST_MS : SMALLEST_MS * Math.exp((at - 0.5) * GROWTH)
}
