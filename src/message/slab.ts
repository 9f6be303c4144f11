import { Buffer } from 'node:buffer'

/** Bytes that pieces of memory are cut from. A piece that is kept keeps all of it, so it is small. */
const SLAB_BYTES = 64 * 1024
/** Node cuts smaller buffers from a pool of its own. */
const LEAST_BYTES = 4 * 1024
/** Larger ones have memory of their own. */
const MOST_CUT_BYTES = SLAB_BYTES / 2
/** Larger ones are not used again. */
const MOST_BYTES = 64 * 1024
/** Pieces take multiples of it, so that one fits bodies of about the same size. */
const STEP_BYTES = 4 * 1024
/** Most pieces that wait to be used again. With their slabs they keep 2 MiB at most. */
const MOST_SPARE = 32

let slab: Buffer | undefined
let used = 0

/** Pieces that came back, by steps of size; of each the last one is still in the processor's cache. */
const spare: Buffer[][] = Array.from({ length: MOST_BYTES / STEP_BYTES + 1 }, () => [])
let spared = 0

/**
 * Returns memory that is not cleared: the caller fills it. Node allocates each buffer of more than 4 KiB anew, and tells the garbage
 * collector of it, which costs some 3 µs (bench/peers, group). Here a few of them share an allocation.
 */
export function allocateBytes(size: number): Buffer {
  if (size < LEAST_BYTES || size > MOST_BYTES) return Buffer.allocUnsafe(size)
  const steps = Math.ceil(size / STEP_BYTES)
  const again = spare[steps]!.pop()
  if (again !== undefined) {
    spared--
    return again.length === size ? again : Buffer.from(again.buffer, again.byteOffset, size)
  }
  const room = steps * STEP_BYTES
  if (room > MOST_CUT_BYTES) return Buffer.allocUnsafeSlow(room).subarray(0, size)
  if (slab === undefined || used + room > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
    used = 0
  }
  const bytes = slab.subarray(used, used + size)
  used += room
  return bytes
}

/**
 * Takes back what {@link allocateBytes} returned, so that another body gets the same memory. Nothing may use it any more. Memory
 * outside of V8's heap counts as garbage there: 16 KiB for each request made V8 mark its whole heap after every 800 requests. That was a
 * fifth of the CPU (bench/scripting, none).
 */
export function freeBytes(bytes: Buffer): void {
  const { length } = bytes
  if (length < LEAST_BYTES || length > MOST_BYTES || spared === MOST_SPARE) return
  spare[Math.ceil(length / STEP_BYTES)]!.push(bytes)
  spared++
}
