/** Encodes values as one gob stream. What is written comes from this program, so a value that does not fit its type is an error of the caller. */

import { BASIC, type BasicKind, FIRST_OWN_ID, type GobValue, ID, KNOWN_TYPES, type WireType } from './types.js'

/** A type to encode with. Each object is defined once per stream, before its first value. */
export type GobType =
  | { readonly kind: BasicKind }
  | { readonly kind: 'slice'; readonly elem: GobType }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly (readonly [name: string, type: GobType])[] }
  /** Bytes that Go reads by `UnmarshalBinary`. */
  | { readonly kind: 'binary'; readonly name: string }

export const GOB = {
  bool: { kind: 'bool' },
  int: { kind: 'int' },
  uint: { kind: 'uint' },
  float: { kind: 'float' },
  bytes: { kind: 'bytes' },
  string: { kind: 'string' }
} as const

/** What may be encoded: as {@link GobValue}, with absent fields for zero. */
export type Encodable =
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Encodable[]
  | { readonly [field: string]: Encodable | undefined }

/** The encoder of one stream. */
export class GobEncoder {
  private readonly ids = new Map<GobType, number>()
  private readonly parts: Uint8Array[] = []

  /** Encodes a value and the definitions that it needs; returns the bytes of whole messages. */
  encode(type: GobType, value: Encodable): Buffer {
    this.parts.length = 0
    const id = this.idOf(type)
    const body: Uint8Array[] = [intBytes(id)]
    if (type.kind !== 'struct') body.push(uintBytes(0))
    this.value(type, value, body)
    this.message(body)
    return Buffer.concat(this.parts)
  }

  private message(body: readonly Uint8Array[]): void {
    const length = body.reduce((sum, part) => sum + part.length, 0)
    this.parts.push(uintBytes(length), ...body)
  }

  /** The number of a type; defines it when the stream does not have it yet, what it consists of first. */
  private idOf(type: GobType): number {
    if (type.kind in BASIC) return BASIC[type.kind as BasicKind]
    const known = this.ids.get(type)
    if (known !== undefined) return known
    const definition = this.definitionOf(type)
    const id = FIRST_OWN_ID + 1 + this.ids.size
    this.ids.set(type, id)
    const body: Uint8Array[] = [intBytes(-id)]
    encodeKnown(ID.wireType, definition(id), body)
    this.message(body)
    return id
  }

  private definitionOf(type: GobType): (id: number) => Encodable {
    if (type.kind === 'slice') {
      const elem = this.idOf(type.elem)
      return id => ({ SliceT: { CommonType: { Name: '', Id: id }, Elem: elem } })
    }
    if (type.kind === 'struct') {
      const fields = type.fields.map(([Name, one]) => ({ Name, Id: this.idOf(one) }))
      return id => ({ StructT: { CommonType: { Name: type.name, Id: id }, Field: fields } })
    }
    return id => ({ BinaryMarshalerT: { CommonType: { Name: (type as { name: string }).name, Id: id } } })
  }

  private value(type: GobType, value: Encodable, out: Uint8Array[]): void {
    switch (type.kind) {
      case 'slice': {
        const list = value as readonly Encodable[]
        out.push(uintBytes(list.length))
        for (const item of list) this.value(type.elem, item, out)
        return
      }
      case 'struct':
        return encodeStruct(
          type.fields.map(([name, one]) => [name, (item, to) => this.value(one, item, to)]),
          value,
          out
        )
      default:
        return encodeBasic(type.kind, value, out)
    }
  }
}

type Write = (value: Encodable, out: Uint8Array[]) => void

/** Fields that are zero are left out. */
function encodeStruct(fields: readonly (readonly [string, Write])[], value: Encodable, out: Uint8Array[]): void {
  const struct = value as { readonly [field: string]: Encodable | undefined }
  let last = -1
  for (const [index, [name, write]] of fields.entries()) {
    const item = struct[name]
    if (item === undefined || isZero(item)) continue
    out.push(uintBytes(index - last))
    write(item, out)
    last = index
  }
  out.push(uintBytes(0))
}

/** Encodes a value of the types that definitions are made of. */
function encodeKnown(id: number, value: Encodable, out: Uint8Array[]): void {
  const type = KNOWN_TYPES.get(id) as WireType
  if (type.kind === 'struct') {
    const fields = type.fields.map(
      field => [field.name, (item: Encodable, to: Uint8Array[]) => encodeKnown(field.id, item, to)] as const
    )
    return encodeStruct(fields, value, out)
  }
  if (type.kind !== 'slice') return encodeBasic(type.kind as BasicKind, value, out)
  out.push(uintBytes((value as readonly Encodable[]).length))
  for (const item of value as readonly Encodable[]) encodeKnown(type.elem, item, out)
}

function isZero(value: Encodable): boolean {
  if (typeof value === 'object') return 'length' in value && value.length === 0
  return value === 0 ? !Object.is(value, -0) : value === false || value === 0n || value === ''
}

function encodeBasic(kind: BasicKind | 'binary', value: Encodable, out: Uint8Array[]): void {
  switch (kind) {
    case 'bool':
      out.push(uintBytes(value === true ? 1 : 0))
      return
    case 'int':
      out.push(intBytes(value as number | bigint))
      return
    case 'uint':
      out.push(uintBytes(value as number | bigint))
      return
    case 'float':
      out.push(floatBytes(value as number))
      return
    case 'string':
      value = Buffer.from(value as string)
  }
  const bytes = value as Uint8Array
  out.push(uintBytes(bytes.length), bytes)
}

/** An unsigned number: see ByteReader.uint. */
export function uintBytes(value: number | bigint): Uint8Array {
  if (value < 0x80) return Uint8Array.of(Number(value))
  const bytes: number[] = []
  for (let rest = BigInt(value); rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn))
  return Uint8Array.of(0x100 - bytes.length, ...bytes)
}

function intBytes(value: number | bigint): Uint8Array {
  const whole = BigInt(value)
  return uintBytes(whole < 0n ? ((-whole - 1n) << 1n) | 1n : whole << 1n)
}

function floatBytes(value: number): Uint8Array {
  const bits = Buffer.alloc(8)
  bits.writeDoubleLE(value)
  return uintBytes(bits.readBigUInt64BE())
}
