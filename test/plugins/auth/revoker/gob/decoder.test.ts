import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DecodeLimits, GobDecoder } from '../../../../../plugins/auth/revoker/gob/decoder.js'
import { uintBytes } from '../../../../../plugins/auth/revoker/gob/encoder.js'
import { FrameReader } from '../../../../../plugins/auth/revoker/gob/frame-reader.js'
import { GobError, type GobMap, type GobValue } from '../../../../../plugins/auth/revoker/gob/types.js'
import { holds } from '../../../../fuzz/fuzz.js'
import { bytesOf, recorded } from '../recorded.js'

/** All values of a stream; the decoder may have seen earlier parts of it. */
function valuesOf(stream: Uint8Array, decoder = new GobDecoder()): GobValue[] {
  const frames = new FrameReader()
  frames.push(stream)
  const values: GobValue[] = []
  for (let frame = frames.next(1 << 20); frame !== undefined; frame = frames.next(1 << 20)) {
    const value = decoder.take(frame)
    if (value !== undefined) values.push(value)
  }
  return values
}

const message = (...bytes: number[]): Buffer => Buffer.from(bytes)

test('decodes what the RPC client of Go sends', () => {
  const decoder = new GobDecoder()
  const [first, ...others] = recorded.sessions[0]!.steps
  const [request, argument] = valuesOf(bytesOf(first!.sent), decoder)
  // Go leaves out what is zero: the first call has the number 0
  assert.deepEqual({ ...(request as object) }, { ServiceMethod: 'BloomfilterRPC.Add' })
  assert.deepEqual({ ...(argument as object) }, { Elems: [Buffer.from('jti-a'), Buffer.from('sub-b')] })
  for (const [index, call] of others.entries()) {
    const values = valuesOf(bytesOf(call.sent), decoder)
    assert.equal(values.length, 2, call.name)
    assert.equal((values[0] as { Seq: number }).Seq, index + 1)
  }
})

test('decodes every kind of value', () => {
  const decoder = new GobDecoder()
  const sent = recorded.sessions[0]!.steps.map(call => [call.name, valuesOf(bytesOf(call.sent), decoder)] as const)
  const { More, In, ...other } = sent.find(([name]) => name === 'other struct')![1][1] as Record<string, GobValue>
  assert.deepEqual(other, {
    Elems: ['jti-a'],
    Arr: [1, -2, 3],
    F: 1.5,
    B: true,
    I: -(2n ** 62n),
    U: 2n ** 63n
  })
  assert.deepEqual({ ...(In as object) }, {})
  assert.deepEqual((More as GobMap).pairs, [['a', -5]])
  assert.deepEqual(sent.find(([name]) => name === 'bare list')![1][1], [Buffer.from('jti-a')])
})

/** A definition of a slice: type 65 of `elem`. */
const slice = (elem: number): Buffer => Buffer.concat([message(0xff, 0x81, 2, 2), uintBytes(elem * 2), message(0, 0)])

