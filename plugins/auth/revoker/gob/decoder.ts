/**
 * Decodes the messages of one gob stream.
 *
 * In: whole messages without their length, as {@link FrameReader} cuts them. Out: values. What a hostile peer can make it do is bounded by
 * {@link DecodeLimits}; anything that is not gob throws GobError.
 */

import { ByteReader } from './byte-reader.js'
import { FIRST_OWN_ID, GobError, GobMap, type GobStruct, type GobValue, isStruct, KNOWN_TYPES, type WireType } from './types.js'

/** What one stream may ask of the decoder. */
export interface DecodeLimits {
  /** Types that the stream defines. Default 64. */
  readonly types?: number
  /** Values within one message, each an object of its own in memory. Default 200,000. */
  readonly values?: number
  /** Values within values. Default 32. */
  readonly depth?: number
}

/** bytes of a definition; those of real programs have some hundreds. */
const MAX_DEFINITION_BYTES = 16 * 1024

/** The decoder of one stream: types that were defined once count for all later messages. */
export class GobDecoder {
  private readonly types = new Map<number, WireType>(KNOWN_TYPES)
  private readonly limits: Required<DecodeLimits>
  private valuesLeft = 0

  constructor(limits: DecodeLimits = {}) {
    this.limits = { types: 64, values: 200_000, depth: 32, ...limits }
  }

  /**
   * Decodes one message. Returns undefined when it defines a type. Bytes in the value are views of `message`.
   * @throws GobError
   */
  take(message: Uint8Array): GobValue | undefined {
    const reader = new ByteReader(message)
    this.valuesLeft = this.limits.values
    const id = reader.small(reader.int())
    if (id < 0) {
      if (message.length > MAX_DEFINITION_BYTES) throw new GobError('the definition of a type is too long')
      this.define(-id, reader)
      return undefined
    }
    const type = this.typeOf(id)
    // a value that is no struct is sent like the first field of one
    if (type.kind !== 'struct' && reader.uint() !== 0) throw new GobError('a value does not begin with 0')
    const value = this.value(type, reader, 0)
    if (reader.left > 0) throw new GobError('bytes behind the value')
    return value
  }

  private define(id: number, reader: ByteReader): void {
    if (id < FIRST_OWN_ID) throw new GobError(`the type ${id} cannot be defined`)
    if (this.types.has(id)) throw new GobError(`the type ${id} is defined twice`)
    if (this.types.size - KNOWN_TYPES.size >= this.limits.types) throw new GobError('too many types')
    const described = this.value(this.typeOf(WIRE_TYPE), reader, 0)
    if (reader.left > 0) throw new GobError('bytes behind the definition of a type')
    this.types.set(id, wireTypeOf(described as GobStruct))
  }

  private typeOf(id: number): WireType {
    const type = this.types.get(id)
    if (type === undefined) throw new GobError(`the type ${id} is not known`)
    return type
  }

  private value(type: WireType, reader: ByteReader, depth: number): GobValue {
    if (depth > this.limits.depth) throw new GobError('values lie too deep within each other')
    if (--this.valuesLeft < 0) throw new GobError('too many values in one message')
    switch (type.kind) {
      case 'bool':
        return reader.bool()
      case 'int':
        return reader.int()
      case 'uint':
        return reader.uint()
      case 'float':
        return reader.float()
      case 'string':
        return reader.text()
      case 'bytes':
      case 'opaque':
        return reader.view()
      case 'slice':
        return this.list(this.typeOf(type.elem), reader, depth)
      case 'array': {
        const list = this.list(this.typeOf(type.elem), reader, depth)
        if (list.length !== type.length) throw new GobError('an array of another length than its type')
        return list
      }
      case 'map':
        return this.map(this.typeOf(type.key), this.typeOf(type.elem), reader, depth)
      case 'struct':
        return this.struct(type.fields, reader, depth)
    }
  }

  private list(elem: WireType, reader: ByteReader, depth: number): GobValue[] {
    const count = reader.count()
    const list: GobValue[] = []
    for (let i = 0; i < count; i++) list.push(this.value(elem, reader, depth + 1))
    return list
  }

  private map(key: WireType, elem: WireType, reader: ByteReader, depth: number): GobMap {
    const count = reader.count()
    const pairs: [GobValue, GobValue][] = []
    for (let i = 0; i < count; i++) {
      const name = this.value(key, reader, depth + 1)
      pairs.push([name, this.value(elem, reader, depth + 1)])
    }
    return new GobMap(pairs)
  }

  /** Fields that are zero are left out: each is preceded by its distance to the one before, 0 ends the struct. */
  private struct(fields: readonly { name: string; id: number }[], reader: ByteReader, depth: number): GobStruct {
    const struct: Record<string, GobValue> = Object.create(null)
    let index = -1
    for (;;) {
      const distance = reader.small(reader.uint())
      if (distance === 0) return struct
      index += distance
      const field = fields[index]
      if (field === undefined) throw new GobError('a struct has a field that its type does not have')
      struct[field.name] = this.value(this.typeOf(field.id), reader, depth + 1)
    }
  }
}

const WIRE_TYPE = 16

/** Reads the definition of a type, which was decoded like any other struct: exactly one of its fields is there. */
function wireTypeOf(described: GobStruct): WireType {
  const [kind, ...others] = Object.keys(described)
  if (kind === undefined || others.length > 0) throw new GobError('the definition of a type has not one kind')
  const about = described[kind] as GobStruct
  switch (kind) {
    case 'ArrayT':
      return { kind: 'array', elem: numberIn(about, 'Elem'), length: numberIn(about, 'Len') }
    case 'SliceT':
      return { kind: 'slice', elem: numberIn(about, 'Elem') }
    case 'MapT':
      return { kind: 'map', key: numberIn(about, 'Key'), elem: numberIn(about, 'Elem') }
    case 'StructT':
      return { kind: 'struct', fields: fieldsOf(about.Field) }
    default:
      return { kind: 'opaque' }
  }
}

function fieldsOf(value: GobValue | undefined): { name: string; id: number }[] {
  if (value === undefined) return []
  const names = new Set<string>()
  return (value as GobValue[]).map(field => {
    if (!isStruct(field) || typeof field.Name !== 'string' || names.has(field.Name))
      throw new GobError('a field without a name of its own')
    names.add(field.Name)
    return { name: field.Name, id: numberIn(field, 'Id') }
  })
}

function numberIn(struct: GobStruct, field: string): number {
  const value = struct[field] ?? 0
  if (typeof value !== 'number') throw new GobError('a number of a type is out of range')
  return value
}
