/** Tells whether keys of closed objects are known to differ, without opening an object. */

import type { RawNode } from './node.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Most keys that are compared. */
const MOST_KEYS = 32
/** bytes; longest key that is compared. */
const LONGEST_KEY = 128

/** Hashes of the keys that were seen; shared, since a look at some objects keeps nothing. */
const SEEN = new Int32Array(MOST_KEYS)

/**
 * Adds the keys of an object to the `seen` ones, 0 for the first object. Returns how many there are now; -1 where two may be the same,
 * where there are very many, and where only opening tells.
 */
export function addKeys(seen: number, { bytes, fields }: RawNode): number {
  if (bytes === undefined || fields === undefined) return fields?.length === 0 ? seen : -1
  if (seen + fields.length / 3 > MOST_KEYS) return -1
  let count = seen
  for (let k = 0; k < fields.length; k += 3) {
    const hash = hashOfKey(bytes, fields[k]!)
    if (hash === undefined) return -1
    for (let i = 0; i < count; i++) if (SEEN[i] === hash) return -1
    SEEN[count++] = hash
  }
  return count
}

/** A number for a key whose opening quote stands at `quote`; undefined for long ones and for escapes, which are ways to write the same key. */
function hashOfKey(bytes: Buffer, quote: number): number | undefined {
  let hash = 0
  for (let i = quote + 1; i <= quote + LONGEST_KEY; i++) {
    const c = bytes[i]!
    if (c === QUOTE) return hash
    if (c === BACKSLASH) return undefined
    hash = (Math.imul(hash, 31) + c) | 0
  }
  return undefined
}
