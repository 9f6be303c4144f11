/** Values of an earlier response as parameters of a later call: `{resp0_user.id}`. */

import type { JsonNode, ObjectNode } from '../message/json/node.js'
import { decodeString, lookup, openObject, openRaw } from '../message/json/scan.js'

/**
 * Finds the value and writes it as KrakenD does: strings raw, numbers as their source text, `<nil>` for null, arrays
 * joined by commas, objects as Go prints maps. Missing values and missing paths are undefined. Unlike KrakenD, arrays
 * are entered by index and a path that breaks off finds nothing.
 */
export function respParam(node: ObjectNode | null, path: readonly string[] | undefined): string | undefined {
  if (node === null || path === undefined) return undefined
  const found = lookup(node, path)
  if (found === undefined) return undefined
  const value = openRaw(found)
  return value.kind === 'array' ? value.items.map(goText).join(',') : goText(value)
}

/** As Go's `%v` prints a decoded value. */
function goText(node: JsonNode): string {
  const value = openRaw(node)
  if (value.kind === 'array') return `[${value.items.map(goText).join(' ')}]`
  if (value.kind === 'object') {
    const entries = [...openObject(value)].sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[${entries.map(([key, inner]) => `${key}:${goText(inner)}`).join(' ')}]`
  }
  if (value.text === 'null') return '<nil>'
  return value.first === 0x22 ? decodeString(value.text) : value.text
}
