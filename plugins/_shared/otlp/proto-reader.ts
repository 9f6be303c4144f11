/** Reads protobuf messages: fields of one message, what is unknown included. */

import { Buffer } from 'node:buffer'

/** A field: a number for varints, which are signed, bytes for all else. */
export type ProtoField = readonly [number: number, value: number | Buffer]

/** Returns the fields of a message; those before the first fault when it is none. */
export function readFields(bytes: Buffer): ProtoField[] {
  const fields: ProtoField[] = []
  let at = 0
  const varint = (): number => {
    const from = at
    let value = 0
    for (let factor = 1; at < bytes.length; factor *= 0x80) {
      const byte = bytes[at++]!
      value += (byte & 0x7f) * factor
      // ten bytes are a negative number, or one too large to be told exactly
      if (byte < 0x80) return at - from < 10 ? value : signed(bytes.subarray(from, at))
    }
    return Number.NaN
  }
  const take = (number: number, length: number): boolean => {
    if (!(at + length <= bytes.length)) return false
    fields.push([number, bytes.subarray(at, at + length)])
    at += length
    return true
  }
  while (at < bytes.length) {
    const tag = varint()
    const type = tag & 7
    const number = Math.floor(tag / 8)
    if (type === 0) fields.push([number, varint()])
    else if (type === 1 || type === 5) {
      if (!take(number, type === 1 ? 8 : 4)) break
    } else if (type !== 2 || !take(number, varint())) break
  }
  return fields
}

function signed(varint: Buffer): number {
  let value = 0n
  for (const [i, byte] of varint.entries()) value |= BigInt(byte & 0x7f) << BigInt(7 * i)
  return Number(BigInt.asIntN(64, value))
}

/** Returns the bytes of the first field with a number; undefined = there is none. */
export function bytesField(fields: readonly ProtoField[], number: number): Buffer | undefined {
  const value = fields.find(([one, content]) => one === number && Buffer.isBuffer(content))?.[1]
  return value as Buffer | undefined
}

/** Returns the integer of the first field with a number; 0 = there is none. */
export function intField(fields: readonly ProtoField[], number: number): number {
  const value = fields.find(([one, content]) => one === number && typeof content === 'number')?.[1]
  return (value as number | undefined) ?? 0
}
