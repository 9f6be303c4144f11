/** Reads Thrift's binary protocol: a structure as an object of its fields by their numbers. */

export type ThriftValue = string | number | bigint | boolean | ThriftStruct | readonly ThriftValue[]
export interface ThriftStruct {
  readonly [field: number]: ThriftValue
}

/** Reads one structure, which must be all there is. */
export function readThrift(bytes: Buffer): ThriftStruct {
  let at = 0
  const take = (length: number): number => {
    at += length
    if (at > bytes.length) throw new Error('the structure ends early')
    return at - length
  }
  const value = (type: number): ThriftValue => {
    switch (type) {
      case 2:
        return bytes.readUInt8(take(1)) === 1
      case 4:
        return bytes.readDoubleBE(take(8))
      case 8:
        return bytes.readInt32BE(take(4))
      case 10:
        return bytes.readBigInt64BE(take(8))
      case 11: {
        const length = bytes.readInt32BE(take(4))
        return bytes.toString('utf8', take(length), at)
      }
      case 12:
        return struct()
      case 15: {
        const of = bytes.readUInt8(take(1))
        return Array.from({ length: bytes.readInt32BE(take(4)) }, () => value(of))
      }
      default:
        throw new Error(`no type ${type} is known`)
    }
  }
  const struct = (): ThriftStruct => {
    const fields: Record<number, ThriftValue> = {}
    for (;;) {
      const type = bytes.readUInt8(take(1))
      if (type === 0) return fields
      const field = bytes.readInt16BE(take(2))
      fields[field] = value(type)
    }
  }
  const read = struct()
  if (at !== bytes.length) throw new Error('something stands behind the structure')
  return read
}
