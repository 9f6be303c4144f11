import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnixClock } from '../../../../plugins/_shared/otlp/clock.js'
import { bytesField, intField, readFields } from '../../../../plugins/_shared/otlp/proto-reader.js'
import { ProtoWriter } from '../../../../plugins/_shared/otlp/proto-writer.js'

test('varints of every length are read back', () => {
  for (const value of [0, 1, 127, 128, 300, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER]) {
    const writer = new ProtoWriter(1)
    writer.varint(value)
    writer.byte(0x08)
    assert.equal(intField(readFields(writer.written()), 1), value)
  }
})

test('a negative integer has ten bytes', () => {
  const writer = new ProtoWriter(4)
  writer.varint(-1)
  assert.equal(writer.written().toString('hex'), 'ffffffffffffffffff01')
})

test('texts are UTF-8, short and long', () => {
  for (const text of ['', 'a', 'ä', 'x'.repeat(48), 'x'.repeat(49), `${'x'.repeat(47)}é`, '😀'.repeat(100)]) {
    const writer = new ProtoWriter(2)
    writer.text(text)
    writer.message(0, 0x0a)
    assert.equal(bytesField(readFields(writer.written()), 1)!.toString(), text)
  }
})

test('grows, and keeps what was written', () => {
  const writer = new ProtoWriter(1)
  for (let i = 0; i < 1000; i++) writer.byte(i & 0xff)
  assert.equal(writer.size, 1000)
  assert.equal(writer.written()[999], 0)
  writer.truncate(10)
  assert.equal(writer.size, 10)
  assert.equal(writer.written()[0], 9)
})

test('what is no message is read as far as it goes', () => {
  assert.deepEqual(readFields(Buffer.from([0x0a, 0x7f, 0x01])), [])
  assert.deepEqual(readFields(Buffer.from([0x08])).length, 1)
  assert.deepEqual(readFields(Buffer.from([0x08, 0x05, 0x07])), [[1, 5]])
})

test('times are nanoseconds since 1970', () => {
  const clock = new UnixClock()
  for (const now of [0, 1.5, performance.now(), 5e9]) {
    const writer = new ProtoWriter(8)
    clock.write(writer, now)
    const expected = performance.timeOrigin + now
    const got = Number(writer.written().readBigUInt64LE() / 1000n) / 1000
    assert.ok(Math.abs(got - expected) < 60, `${got} for ${expected}`)
  }
})
