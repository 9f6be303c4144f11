/**
 * Values of templates, with the kinds that Go tells apart.
 *
 * `int` is a bigint, `int64` an {@link Int64}, `float64` a number, `string` a string, `bool` a boolean; lists are arrays, maps are Maps; nil and
 * "no value" are null. Lists and maps of other types than `[]interface {}` and `map[string]interface {}` are marked by {@link typed}.
 */

export type Value = null | boolean | bigint | number | string | Int64 | GoObject | Value[] | Map<string, Value>

/** A Go `int64`. */
export class Int64 {
  readonly value: bigint

  constructor(value: bigint) {
    this.value = BigInt.asIntN(64, value)
  }
}

/** A value with methods: a time, a version, a duration. */
export abstract class GoObject {
  /** Go's name of the type, such as `time.Time`. */
  abstract readonly type: string
  abstract readonly kind: string
  /** Fields and methods by their names; methods take and return values. */
  abstract member(name: string): Value | ((...args: Value[]) => Value) | undefined
  /** What `print` writes. */
  abstract toString(): string
  /** What `marshal` writes. */
  abstract toJson(): Value
  abstract equals(other: GoObject): boolean
}

const types = new WeakMap<object, string>()

/** Marks a list or map as one of another Go type than the usual one. */
export function typed<T extends Value[] | Map<string, Value>>(value: T, type: string): T {
  types.set(value, type)
  return value
}

const nilLists = new WeakSet<object>()

/** A list that was never made: empty, and `null` in JSON. */
export function nilList(type = '[]interface {}'): Value[] {
  const list = typed<Value[]>([], type)
  nilLists.add(list)
  return list
}

export const isNilList = (value: Value[]): boolean => nilLists.has(value)

export const strings = (items: readonly string[]): Value[] => typed<Value[]>([...items], '[]string')

export const isMap = (value: Value): value is Map<string, Value> => value instanceof Map
export const isInteger = (value: Value): value is bigint | Int64 => typeof value === 'bigint' || value instanceof Int64
export const integerOf = (value: bigint | Int64): bigint => (typeof value === 'bigint' ? value : value.value)

/** Go's name of a value's type, as `%T` prints it. */
export function typeOf(value: Value): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return types.get(value) ?? '[]interface {}'
  if (value instanceof Map) return types.get(value) ?? 'map[string]interface {}'
  if (value instanceof GoObject) return value.type
  return kindOf(value)
}

/** Go's name of a value's kind. */
export function kindOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float64'
  }
  if (value === null) return 'invalid'
  if (Array.isArray(value)) return 'slice'
  if (value instanceof Map) return 'map'
  return value instanceof Int64 ? 'int64' : value.kind
}

/** Whether `if` takes the value for true: everything but false, zero, nil and what is empty. */
export function isTrue(value: Value): boolean {
  if (value === null) return false
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Map) return value.size > 0
  if (value instanceof Int64) return value.value !== 0n
  if (value instanceof GoObject) return true
  return Boolean(value) || (typeof value === 'number' && Number.isNaN(value))
}

/** Keys of a map in the order in which Go prints and ranges over them: by their bytes. */
export function sortedKeys(map: ReadonlyMap<string, Value>): string[] {
  return [...map.keys()].sort((a, b) => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))))
}

/** Makes a value of JSON as Go reads it: every number is a float64. */
export function valueOfJson(json: unknown): Value {
  if (Array.isArray(json)) return json.map(valueOfJson)
  if (typeof json === 'object' && json !== null) {
    return new Map(Object.entries(json).map(([key, value]) => [key, valueOfJson(value)]))
  }
  return json as null | boolean | number | string
}
