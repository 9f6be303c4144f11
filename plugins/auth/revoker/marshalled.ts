/**
 * A sliding filter as bytes, as the `MarshalBinary` of KrakenD's library writes it: gzip of gob, with each of the three filters as bytes of
 * its own in gob again.
 */

import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { bytesOf } from './filter-size.js'
import { GobDecoder } from './gob/decoder.js'
import { type Encodable, GOB, GobEncoder, type GobType } from './gob/encoder.js'
import { FrameReader } from './gob/frame-reader.js'
import { GobError, type GobStruct, type GobValue, isStruct } from './gob/types.js'
import type { FilterBits, SlidingFilter } from './sliding-filter.js'

const unzip = promisify(gunzip)
const zip = promisify(gzip)

/** Why filters cannot be united; the text is for the caller. */
export class UnionRefused extends Error {
  override readonly name = 'UnionRefused'
}

/** bytes; what surrounds the bits: types, names, numbers. */
const AROUND_BYTES = 64 * 1024

/** Most bytes that such a filter can have, unzipped; zipped it has hardly more. */
export function maxMarshalledBytes(filter: SlidingFilter): number {
  return Math.ceil(3 * bytesOf(filter.size) * 1.01) + AROUND_BYTES
}

/**
 * Reads the bits of a filter that shall be united with `filter`.
 * @rejects UnionRefused when it is another kind of filter, or none
 */
export async function unmarshal(bytes: Uint8Array, filter: SlidingFilter): Promise<FilterBits> {
  let plain: Buffer
  try {
    plain = await unzip(bytes, { maxOutputLength: maxMarshalledBytes(filter) })
  } catch (cause) {
    throw new UnionRefused(`the filter is no gzip, or larger than this one: ${(cause as Error).message}`)
  }
  try {
    const sliding = onlyStruct(plain)
    checkForm(structIn(sliding, 'Config'), filter)
    return {
      current: bitsOf(sliding.Current, filter),
      next: bitsOf(sliding.Next, filter),
      previous: bitsOf(sliding.Previous, filter)
    }
  } catch (cause) {
    if (!(cause instanceof GobError)) throw cause
    throw new UnionRefused(`the filter is no gob: ${cause.message}`)
  }
}

/** Reads one stream with one struct. */
function onlyStruct(bytes: Uint8Array): GobStruct {
  const frames = new FrameReader()
  frames.push(bytes)
  const decoder = new GobDecoder()
  for (let frame = frames.next(bytes.length); frame !== undefined; frame = frames.next(bytes.length)) {
    const value = decoder.take(frame)
    if (value === undefined) continue
    if (!isStruct(value)) throw new GobError('a struct is expected')
    return value
  }
  throw new GobError('it ends before its value')
}

function structIn(struct: GobStruct, field: string): GobStruct {
  const value = struct[field]
  return isStruct(value) ? value : Object.create(null)
}

/** Go's structure around N, P and the name of the hash is itself a field, named by its type. */
function checkForm(config: GobStruct, filter: SlidingFilter): void {
  const { n, p } = filter.form
  const { N = 0, P = 0 } = structIn(config, 'Config')
  if (N !== n) throw new UnionRefused(`different n values ${numberText(N)} vs. ${n}`)
  if (P !== p) throw new UnionRefused(`different p values ${numberText(P)} vs. ${p}`)
}

function bitsOf(value: GobValue | undefined, { size, form }: SlidingFilter): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new UnionRefused('one of the three filters is missing')
  const { BS, M = 0, K = 0, HashName = '' } = onlyStruct(value)
  if (M !== size.m) throw new UnionRefused(`m1(${size.m}) != m2(${numberText(M)})`)
  if (K !== size.k) throw new UnionRefused(`k1(${size.k}) != k2(${numberText(K)})`)
  if (HashName !== form.hash) throw new UnionRefused(`different hashers: ${JSON.stringify(HashName)} is not ${form.hash}`)
  if (!(BS instanceof Uint8Array) || BS.length !== bytesOf(size)) throw new UnionRefused('the bits are not as many as m says')
  return BS
}

const numberText = (value: GobValue): string => (typeof value === 'number' || typeof value === 'bigint' ? String(value) : 'none')

const FORM: GobType = {
  kind: 'struct',
  name: 'Config',
  fields: [
    ['N', GOB.uint],
    ['P', GOB.float],
    ['HashName', GOB.string]
  ]
}
const ONE: GobType = {
  kind: 'struct',
  name: 'SerializibleBloomfilter',
  fields: [
    ['BS', GOB.bytes],
    ['M', GOB.uint],
    ['K', GOB.uint],
    ['HashName', GOB.string],
    ['Cfg', FORM]
  ]
}
const FILTER: GobType = { kind: 'binary', name: 'Bloomfilter' }
const SLIDING: GobType = {
  kind: 'struct',
  name: 'SerializibleBloomfilter',
  fields: [
    ['Previous', FILTER],
    ['Current', FILTER],
    ['Next', FILTER],
    [
      'Config',
      {
        kind: 'struct',
        name: 'Config',
        fields: [
          ['Config', FORM],
          ['TTL', GOB.uint]
        ]
      }
    ]
  ]
}

/** Writes a filter so that KrakenD's library, and {@link unmarshal}, can read it. */
export async function marshal(filter: SlidingFilter, ttlSeconds: number): Promise<Buffer> {
  const { form, size, bits } = filter
  const config = { N: form.n, P: form.p, HashName: form.hash }
  const one = (bytes: Uint8Array): Buffer =>
    new GobEncoder().encode(ONE, { BS: bytes, M: size.m, K: size.k, HashName: form.hash, Cfg: config })
  const sliding: Encodable = {
    Previous: one(bits.previous),
    Current: one(bits.current),
    Next: one(bits.next),
    Config: { Config: config, TTL: ttlSeconds }
  }
  return zip(new GobEncoder().encode(SLIDING, sliding))
}
