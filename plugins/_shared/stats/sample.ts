/** A histogram of everything since the start: exact count, bounds, mean and deviation; percentiles of a uniform sample. */

/** Values kept. */
const SIZE = 1028

/** The fields of a histogram, by the ends of their names. */
export type Summary = readonly (readonly [field: string, value: number])[]

const PERCENTILES: readonly (readonly [field: string, share: number])[] = [
  ['50-percentile', 0.5],
  ['75-percentile', 0.75],
  ['95-percentile', 0.95],
  ['99-percentile', 0.99],
  ['999-percentile', 0.999]
]

/** Keeps any number of values in constant memory, allocated with the first one. */
export class Sample {
  count = 0
  private min = 0
  private max = 0
  private mean = 0
  /** Sum of squared distances from the mean (Welford). */
  private squares = 0
  private values: Float64Array | undefined

  record(value: number): void {
    this.values ??= new Float64Array(SIZE)
    this.count++
    this.min = this.count === 1 ? value : Math.min(this.min, value)
    this.max = this.count === 1 ? value : Math.max(this.max, value)
    const distance = value - this.mean
    this.mean += distance / this.count
    this.squares += distance * (value - this.mean)
    // Vitter's algorithm R: every value is in the sample with the same probability
    const place = this.count <= SIZE ? this.count - 1 : Math.floor(Math.random() * this.count)
    if (place < SIZE) this.values[place] = value
  }

  /** The bounds and the spread. */
  spread(): { readonly min: number; readonly max: number; readonly mean: number; readonly variance: number } {
    const { min, max, mean, squares, count } = this
    return { min, max, mean, variance: count === 0 ? 0 : squares / count }
  }

  /** Values below which the given shares of all values lie. */
  quantiles(shares: readonly number[]): readonly number[] {
    const sorted = this.sorted()
    return shares.map(share => percentile(sorted, share))
  }

  private sorted(): Float64Array {
    return this.values?.slice(0, Math.min(this.count, SIZE)).sort() ?? new Float64Array(0)
  }

  summary(): Summary {
    const sorted = this.sorted()
    return [
      ['count', this.count],
      ['min', this.min],
      ['max', this.max],
      ['mean', this.mean],
      ['std-dev', Math.sqrt(this.spread().variance)],
      ...PERCENTILES.map(([field, share]) => [field, percentile(sorted, share)] as const)
    ]
  }
}

/** Between neighbours it is interpolated. */
function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return 0
  const position = share * (sorted.length + 1)
  if (position < 1) return sorted[0]!
  if (position >= sorted.length) return sorted[sorted.length - 1]!
  const below = sorted[Math.floor(position) - 1]!
  const above = sorted[Math.floor(position)]!
  return below + (position - Math.floor(position)) * (above - below)
}
