import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocateBytes } from '../../src/message/slab.js'

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
