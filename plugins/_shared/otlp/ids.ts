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

const scratch = Buffer.alloc(16)

function put(value: number, to: number): void {
  scratch[to] = value >>> 24
  scratch[to + 1] = value >>> 16
  scratch[to + 2] = value >>> 8
  scratch[to + 3] = value
}

/** Returns 16 hexadecimal digits. One call into the runtime: formatting each number by itself took half of a recorded request's time. */
export function hex64(high: number, low: number): string {
  put(high, 0)
  put(low, 4)
  return scratch.toString('hex', 0, 8)
}

/** Returns 32 hexadecimal digits. */
export function hex128(a: number, b: number, c: number, d: number): string {
  put(a, 0)
  put(b, 4)
  put(c, 8)
  put(d, 12)
  return scratch.toString('hex', 0, 16)
}

/** Reads 8 hexadecimal digits of `text` from `start` on. They must be digits. */
export function parse32(text: string, start: number): number {
  return Number.parseInt(text.slice(start, start + 8), 16)
}
