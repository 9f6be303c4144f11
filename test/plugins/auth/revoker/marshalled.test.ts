import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { marshal, UnionRefused, unmarshal } from '../../../../plugins/auth/revoker/marshalled.js'
import { SlidingFilter } from '../../../../plugins/auth/revoker/sliding-filter.js'
import { holdsAsync } from '../../../fuzz/fuzz.js'
import { bytesOf, recorded } from './recorded.js'

const sliding = ({ n, p, hash }: (typeof recorded.sessions)[number]): SlidingFilter => new SlidingFilter({ n, p, hash })
const [session] = recorded.sessions as [(typeof recorded.sessions)[number]]

for (const session of recorded.sessions) {
  test(`reads a filter that KrakenD's library wrote: ${session.hash}`, async () => {
    const filter = sliding(session)
    await filter.unite(await unmarshal(bytesOf(session.filter), filter))
    const elements = ['jti-a', 'sub-b', 'jti-u', ''].map(one => Buffer.from(one))
    assert.ok(elements.every(element => filter.has(element)))
    // the same bits give the same fill
    assert.equal(filter.fill, session.steps.find(step => step.name === 'union')!.result!.Capacity)
  })
}

test('reads what it wrote', async () => {
  const filter = sliding(session)
  await filter.addAll([Buffer.from('jti-1')])
  filter.turn()
  await filter.addAll([Buffer.from('jti-2')])
  const bits = await unmarshal(await marshal(filter, 60), sliding(session))
  assert.deepEqual(
    [bits.previous, bits.current, bits.next].map(one => Buffer.from(one)),
    [filter.bits.previous, filter.bits.current, filter.bits.next].map(one => Buffer.from(one))
  )
})

const refused: [string, () => Uint8Array | Promise<Uint8Array>, RegExp][] = [
  ['no gzip', () => Buffer.from('no filter'), /no gzip/],
  ['nothing', () => Buffer.alloc(0), /ends before its value|no gzip/],
  ['gzip of nothing', () => gzipSync(''), /ends before its value/],
  ['gzip of text', () => gzipSync('no gob at all'), /no gob/],
  ['a gzip that grows beyond the size of the filter', () => gzipSync(Buffer.alloc(10_000_000)), /larger than this one/],
  ['a filter that ends early', () => gzipSync(gunzipSync(bytesOf(session.filter)).subarray(0, 300)), /ends before|no gob/],
  ['another N', () => marshal(new SlidingFilter({ n: 101, p: 0.01, hash: 'optimal' }), 1), /different n values 101 vs. 100/],
  ['another P', () => marshal(new SlidingFilter({ n: 100, p: 0.005, hash: 'optimal' }), 1), /different p values 0.005 vs. 0.01/],
  [
    'another hash',
    () => marshal(new SlidingFilter({ n: 100, p: 0.01, hash: 'default' }), 1),
    /different hashers: "default" is not optimal/
  ]
]

for (const [name, bytes, message] of refused) {
  test(`refuses ${name}`, async () => {
    const filter = sliding(session)
    await assert.rejects(
      async () => unmarshal(await bytes(), filter),
      (error: Error) => error instanceof UnionRefused && message.test(error.message)
    )
    assert.equal(filter.fill, 0)
  })
}

test('changed bytes of a filter are refused or read, and never more than its size', async t => {
  const plain = gunzipSync(bytesOf(session.filter))
  const filter = sliding(session)
  const changes = fc.array(fc.record({ at: fc.nat(plain.length - 1), byte: fc.nat(255) }), { minLength: 1, maxLength: 5 })
  await holdsAsync(
    t,
    200,
    fc.asyncProperty(changes, async list => {
      const bytes = Buffer.from(plain)
      for (const { at, byte } of list) bytes[at] = byte
      try {
        const bits = await unmarshal(gzipSync(bytes), filter)
        for (const one of [bits.previous, bits.current, bits.next]) assert.equal(one.length, filter.bits.current.length)
      } catch (error) {
        assert.ok(error instanceof UnionRefused, String(error))
      }
    })
  )
})
