/** How sprig's functions take values of other kinds: nothing is refused, what cannot be converted is zero. */

import { formatValue } from '../format-value.js'
import { GoFault } from '../go-fault.js'
import { GoObject, Int64, integerOf, isInteger, isMap, type Value } from '../value.js'

/** As sprig's `toString`. */
export const textOf = (value: Value): string => formatValue(value)

/** Falsehood of `default`, `empty` and `compact`. */
export function isEmpty(value: Value): boolean {
  if (value === null || value === '' || value === false || value === 0) return true
  if (isInteger(value)) return integerOf(value) === 0n
  if (Array.isArray(value)) return value.length === 0
  return isMap(value) && value.size === 0
}

const INTEGER = /^[+-]?(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/

/** A whole number of any value: floats are cut, texts are read with their base. */
export function integerOfValue(value: Value): bigint {
  if (isInteger(value)) return integerOf(value)
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'string') return integerOfText(value)
  return 0n
}

function integerOfText(text: string): bigint {
  const bare = text.replaceAll('_', '')
  if (!INTEGER.test(bare)) return 0n
  const isNegative = bare.startsWith('-')
  const size = bare.replace(/^[+-]/, '')
  const value = BigInt(/^0[0-7]+$/.test(size) ? `0o${size.slice(1)}` : size)
  const signed = isNegative ? -value : value
  return signed >= -(2n ** 63n) && signed < 2n ** 63n ? signed : 0n
}

/** A float of any value. */
export function floatOfValue(value: Value): number {
  if (typeof value === 'number') return value
  if (isInteger(value)) return Number(integerOf(value))
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string') return /^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value) ? Number(value) : 0
  return 0
}

/** Takes a list for granted. @throws GoFault naming what the caller wanted to do */
export function listOf(value: Value, action: string): Value[] {
  if (Array.isArray(value)) return value
  throw new GoFault(`Cannot ${action} type ${value === null ? 'nil' : kindName(value)}`)
}

const kindName = (value: Value): string =>
  isMap(value)
    ? 'map'
    : value instanceof GoObject
      ? value.kind
      : value instanceof Int64
        ? 'int64'
        : typeof value === 'bigint'
          ? 'int'
          : typeof value === 'number'
            ? 'float64'
            : typeof value === 'boolean'
              ? 'bool'
              : typeof value

/** As reflect.DeepEqual: kinds must be the same, too. */
export function deepEqual(a: Value, b: Value): boolean {
  if (a instanceof Int64 && b instanceof Int64) return a.value === b.value
  if (a instanceof GoObject && b instanceof GoObject) return a.equals(b)
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => deepEqual(item, b[i]!))
  if (isMap(a) && isMap(b))
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && deepEqual(value, b.get(key)!))
  return a === b
}

/** A copy that shares nothing with the value. */
export function deepCopy(value: Value): Value {
  if (Array.isArray(value)) return value.map(deepCopy)
  if (isMap(value)) return new Map([...value].map(([key, item]) => [key, deepCopy(item)]))
  return value
}

/** Texts of a list's elements; anything else is a list of its own text. */
export function textsOf(value: Value): string[] {
  if (value === null) return []
  return Array.isArray(value) ? value.filter(item => item !== null).map(textOf) : [textOf(value)]
}

/** Texts are bytes in Go: positions count bytes of UTF-8. */
export const byteSlice = (text: string, start: number, end?: number): string => Buffer.from(text).subarray(start, end).toString()
