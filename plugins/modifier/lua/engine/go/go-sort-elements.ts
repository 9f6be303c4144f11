/** What Go's `sort.Sort` does with elements without asking for their order. */

/** Up to so many elements are sorted by insertion. */
export const FEW = 12

/** What the exchanges on the way to a pivot tell. */
export const DECREASING = 2
export const INCREASING = 1
export const UNKNOWN = 0

export abstract class Elements<T> {
  protected readonly data: T[]

  constructor(data: T[]) {
    this.data = data
  }

  protected swap(i: number, j: number): void {
    const { data } = this
    const held = data[i]!
    data[i] = data[j]!
    data[j] = held
  }

  protected reverse(a: number, b: number): void {
    for (let i = a, j = b - 1; i < j; i++, j--) this.swap(i, j)
  }

  /** Go's xorshift of 64 bits, seeded with the length; only the low bits are used. */
  protected breakPatterns(a: number, b: number): void {
    const length = b - a
    if (length < 8) return
    let random = BigInt(length)
    const modulus = 2 ** (32 - Math.clz32(length))
    const at = a + Math.floor(length / 4) * 2 - 1
    for (let i = 0; i < 3; i++) {
      random ^= (random << 13n) & 0xffffffffffffffffn
      random ^= random >> 7n
      random ^= (random << 17n) & 0xffffffffffffffffn
      let other = Number(random & BigInt(modulus - 1))
      if (other >= length) other -= length
      this.swap(at + i, a + other)
    }
  }
}
