/** Joins the data of several backends, the combiner `default`. */

import { type JsonNode, ObjectNode } from './json-node.js'
import { openObject } from './json-scan.js'

/**
 * Joins objects key by key, the top level only, in the given order: a later part's key replaces an earlier one's. `null`
 * parts count as empty. Answers a fresh object; the parts are opened but not changed, so constants may take part.
 */
export function mergeObjects(parts: readonly (ObjectNode | null)[]): ObjectNode {
  const fields = new Map<string, JsonNode>()
  for (const part of parts) {
    if (part === null) continue
    for (const [key, value] of openObject(part)) fields.set(key, value)
  }
  return new ObjectNode(fields)
}
