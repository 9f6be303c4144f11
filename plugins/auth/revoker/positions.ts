/** Where the bits of an element stand in a filter. */

import { crc64, fnv64, fnv128, md5, sha1, type TakeWord } from './words.js'

export const HASH_NAMES = ['optimal', 'default'] as const
export type HashName = (typeof HASH_NAMES)[number]

/** Computes the positions of an element; returns the same array each time, filled anew. */
export type Positions = (element: Uint8Array) => Float64Array

/** Compiles the positions in filters of `m` bits, at most 2^37. */
export function compilePositions(hash: HashName, m: number, k: number): Positions {
  return hash === 'optimal' ? compileOptimal(m, k) : compileDefault(m, k)
}

const TWO_32 = 2 ** 32

/** A word of 64 bits modulo `m`, in steps that fit into 53 bits. */
function modulo(high: number, low: number, m: number): number {
  let rest = (high >>> 16) % m
  rest = (rest * 65536 + (high & 0xffff)) % m
  rest = (rest * 65536 + (low >>> 16)) % m
  return (rest * 65536 + (low & 0xffff)) % m
}

/** Two words of one hash: the first plus i times the second, modulo 2^64. */
function compileOptimal(m: number, k: number): Positions {
  const positions = new Float64Array(k)
  const words = new Float64Array(4)
  let at = 0
  const take: TakeWord = (high, low) => {
    words[at++] = high
    words[at++] = low
  }
  // what a sum that leaves the 64 bits lacks, modulo m
  const lost = m - 1 - modulo(0xffffffff, 0xffffffff, m)
  return element => {
    at = 0
    fnv128(element, take)
    let high = words[0]!
    let low = words[1]!
    const stepHigh = words[2]!
    const stepLow = words[3]!
    const step = modulo(stepHigh, stepLow, m)
    let position = modulo(high, low, m)
    for (let i = 0; i < k; i++) {
      positions[i] = position
      low += stepLow
      const carry = low >= TWO_32 ? 1 : 0
      low -= carry * TWO_32
      high += stepHigh + carry
      position += step
      if (high >= TWO_32) {
        high -= TWO_32
        position += lost
      }
      // at most three times m
      if (position >= m) position -= m
      if (position >= m) position -= m
    }
    return positions
  }
}

/** The words of each hash, and how many they are. */
const HASHES = [
  [md5, 2],
  [crc64, 1],
  [sha1, 2],
  [fnv64, 1],
  [fnv128, 2]
] as const

/** All words of the first `k` hashes; there are five. */
function compileDefault(m: number, k: number): Positions {
  const hashes = HASHES.slice(0, k)
  const positions = new Float64Array(hashes.reduce((sum, [, words]) => sum + words, 0))
  let at = 0
  const take: TakeWord = (high, low) => {
    positions[at++] = modulo(high, low, m)
  }
  return element => {
    at = 0
    for (const [hash] of hashes) hash(element, take)
    return positions
  }
}