const faults: Record<string, { messages: Buffer[]; fault: RegExp; limits?: DecodeLimits }> = {
  'an empty message': { messages: [message()], fault: /ends within a value/ },
  'an unknown type': { messages: [message(0xfe, 0x01, 0x00, 0)], fault: /type 128 is not known/ },
  'an interface': { messages: [message(16, 0, 0)], fault: /type 8 is not known/ },
  'a number of 9 bytes': { messages: [message(0xf7, 1, 1, 1, 1, 1, 1, 1, 1, 1)], fault: /more than 8 bytes/ },
  'a number that ends early': { messages: [message(0xf8, 1)], fault: /ends within a number/ },
  'a text that ends early': { messages: [message(12, 0, 5, 65)], fault: /length beyond the end/ },
  'a text of 2^63 bytes': { messages: [message(12, 0, 0xf8, 0x80, 0, 0, 0, 0, 0, 0, 0)], fault: /length beyond the end/ },
  'a boolean 2': { messages: [message(2, 0, 2)], fault: /neither 0 nor 1/ },
  'no zero before a value': { messages: [message(2, 1, 1)], fault: /does not begin with 0/ },
  'bytes behind a value': { messages: [message(2, 0, 1, 1)], fault: /bytes behind the value/ },
  'a definition of a known type': { messages: [message(3, 0)], fault: /type 2 cannot be defined/ },
  'a type twice': { messages: [slice(1), slice(1)], fault: /defined twice/ },
  'a definition of nothing': { messages: [message(0xff, 0x81, 0)], fault: /not one kind/ },
  'a definition of two kinds': { messages: [message(0xff, 0x81, 2, 0, 1, 0, 0)], fault: /not one kind/ },
  'a list of more elements than bytes': { messages: [slice(1), message(0xff, 0x82, 0, 100, 1)], fault: /length beyond the end/ },
  'a list of itself, endlessly': {
    messages: [slice(65), Buffer.from([0xff, 0x82, 0, ...Array<number>(100).fill(1)])],
    fault: /too deep/
  },
  'more values than allowed': {
    messages: [slice(1), Buffer.from([0xff, 0x82, 0, 20, ...Array<number>(20).fill(1)])],
    fault: /too many values/,
    limits: { values: 10 }
  },
  'more types than allowed': {
    messages: [slice(1), message(0xff, 0x83, 2, 2, 2, 0, 0)],
    fault: /too many types/,
    limits: { types: 1 }
  },
  'a long definition': { messages: [Buffer.concat([message(0xff, 0x81), Buffer.alloc(20_000, 1)])], fault: /too long/ },
  'a field that its type does not have': {
    messages: [message(0xff, 0x81, 3, 0, 0), message(0xff, 0x82, 1, 1, 0)],
    fault: /does not have/
  },
  'a distance between fields of 2^56': { messages: [message(32, 0xf8, 1, 0, 0, 0, 0, 0, 0, 0)], fault: /out of range/ }
}

for (const [name, { messages, fault, limits }] of Object.entries(faults)) {
  test(`refuses ${name}`, () => {
    const decoder = new GobDecoder(limits)
    assert.throws(
      () => {
        for (const one of messages) decoder.take(one)
      },
      (error: Error) => error instanceof GobError && fault.test(error.message)
    )
  })
}

test('names of fields are names, whatever they are', () => {
  const decoder = new GobDecoder()
  const name = Buffer.from('__proto__')
  const field = Buffer.concat([message(1, name.length), name, message(1, 4, 0)])
  decoder.take(Buffer.concat([message(0xff, 0x81, 3, 2, 1), field, message(0, 0)]))
  const value = decoder.take(message(0xff, 0x82, 1, 14, 0)) as Record<string, unknown>
  assert.deepEqual(Object.keys(value), ['__proto__'])
  assert.equal(Object.getPrototypeOf(value), null)
})

test('changed bytes of a real stream end with a GobError or a value', t => {
  const whole = Buffer.concat(recorded.sessions[0]!.steps.map(call => bytesOf(call.sent)))
  const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255), cut: fc.boolean() })
  holds(
    t,
    300,
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), changes => {
      let bytes: Buffer = Buffer.from(whole)
      for (const { at, byte, cut } of changes) {
        bytes[at % bytes.length] = byte
        if (cut) bytes = bytes.subarray(0, Math.max(1, at % bytes.length))
      }
      try {
        valuesOf(bytes)
      } catch (error) {
        assert.ok(error instanceof GobError, String(error))
      }
    })
  )
})

test('random messages end with a GobError or a value', t => {
  holds(
    t,
    500,
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), messages => {
      const decoder = new GobDecoder()
      try {
        for (const one of messages) decoder.take(one)
      } catch (error) {
        assert.ok(error instanceof GobError, String(error))
      }
    })
  )
})

test('numbers are read as they were written', t => {
  holds(
    t,
    200,
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), number => {
      const value = new GobDecoder().take(Buffer.concat([message(6, 0), uintBytes(number)]))
      assert.equal(BigInt(value as number), number)
    })
  )
})
