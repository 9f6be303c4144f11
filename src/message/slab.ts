import { Buffer } from 'node:buffer'

/** Bytes that pieces of memory are cut from. A piece that is kept keeps all of it, so it is small. */
const SLAB_BYTES = 64 * 1024
/** Node cuts smaller buffers from a pool of its own. */
const LEAST_BYTES = 4 * 1024
/** Larger ones have memory of their own. */
const MOST_BYTES = SLAB_BYTES / 2

let slab: Buffer | undefined
let used = 0

/**
 * Returns memory that is not cleared: the caller fills it. Node allocates each buffer of more than 4 KiB anew, and tells the garbage
 * collector of it, which costs some 3 µs (bench/peers, group). Here a few of them share an allocation.
 */
export function allocateBytes(size: number): Buffer {
  if (size < LEAST_BYTES || size > MOST_BYTES) return Buffer.allocUnsafe(size)
  if (slab === undefined || used + size > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
    used = 0
  }
  const bytes = slab.subarray(used, used + size)
  used = (used + size + 7) & ~7
  return bytes
}
