/** Reads the few protobuf messages that collectors send: fields of one message, what is unknown included. */

import { Buffer } from 'node:buffer'

/** A field: a number for varints, bytes for all that has a length. Fields of fixed size are passed over. */
export type ProtoField = readonly [number: number, value: number | Buffer]

/** Returns the fields of a message; those before the first fault when it is none. */
export function readFields(bytes: Buffer): ProtoField[] {
  const fields: ProtoField[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; at < bytes.length; factor *= 0x80) {
      const byte = bytes[at++]!
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    return Number.NaN
  }
  while (at < bytes.length) {
    const tag = varint()
    const type = tag & 7
    const number = Math.floor(tag / 8)
    if (type === 0) fields.push([number, varint()])
    else if (type === 1) at += 8
    else if (type === 5) at += 4
    else if (type === 2) {
      const length = varint()
      if (!(at + length <= bytes.length)) break
      fields.push([number, bytes.subarray(at, at + length)])
      at += length
    } else break
  }
  return fields
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
