import type { TokenBucket } from './token-bucket.js'

/** Places a shard begins with; a power of two. */
const FIRST_PLACES = 16

/**
 * Buckets in arrays of numbers, found by 64 bits that stand for a limit and its client: 20 bytes a place, at most three quarters of the
 * places taken. Nothing is removed: a shard is dropped as a whole.
 */
export class BucketShard {
  size = 0
  private places = FIRST_PLACES
  /** Two halves of each key; 0 in the first one = free. */
  private keys = new Uint32Array(2 * FIRST_PLACES)
  private tokens = new Uint32Array(FIRST_PLACES)
  private refilledAt = new Float64Array(FIRST_PLACES)

  /** Returns the place of a key, -1 when it has none. `high` is not 0. */
  find(high: number, low: number): number {
    const at = this.placeFor(high, low)
    return this.keys[2 * at] === 0 ? -1 : at
  }

  /** Makes a place for a key that has none. */
  add(high: number, low: number): number {
    if (this.size >= this.places * 0.75) this.grow()
    const at = this.placeFor(high, low)
    this.keys[2 * at] = high
    this.keys[2 * at + 1] = low
    this.size++
    return at
  }

  load(at: number, bucket: TokenBucket): void {
    bucket.tokens = this.tokens[at]!
    bucket.refilledAt = this.refilledAt[at]!
  }

  save(at: number, bucket: TokenBucket): void {
    this.tokens[at] = bucket.tokens
    this.refilledAt[at] = bucket.refilledAt
  }

  /** Where a key stands, or would. */
  private placeFor(high: number, low: number): number {
    const { keys, places } = this
    let at = low & (places - 1)
    while (keys[2 * at] !== 0 && (keys[2 * at] !== high || keys[2 * at + 1] !== low)) at = (at + 1) & (places - 1)
    return at
  }

  private grow(): void {
    const { keys, tokens, refilledAt, places } = this
    this.places = 2 * places
    this.keys = new Uint32Array(2 * this.places)
    this.tokens = new Uint32Array(this.places)
    this.refilledAt = new Float64Array(this.places)
    for (let from = 0; from < places; from++) {
      const high = keys[2 * from]!
      if (high === 0) continue
      const low = keys[2 * from + 1]!
      const at = this.placeFor(high, low)
      this.keys[2 * at] = high
      this.keys[2 * at + 1] = low
      this.tokens[at] = tokens[from]!
      this.refilledAt[at] = refilledAt[from]!
    }
  }
}
