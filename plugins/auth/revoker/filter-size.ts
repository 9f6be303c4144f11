/** How large a Bloom filter must be: the formulas of KrakenD's library, so that filters of both have one form. */

export interface FilterSize {
  /** Bits of one filter. */
  readonly m: number
  /** Hash functions that are wanted. */
  readonly k: number
}

/** Most bytes of one filter: 1 GiB. There are three. */
export const MAX_FILTER_BYTES = 2 ** 30

/**
 * Computes the size for `n` elements and the rate `p` of false positives. The order of the operations is the library's: another one
 * differs in the last bit.
 */
export function filterSize(n: number, p: number): FilterSize {
  const m = Math.ceil(-(n * Math.log(p)) / Math.log(2 ** Math.log(2)))
  return { m, k: Math.ceil((Math.log(2) * m) / n) }
}

/** bytes of one filter. */
export function bytesOf({ m }: FilterSize): number {
  return Math.ceil(m / 8)
}
