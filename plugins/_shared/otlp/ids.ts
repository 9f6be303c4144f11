/** Identifiers of traces and spans: 32-bit numbers from a pool of secure random bytes. */

import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4096
const pool = Buffer.alloc(POOL_BYTES)
let at = POOL_BYTES

/** Returns 32 random bits. */
export function random32(): number {
  if (at === POOL_BYTES) {
    randomFillSync(pool)
    at = 0
  }
  const value = pool.readUInt32BE(at)
  at += 4
  return value
}

/** 8 hexadecimal digits. */
export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}

/** Reads 8 hexadecimal digits of `text` from `start` on. They must be digits. */
export function parse32(text: string, start: number): number {
  return Number.parseInt(text.slice(start, start + 8), 16)
}
