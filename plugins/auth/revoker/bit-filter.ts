/** One Bloom filter: `m` bits, in the order of KrakenD's library. */
export class BitFilter {
  readonly m: number
  /** As many as `m` needs. */
  readonly bits: Uint8Array
  /** The same memory, four bytes each, with up to three more at its end. */
  private readonly words: Uint32Array
  private set = 0

  /** @throws RangeError when there is no memory for it */
  constructor(m: number) {
    this.m = m
    this.words = new Uint32Array(Math.ceil(m / 32))
    this.bits = new Uint8Array(this.words.buffer, 0, Math.ceil(m / 8))
  }

  /** The part of the bits that are set, 0…1. */
  get fill(): number {
    return this.set / this.m
  }

  add(positions: Float64Array): void {
    const { bits } = this
    for (let i = 0; i < positions.length; i++) {
      const at = Math.floor(positions[i]! / 8)
      const mask = 1 << (positions[i]! % 8)
      const byte = bits[at]!
      if ((byte & mask) !== 0) continue
      bits[at] = byte | mask
      this.set++
    }
  }

  has(positions: Float64Array): boolean {
    const { bits } = this
    for (let i = 0; i < positions.length; i++) {
      if ((bits[Math.floor(positions[i]! / 8)]! & (1 << (positions[i]! % 8))) === 0) return false
    }
    return true
  }

  clear(): void {
    this.words.fill(0)
    this.set = 0
  }

  /** Sets the bits of `other`, a part of another filter's bits that begins with byte `from`, a multiple of 4. */
  unite(other: Uint8Array, from: number): void {
    const { words } = this
    // a copy, because `other` may begin anywhere in memory
    const theirs = new Uint32Array(Math.ceil(other.length / 4))
    new Uint8Array(theirs.buffer).set(other)
    for (let i = 0, at = from / 4; i < theirs.length; i++, at++) {
      const word = theirs[i]!
      if (word === 0) continue
      const fresh = word & ~words[at]!
      words[at] = words[at]! | word
      this.set += ONES[fresh & 0xff]! + ONES[(fresh >>> 8) & 0xff]! + ONES[(fresh >>> 16) & 0xff]! + ONES[fresh >>> 24]!
    }
  }
}

/** How many bits of a byte are set. */
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length)
