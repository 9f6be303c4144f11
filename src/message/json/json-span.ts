/** A value's place in its bytes. */
export interface JsonSpan {
  readonly start: number
  /** Offset behind the last byte. */
  readonly end: number
  /** Where the fields of a root object stand; undefined for other roots and for objects of very many fields. */
  readonly fields: FieldIndex | undefined
}

/** Per field: offset of the key's quote, offset of the value, offset behind the value. */
export type FieldIndex = readonly number[]
