/**
 * The hashes of KrakenD's Bloom filter, as words of 64 bits: pairs of unsigned 32-bit numbers, high half first.
 * A word is made of 8 bytes of the digest, little-endian.
 */

import { createHash } from 'node:crypto'

/** Takes words one by one. */
export type TakeWord = (high: number, low: number) => void

/** FNV-1 of 128 bits: two words. */
export function fnv128(bytes: Uint8Array, take: TakeWord): void {
  // the state in four numbers of 32 bits, lowest first
  let a = 0x6295c58d
  let b = 0x62b82175
  let c = 0x07bb0142
  let d = 0x6c62272e
  for (let i = 0; i < bytes.length; i++) {
    // times the prime 2^88 + 0x13b
    const low = a * 0x13b
    const second = b * 0x13b + Math.floor(low / TWO_32)
    const third = c * 0x13b + Math.floor(second / TWO_32) + ((a << 24) >>> 0)
    const fourth = d * 0x13b + Math.floor(third / TWO_32) + (((b << 24) | (a >>> 8)) >>> 0)
    a = ((low >>> 0) ^ bytes[i]!) >>> 0
    b = second >>> 0
    c = third >>> 0
    d = fourth >>> 0
  }
  // the digest is big-endian, its words are little-endian
  take(swapped(c), swapped(d))
  take(swapped(a), swapped(b))
}

/** FNV-1 of 64 bits: one word. */
export function fnv64(bytes: Uint8Array, take: TakeWord): void {
  let low = 0x84222325
  let high = 0xcbf29ce4
  for (let i = 0; i < bytes.length; i++) {
    // times the prime 2^40 + 0x1b3
    const first = low * 0x1b3
    const second = high * 0x1b3 + Math.floor(first / TWO_32) + ((low << 8) >>> 0)
    low = ((first >>> 0) ^ bytes[i]!) >>> 0
    high = second >>> 0
  }
  take(swapped(low), swapped(high))
}

/** CRC-64 of ECMA-182, reflected: one word. */
export function crc64(bytes: Uint8Array, take: TakeWord): void {
  crcTable ??= makeCrcTable()
  const table = crcTable
  let high = 0xffffffff
  let low = 0xffffffff
  for (let i = 0; i < bytes.length; i++) {
    const at = ((low ^ bytes[i]!) & 0xff) * 2
    low = (((low >>> 8) | (high << 24)) ^ table[at + 1]!) >>> 0
    high = ((high >>> 8) ^ table[at]!) >>> 0
  }
  take(swapped(~low >>> 0), swapped(~high >>> 0))
}

export const md5 = (bytes: Uint8Array, take: TakeWord): void => digest('md5', bytes, take)
export const sha1 = (bytes: Uint8Array, take: TakeWord): void => digest('sha1', bytes, take)

/** All whole words of a digest. */
function digest(name: string, bytes: Uint8Array, take: TakeWord): void {
  const sum = createHash(name).update(bytes).digest()
  for (let at = 0; at + 8 <= sum.length; at += 8) take(sum.readUInt32LE(at + 4), sum.readUInt32LE(at))
}

const TWO_32 = 2 ** 32

/** The same 32 bits with their bytes in the other order. */
function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}

let crcTable: Uint32Array | undefined

/** 256 entries of a high and a low half. */
function makeCrcTable(): Uint32Array {
  const table = new Uint32Array(512)
  for (let byte = 0; byte < 256; byte++) {
    let high = 0
    let low = byte
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1
      low = ((low >>> 1) | (high << 31)) >>> 0
      high >>>= 1
      if (odd === 1) {
        high = (high ^ 0xc96c5795) >>> 0
        low = (low ^ 0xd7870f42) >>> 0
      }
    }
    table[byte * 2] = high
    table[byte * 2 + 1] = low
  }
  return table
}
