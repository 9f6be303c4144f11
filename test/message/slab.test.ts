import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocateBytes, freeBytes } from '../../src/message/slab.js'

const SIZES = [0, 1, 4095, 4096, 4097, 10_001, 32 * 1024, 32 * 1024 + 1, 100_000]

test('pieces have their size, and none has bytes of another one', () => {
  const pieces: Buffer[] = []
  for (let round = 0; round < 30; round++) for (const size of SIZES) pieces.push(allocateBytes(size).fill(pieces.length % 251))
  for (const [i, piece] of pieces.entries()) {
    assert.equal(piece.length, SIZES[i % SIZES.length])
    assert.ok(
      piece.every(byte => byte === i % 251),
      `piece ${i}`
    )
  }
})

/** Node's own pool, which small pieces are cut from: 64 KiB from Node 24 on; Node 26 aligns it with some bytes more. */
const LARGEST_SHARED = 64 * 1024 + 128

test('a piece keeps little more than 64 KiB in memory, a large one itself alone', () => {
  for (const size of SIZES) assert.ok(allocateBytes(size).buffer.byteLength <= Math.max(size, LARGEST_SHARED), `${size}`)
})

test('memory that is given back is used for the next piece, unless another piece was cut behind it', () => {
  // a new slab
  while (allocateBytes(8000).byteOffset !== 0);
  const first = allocateBytes(8001)
  freeBytes(first)
  const second = allocateBytes(5000)
  assert.deepEqual([second.buffer, second.byteOffset], [first.buffer, first.byteOffset])
  const third = allocateBytes(5000)
  freeBytes(second)
  assert.equal(allocateBytes(5000).byteOffset, third.byteOffset + 5000)
  for (const alone of [allocateBytes(100), allocateBytes(100_000)]) freeBytes(alone)
})
