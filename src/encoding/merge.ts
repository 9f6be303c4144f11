/** Joins the data of several backends, the combiner `default`. */

import { type JsonNode, ObjectNode } from './json-node.js'
import { readFieldsInto } from './json-scan.js'

/**
 * Joins objects key by key, the top level only, in the given order: a later part's key replaces an earlier one's. `null`
 * parts count as empty. Answers a fresh object; the parts are not changed, so constants may take part.
 */
export function mergeObjects(parts: readonly (ObjectNode | null)[]): ObjectNode {
  const fields = new Map<string, JsonNode>()
  for (const part of parts) {
    if (part === null) continue
    const open = part.peek()
    if (open === undefined) readFieldsInto(fields, part.raw!)
    else for (const [key, value] of open) fields.set(key, value)
  }
  return new ObjectNode(fields)
}
