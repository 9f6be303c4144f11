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

test('memory that is given back is used for the next piece of about its size, and for one alone', () => {
  const first = allocateBytes(8001)
  freeBytes(first)
  const second = allocateBytes(8190)
  assert.deepEqual([second.buffer, second.byteOffset, second.length], [first.buffer, first.byteOffset, 8190])
  const third = allocateBytes(8001)
  second.fill(2)
  third.fill(3)
  assert.ok(second.every(byte => byte === 2))
  // those that are too small or too large are left alone
  for (const alone of [allocateBytes(100), allocateBytes(100_000)]) {
    freeBytes(alone)
    const next = allocateBytes(alone.length)
    assert.ok(next.buffer !== alone.buffer || next.byteOffset !== alone.byteOffset)
  }
})

test('pieces of any size that come and go never share a byte', () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return seed % below
  }
  const held: { readonly bytes: Buffer; readonly mark: number }[] = []
  for (let i = 0; i < 20_000; i++) {
    if (held.length < 60 && random(2) === 0) {
      const mark = i % 251
      held.push({ bytes: allocateBytes(random(70_000)).fill(mark), mark })
    } else if (held.length > 0) {
      const [{ bytes, mark }] = held.splice(random(held.length), 1) as [(typeof held)[number]]
      assert.ok(
        bytes.every(byte => byte === mark),
        `piece ${i}`
      )
      freeBytes(bytes)
    }
  }
})

test('few pieces wait to be used again', () => {
  const pieces = Array.from({ length: 200 }, () => allocateBytes(60_000))
  const memory = new Set(pieces.map(piece => piece.buffer))
  for (const piece of pieces) freeBytes(piece)
  const again = Array.from({ length: 200 }, () => allocateBytes(60_000)).filter(piece => memory.has(piece.buffer))
  assert.ok(again.length > 0 && again.length <= 32, `${again.length}`)
})
