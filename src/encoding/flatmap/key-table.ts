/** Keys of one JSON object by their bytes, where they stand in the document: finds repeated ones without making strings. */

import { skipString } from '../../message/json/scan.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Compares two keys of one document; `a` and `b` are the offsets of their opening quotes. */
export function sameKey(bytes: Buffer, a: number, b: number): boolean {
  for (let i = 1; ; i++) {
    const x = bytes[a + i]!
    const y = bytes[b + i]!
    if (x === BACKSLASH || y === BACKSLASH) return keyText(bytes, a) === keyText(bytes, b)
    if (x !== y) return false
    if (x === QUOTE) return true
  }
}

/** Reads a key; `quote` is the offset of its opening quote. */
export function keyText(bytes: Buffer, quote: number): string {
  const text = bytes.toString('utf8', quote + 1, skipString(bytes, quote + 1) - 1)
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
}

/** A hash table of keys; holds a number with each. */
export class KeyTable {
  private readonly bytes: Buffer
  private readonly keys: Uint32Array
  private readonly values: Uint32Array
  private readonly mask: number

  /** @param keys how many will be put in at most. */
  constructor(bytes: Buffer, keys: number) {
    let size = 16
    while (size < keys * 2) size *= 2
    this.bytes = bytes
    this.keys = new Uint32Array(size)
    this.values = new Uint32Array(size)
    this.mask = size - 1
  }

  /** Puts in a key with its value, which is not 0; returns the value of the same key that was there, or 0. */
  put(quote: number, value: number): number {
    let slot = this.hash(quote) & this.mask
    while (this.values[slot] !== 0) {
      if (sameKey(this.bytes, this.keys[slot]!, quote)) break
      slot = (slot + 1) & this.mask
    }
    const before = this.values[slot]!
    this.keys[slot] = quote
    this.values[slot] = value
    return before
  }

  private hash(quote: number): number {
    const { bytes } = this
    let hash = SEED
    for (let i = quote + 1; ; i++) {
      const c = bytes[i]!
      if (c === QUOTE) return finish(hash)
      if (c === BACKSLASH) break
      hash = Math.imul(hash ^ c, 0x01000193)
    }
    hash = SEED
    for (const c of Buffer.from(keyText(bytes, quote))) hash = Math.imul(hash ^ c, 0x01000193)
    return finish(hash)
  }
}

/** Differs from process to process, so that a document cannot be made for which all keys fall into one place. */
const SEED = Math.floor(Math.random() * 0x7fffffff)

function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 13)) >>> 0
}
