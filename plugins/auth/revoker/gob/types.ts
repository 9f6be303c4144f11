/** The types of gob: those that every stream knows, and how a stream describes its own. */

/** Numbers of the types that need no definition. */
export const BASIC = { bool: 1, int: 2, uint: 3, float: 4, bytes: 5, string: 6 } as const

export type BasicKind = keyof typeof BASIC

/** The first number that a stream may give to a type of its own. */
export const FIRST_OWN_ID = 64

/** A type as a stream describes it; other types are named by their numbers. */
export type WireType =
  | { readonly kind: BasicKind }
  | { readonly kind: 'slice'; readonly elem: number }
  | { readonly kind: 'array'; readonly elem: number; readonly length: number }
  | { readonly kind: 'map'; readonly key: number; readonly elem: number }
  | { readonly kind: 'struct'; readonly fields: readonly WireField[] }
  /** Bytes that the type's own code writes, such as `MarshalBinary`. */
  | { readonly kind: 'opaque' }

export interface WireField {
  readonly name: string
  readonly id: number
}

const struct = (...fields: readonly (readonly [name: string, id: number])[]): WireType => ({
  kind: 'struct',
  fields: fields.map(([name, id]) => ({ name, id }))
})

/** Numbers of the types that definitions are made of. */
export const ID = { wireType: 16, array: 17, common: 18, slice: 19, struct: 20, field: 21, fields: 22, map: 23 } as const

/** Not numbered in Go: the three kinds of types that write themselves hold a name and a number only. */
const OPAQUE_ID = 24

/** What a stream knows before its first byte: basic types, and the form of definitions. */
export const KNOWN_TYPES: ReadonlyMap<number, WireType> = new Map<number, WireType>([
  ...(Object.entries(BASIC) as [BasicKind, number][]).map(([kind, id]): [number, WireType] => [id, { kind }]),
  [
    ID.wireType,
    struct(
      ['ArrayT', ID.array],
      ['SliceT', ID.slice],
      ['StructT', ID.struct],
      ['MapT', ID.map],
      ['GobEncoderT', OPAQUE_ID],
      ['BinaryMarshalerT', OPAQUE_ID],
      ['TextMarshalerT', OPAQUE_ID]
    )
  ],
  [ID.array, struct(['CommonType', ID.common], ['Elem', BASIC.int], ['Len', BASIC.int])],
  [ID.common, struct(['Name', BASIC.string], ['Id', BASIC.int])],
  [ID.slice, struct(['CommonType', ID.common], ['Elem', BASIC.int])],
  [ID.struct, struct(['CommonType', ID.common], ['Field', ID.fields])],
  [ID.field, struct(['Name', BASIC.string], ['Id', BASIC.int])],
  [ID.fields, { kind: 'slice', elem: ID.field }],
  [ID.map, struct(['CommonType', ID.common], ['Key', BASIC.int], ['Elem', BASIC.int])],
  [OPAQUE_ID, struct(['CommonType', ID.common])]
])

/** A decoded value. Whole numbers beyond 2^53 are bigints; fields of a struct that were not sent are absent. */
export type GobValue = boolean | number | bigint | string | Uint8Array | GobValue[] | GobStruct | GobMap

/** A struct, by the names of its fields; without a prototype. */
export interface GobStruct {
  readonly [field: string]: GobValue | undefined
}

/** A map: pairs in the order of the stream. */
export class GobMap {
  readonly pairs: readonly (readonly [GobValue, GobValue])[]

  constructor(pairs: readonly (readonly [GobValue, GobValue])[]) {
    this.pairs = pairs
  }
}

/** True for what a struct was decoded to. */
export function isStruct(value: GobValue | undefined): value is GobStruct {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof GobMap)
}

/** What is wrong with the bytes of a stream. The stream cannot be read on. */
export class GobError extends Error {
  override readonly name = 'GobError'
}
