import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { uintBytes } from '../../../../../plugins/auth/revoker/gob/encoder.js'
import { FrameReader } from '../../../../../plugins/auth/revoker/gob/frame-reader.js'
import { borders, cut, holds } from '../../../../fuzz/fuzz.js'

test('messages come out whole wherever the stream was cut', t => {
  holds(
    t,
    200,
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), borders, (messages, places) => {
      const frames = new FrameReader()
      const found: Buffer[] = []
      const whole = Buffer.concat(messages.flatMap(one => [uintBytes(one.length), one]))
      for (const piece of cut(whole, places)) {
        frames.push(piece)
        for (let one = frames.next(300); one !== undefined; one = frames.next(300)) found.push(Buffer.from(one))
      }
      assert.deepEqual(
        found,
        messages.map(one => Buffer.from(one))
      )
      assert.equal(frames.heldBytes, 0)
    })
  )
})

test('a long message is refused by its length alone', () => {
  const frames = new FrameReader()
  frames.push(Buffer.from([0xfc, 0x7f, 0xff, 0xff, 0xff]))
  assert.throws(() => frames.next(1000), /a message of 2147483647 bytes, 1000 are allowed/)
})

test('a length of nine bytes is refused', () => {
  const frames = new FrameReader()
  frames.push(Buffer.from([0xf7, 1]))
  assert.throws(() => frames.next(1000), /more than 8 bytes/)
})
