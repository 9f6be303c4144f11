import { isObject } from '../../config/json-value.js'
import type { Json, JsonObject } from '../../config/types.js'
import { resolvePointer } from './read-document.js'

/** Follows a reference to its end; an empty object for a circle, and for what is no object. */
export function follow(value: Json | undefined, root: JsonObject): JsonObject {
  let found: Json | undefined = value
  for (let steps = 0; steps < 50; steps++) {
    if (!isObject(found)) return {}
    const { $ref } = found as JsonObject
    if (typeof $ref !== 'string') return found as JsonObject
    found = resolvePointer(root, $ref)
  }
  return {}
}

/** The objects of a list, references followed. */
export function followAll(value: Json | undefined, root: JsonObject): JsonObject[] {
  return Array.isArray(value) ? value.map(one => follow(one as Json, root)) : []
}

export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

export function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}

/** Members of an object, without extensions. */
export function membersOf(value: Json | undefined): [name: string, value: Json][] {
  return isObject(value) ? Object.entries(value as JsonObject).filter(([name]) => !name.startsWith('x-')) : []
}
