import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GobDecoder } from '../../../../../plugins/auth/revoker/gob/decoder.js'
import { type Encodable, GOB, GobEncoder, type GobType } from '../../../../../plugins/auth/revoker/gob/encoder.js'
import { FrameReader } from '../../../../../plugins/auth/revoker/gob/frame-reader.js'
import type { GobValue } from '../../../../../plugins/auth/revoker/gob/types.js'
import { holds } from '../../../../fuzz/fuzz.js'

/** One stream in both directions. */
function stream(): (type: GobType, value: Encodable) => GobValue {
  const encoder = new GobEncoder()
  const decoder = new GobDecoder()
  const frames = new FrameReader()
  return (type, value) => {
    frames.push(encoder.encode(type, value))
    for (let frame = frames.next(1 << 20); frame !== undefined; frame = frames.next(1 << 20)) {
      const decoded = decoder.take(frame)
      if (decoded !== undefined) return decoded
    }
    throw new Error('no value was written')
  }
}

const POINT: GobType = {
  kind: 'struct',
  name: 'Point',
  fields: [
    ['X', GOB.int],
    ['Y', GOB.float]
  ]
}

test('a type is defined once per stream', () => {
  const encoder = new GobEncoder()
  const first = encoder.encode(POINT, { X: 1 })
  const second = encoder.encode(POINT, { X: 1 })
  assert.ok(second.length < first.length)
  assert.deepEqual(second, first.subarray(first.length - second.length))
})

test('zero is left out of structs, and stays in lists', () => {
  const through = stream()
  assert.deepEqual({ ...(through(POINT, { X: 0, Y: 0 }) as object) }, {})
  assert.deepEqual(through({ kind: 'slice', elem: GOB.bool }, [true, false, true]), [true, false, true])
  assert.deepEqual(Object.is(({ ...(through(POINT, { Y: -0 }) as object) } as { Y?: number }).Y, -0), true)
})

test('values come back as they went', t => {
  const through = stream()
  const safe = (value: bigint): number | bigint => (value >= -(2n ** 53n) + 1n && value < 2n ** 53n ? Number(value) : value)
  const cases: [GobType, fc.Arbitrary<Encodable>][] = [
    [GOB.int, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(safe)],
    [GOB.uint, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(safe)],
    [GOB.float, fc.double()],
    [GOB.bool, fc.boolean()],
    [GOB.string, fc.string({ unit: 'grapheme' })],
    [GOB.bytes, fc.uint8Array().map(bytes => Buffer.from(bytes))],
    [{ kind: 'slice', elem: GOB.string }, fc.array(fc.string())],
    [{ kind: 'binary', name: 'Some' }, fc.uint8Array().map(bytes => Buffer.from(bytes))]
  ]
  for (const [type, arbitrary] of cases)
    holds(
      t,
      100,
      fc.property(arbitrary, value => {
        assert.deepEqual(through(type, value), value)
      })
    )
})
