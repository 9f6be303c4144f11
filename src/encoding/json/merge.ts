/** Joins the data of several backends, the combiner `default`. */

import type { Sliced } from '../../message/slices.js'
import { type JsonNode, ObjectNode } from './node.js'
import { isShort, readFields, readFieldsInto } from './scan.js'
import { WideMap } from './wide-map.js'

/** Fields that are copied before others get their turn. */
const STEP = 512

/**
 * Joins objects key by key, the top level only, in the given order: a later part's key replaces an earlier one's. `null`
 * parts count as empty. Answers a fresh object; the parts are not changed, so constants may take part.
 */
export function* mergeObjects(parts: readonly (ObjectNode | null)[]): Sliced<ObjectNode> {
  const fields: Map<string, JsonNode> = parts.some(isWide) ? new WideMap() : new Map()
  let steps = 0
  for (const part of parts) {
    if (part === null) continue
    const open = part.peek()
    if (open === undefined) {
      const raw = part.raw!
      if (isShort(raw)) readFieldsInto(fields, raw)
      else yield* readFields(fields, raw)
    } else {
      for (const [key, value] of open) {
        if (++steps % STEP === 0) yield
        fields.set(key, value)
      }
    }
  }
  return new ObjectNode(fields)
}

function isWide(part: ObjectNode | null): boolean {
  if (part === null) return false
  const open = part.peek()
  return open === undefined ? !isShort(part.raw!) : open instanceof WideMap
}
