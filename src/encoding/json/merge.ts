/** Joins the data of several backends, the combiner `default`. */

import { addKeys } from '../../message/json/key-hashes.js'
import { type JsonNode, ObjectNode, RawNode } from '../../message/json/node.js'
import { isShort, readFields, readFieldsInto } from '../../message/json/scan.js'
import { WideMap } from '../../message/json/wide-map.js'
import { allocateBytes } from '../../message/slab.js'
import type { Sliced } from '../../message/slices.js'

/** Fields that are copied before others get their turn. */
const STEP = 512

const COMMA = 0x2c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Joins objects key by key, the top level only, in the given order: a later part's key replaces an earlier one's. `null`
 * parts count as empty. Returns a fresh object; the parts are not changed, so constants may take part.
 */
export function* mergeObjects(parts: readonly (ObjectNode | null)[]): Sliced<ObjectNode> {
  return mergeShort(parts) ?? (yield* mergeLarge(parts))
}

/** {@link mergeObjects} for objects of few fields; undefined for others. */
export function mergeShort(parts: readonly (ObjectNode | null)[]): ObjectNode | undefined {
  const joined = joinClosed(parts)
  if (joined !== undefined) return joined
  if (!parts.every(isSmall)) return undefined
  const fields = new Map<string, JsonNode>()
  for (const part of parts) {
    const open = part?.peek()
    if (open !== undefined) for (const [key, value] of open) fields.set(key, value)
    else if (part !== null) readFieldsInto(fields, part.raw!)
  }
  return new ObjectNode(fields)
}

function isSmall(part: ObjectNode | null): boolean {
  if (part === null) return true
  const open = part.peek()
  return open === undefined ? isShort(part.raw!) : open.size <= STEP
}

/**
 * Joins unchanged objects by their texts, unopened: with the check of their keys a third of the price of opening and writing
 * them (bench/json-scan.ts, merge of three small). Undefined where two keys may be the same.
 */
function joinClosed(parts: readonly (ObjectNode | null)[]): ObjectNode | undefined {
  if (!keysDiffer(parts)) return undefined
  let size = 2
  for (const part of parts) if (part !== null) size += part.raw!.size - 1
  const bytes = allocateBytes(size)
  let end = 1
  for (const part of parts) {
    const { bytes: from, fields } = part?.raw ?? NOTHING
    if (fields!.length === 0) continue
    if (end > 1) bytes[end++] = COMMA
    end += from!.copy(bytes, end, fields![0]!, fields![fields!.length - 1]!)
  }
  bytes[0] = OPEN_OBJECT
  bytes[end++] = CLOSE_OBJECT
  return new ObjectNode(undefined, new RawNode(undefined, bytes, 0, end))
}

/** For a part that is null. */
const NOTHING = new RawNode('{}', undefined, 0, 2, [])

/** Whether the keys of all parts are known to differ: their texts are there, they are few, plain and short. */
function keysDiffer(parts: readonly (ObjectNode | null)[]): boolean {
  let seen = 0
  for (const part of parts) {
    if (part !== null) seen = addKeys(seen, part.raw ?? UNKNOWN)
    if (seen < 0) return false
  }
  return true
}

/** For a part that was changed. */
const UNKNOWN = new RawNode('{}')

function* mergeLarge(parts: readonly (ObjectNode | null)[]): Sliced<ObjectNode> {
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
