/** Configuration values as plain JSON: copied, checked and frozen. */

import type { Json } from './types.js'

/** True for objects that are neither arrays nor null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Something that is no JSON stands in a configuration. `pointer` says where. */
export class NotJsonError extends Error {
  override readonly name = 'NotJsonError'
  readonly pointer: readonly (string | number)[]

  constructor(message: string, pointer: readonly (string | number)[]) {
    super(message)
    this.pointer = pointer
  }
}

/**
 * Copies a value into null-prototype objects and new arrays, so that freezing the copy does not touch the caller's.
 * Dates (YAML, TOML) become their ISO text, `undefined` members are left out.
 * @throws {NotJsonError} on functions, symbols and cycles
 */
export function copyJson(value: unknown): unknown {
  return copy(value, [], [])
}

function copy(value: unknown, path: (string | number)[], above: object[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'number':
    case 'undefined':
      return value
    case 'bigint':
      return Number(value)
    case 'object':
      break
    default:
      throw new NotJsonError(`a ${typeof value} is no configuration value`, path)
  }
  if (value === null) return null
  if (value instanceof Date) return value.toISOString()
  if (above.includes(value)) throw new NotJsonError('the value contains itself', path)
  above.push(value)
  let result: unknown
  if (Array.isArray(value)) result = value.map((item, i) => copy(item === undefined ? null : item, [...path, i], above))
  else {
    const object: Record<string, unknown> = Object.create(null)
    for (const [key, item] of Object.entries(value)) if (item !== undefined) object[key] = copy(item, [...path, key], above)
    result = object
  }
  above.pop()
  return result
}

/** Freezes a value and all that it holds. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  if (Array.isArray(value)) for (const item of value) deepFreeze(item)
  else for (const key in value) deepFreeze(value[key])
  return value
}

/** An empty frozen object without a prototype. */
export const NOTHING: { readonly [key: string]: Json } = Object.freeze(Object.create(null))
