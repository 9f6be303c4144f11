/**
 * Latencies of the last minute, in buckets that grow by an eighth: a quantile is off by 6 % at most. Bounded: 4 KiB once something was
 * recorded, nothing before.
 */

import type { StatusClock } from './clock.js'
import type { LatencyCounts, LatencyReport } from './report.js'

/** Slots of ten seconds. */
const SLOTS = 6
const SMALLEST_MS = 0.05
const GROWTH = Math.log(1.125)
/** Up to about five minutes. */
const BUCKETS = 134
/** Where the sums of all slots stand, behind the slots. */
const SUMS = SLOTS * BUCKETS

/** What stands for a bucket, ms, with three digits. */
const BUCKET_MS = Array.from({ length: BUCKETS }, (_, at) =>
  at === 0 ? SMALLEST_MS : Number((SMALLEST_MS * Math.exp((at - 0.5) * GROWTH)).toPrecision(3))
)

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
    this.counts ??= new Uint32Array(SUMS + BUCKETS)
    if (this.slot !== this.clock.slot) this.advance(this.counts)
    const at = ms <= SMALLEST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / SMALLEST_MS) / GROWTH))
    this.counts[(this.slot % SLOTS) * BUCKETS + at]!++
    this.counts[SUMS + at]!++
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
    for (let at = 0; at < BUCKETS; at++) {
      const count = counts[SUMS + at]!
      sums[at]! += count
      total += count
    }
    return total
  }

  /** Forgets what is older than a minute. */
  private advance(counts: Uint32Array): void {
    const { slot } = this.clock
    const gone = Math.min(SLOTS, slot - this.slot)
    for (let i = 0; i < gone; i++) {
      const from = ((slot - i) % SLOTS) * BUCKETS
      for (let at = 0; at < BUCKETS; at++) counts[SUMS + at]! -= counts[from + at]!
      counts.fill(0, from, from + BUCKETS)
    }
    this.slot = slot
  }
}

/** The quantiles of several windows together. */
export function quantilesOf(windows: Iterable<LatencyWindow>): Quantiles | undefined {
  return quantilesIn(fill(windows))
}

/** Counts of the last minute, which other processes add to theirs. */
export function latencyCounts(windows: Iterable<LatencyWindow>): LatencyCounts {
  const counts: number[] = []
  if (fill(windows) > 0) for (let at = 0; at < BUCKETS; at++) if (scratch[at]! > 0) counts.push(at, scratch[at]!)
  return counts
}

/** Latencies as operators see them. @param counts of one process, or of several behind each other */
export function latencyReport(counts: LatencyCounts): LatencyReport {
  scratch.fill(0)
  let total = 0
  for (let i = 0; i + 1 < counts.length; i += 2) {
    scratch[counts[i]!]! += counts[i + 1]!
    total += counts[i + 1]!
  }
  return reportOf(quantilesIn(total))
}

/** Quantiles as a report has them; without any nothing. */
export function reportOf(quantiles: Quantiles | undefined): LatencyReport {
  return quantiles === undefined ? {} : { p50_ms: quantiles[0], p95_ms: quantiles[1], p99_ms: quantiles[2] }
}

/** Puts the counts of windows into {@link scratch}; returns their number. */
function fill(windows: Iterable<LatencyWindow>): number {
  scratch.fill(0)
  let total = 0
  for (const window of windows) total += window.addTo(scratch)
  return total
}

function quantilesIn(total: number): Quantiles | undefined {
  if (total === 0) return undefined
  let at = 0
  let below = scratch[0]!
  const next = (share: number): number => {
    const rank = Math.ceil(total * share)
    while (at < BUCKETS - 1 && below < rank) below += scratch[++at]!
    return BUCKET_MS[at]!
  }
  return [next(0.5), next(0.95), next(0.99)]
}
