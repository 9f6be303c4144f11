import { Buffer } from 'node:buffer'

/** Bytes that pieces of memory are cut from. A piece that is kept keeps all of it, so it is small. */
const SLAB_BYTES = 64 * 1024
/** Node cuts smaller buffers from a pool of its own. */
const LEAST_BYTES = 4 * 1024
/** Larger ones have memory of their own. */
const MOST_BYTES = SLAB_BYTES / 2

/** Pieces begin at multiples of 8 bytes. */
const ALIGN = 7

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
  used = (used + size + ALIGN) & ~ALIGN
  return bytes
}

/**
 * Takes back what {@link allocateBytes} returned last, so that the next body gets the same memory. Nothing may use it any more. Memory
 * outside of V8's heap counts as garbage there: 16 KiB for each request made V8 mark its whole heap after every 800 requests. That was a
 * fifth of the CPU (bench/scripting, none).
 */
export function freeBytes(bytes: Buffer): void {
  if (bytes.buffer === slab?.buffer && ((bytes.byteOffset + bytes.length + ALIGN) & ~ALIGN) === used) used = bytes.byteOffset
}
