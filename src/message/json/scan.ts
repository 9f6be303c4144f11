/**
 * Opens validated JSON one level at a time. Nothing is checked here: the text was.
 *
 * In: nodes. Out: their fields or items, values unopened. Nothing that stays closed is copied: a large value keeps
 * pointing into the body's bytes.
 */

import type { Sliced } from '../slices.js'
import { ArrayNode, type JsonNode, ObjectNode, RawNode } from './node.js'
import { skipSpace } from './validate.js'
import { WideMap } from './wide-map.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** Texts up to this size are read as one string and their values are slices of it; beyond, each value is read when asked for. */
const WHOLE_TEXT_BYTES = 64 * 1024
/** bytes; an object whose fields are larger on average is not read as one string: most of its text is in values that stay closed. */
const LARGE_FIELD = 256

/** Fields that are read before others get their turn. */
const STEP = 512

/** What the skipping loop must look at: 1 quote, 2 opening, 3 closing bracket. */
const SKIP_CLASS = new Uint8Array(256)
SKIP_CLASS[QUOTE] = 1
SKIP_CLASS[OPEN_OBJECT] = SKIP_CLASS[OPEN_ARRAY] = 2
SKIP_CLASS[CLOSE_OBJECT] = SKIP_CLASS[CLOSE_ARRAY] = 3

/** Tells whether a key is wanted: a set, or a map by key. */
export interface WantedFields {
  has(key: string): boolean
}

/**
 * Opens an object; of duplicate keys the last wins, and the text, which has the others too, no longer holds. The map is the node's own:
 * who changes it calls `touch`.
 */
export function openObject(node: ObjectNode): Map<string, JsonNode> {
  const known = node.peek()
  if (known !== undefined) return known
  const fields = fieldsFor(node.raw)
  return opened(node, fields, readFieldsInto(fields, node.raw!))
}

/** The fields of an object that is open or not large; undefined for any other, which {@link openFields} opens. */
export function openShort(node: ObjectNode): Map<string, JsonNode> | undefined {
  return node.peek() ?? (isShort(node.raw!) ? openObject(node) : undefined)
}

/** An empty map for the fields of a closed object. */
export const fieldsFor = (raw: RawNode | undefined): Map<string, JsonNode> =>
  raw === undefined || isShort(raw) ? new Map() : new WideMap()

/** Whether the fields of a closed object are read at once. */
export const isShort = (raw: RawNode): boolean =>
  raw.bytes === undefined || raw.fields !== undefined || raw.size <= WHOLE_TEXT_BYTES

/** Opens an object of any size, as {@link openObject}. */
export function* openFields(node: ObjectNode): Sliced<Map<string, JsonNode>> {
  const known = node.peek()
  if (known !== undefined) return known
  const fields = fieldsFor(node.raw!)
  return opened(node, fields, yield* readFields(fields, node.raw!))
}

function opened(node: ObjectNode, fields: Map<string, JsonNode>, count: number): Map<string, JsonNode> {
  node.open(fields)
  if (fields.size < count) node.touch()
  return fields
}

/**
 * Reads only the wanted fields of a closed object, in document order; the others are stepped over and cost no memory.
 * An object that is open already is filtered by its map.
 */
export function* selectFields(node: ObjectNode, wanted: WantedFields): Sliced<Map<string, JsonNode>> {
  const open = node.peek()
  const fields = new Map<string, JsonNode>()
  if (open === undefined) {
    yield* readFields(fields, node.raw!, wanted)
    return fields
  }
  let steps = 0
  for (const [key, value] of open) {
    if (++steps % STEP === 0) yield
    if (wanted.has(key)) fields.set(key, value)
  }
  return fields
}

/** Whether an object has no field. Does not open it. */
export function isEmptyObject(node: ObjectNode): boolean {
  if (node.overlay !== undefined) return false
  const fields = node.peek()
  if (fields !== undefined) return fields.size === 0
  const { raw } = node
  if (raw!.bytes === undefined) return openObject(node).size === 0
  return raw!.bytes[skipSpace(raw!.bytes, raw!.start + 1, raw!.end)] === CLOSE_OBJECT
}

/** The node as an object, closed or open; undefined when it is something else. Returns a new node for unopened text. */
export function asObject(node: JsonNode): ObjectNode | undefined {
  if (node.kind === 'object') return node
  if (node.kind === 'raw' && node.first === OPEN_OBJECT) return new ObjectNode(undefined, node)
  return undefined
}

/** The node as an opened array; undefined when it is something else. Returns a new node for unopened text. */
export function asArray(node: JsonNode): ArrayNode | undefined {
  if (node.kind === 'array') return node
  if (node.kind === 'raw' && node.first === OPEN_ARRAY) return new ArrayNode(readItems(node))
  return undefined
}

/** Opens a value by one level: object and array become their nodes, a scalar stays as it is. */
export function openRaw(node: JsonNode): JsonNode {
  return asObject(node) ?? asArray(node) ?? node
}

/** Items of an array; undefined when the node is something else. */
export function openArray(node: JsonNode): JsonNode[] | undefined {
  return asArray(node)?.items
}

/**
 * Finds a value by its path through objects, and through arrays by index (`list.0.id`). Opens only what is on the way;
 * undefined when something is missing.
 */
export function lookup(node: JsonNode, path: readonly string[]): JsonNode | undefined {
  let current: JsonNode | undefined = node
  for (const part of path) {
    const object = asObject(current)
    if (object !== undefined) {
      current = object.peek()?.get(part) ?? (object.peek() === undefined ? openObject(object).get(part) : undefined)
    } else {
      const items = openArray(current)
      current = items !== undefined && INDEX.test(part) ? items[Number(part)] : undefined
    }
    if (current === undefined) return undefined
  }
  return current
}
const INDEX = /^(?:0|[1-9]\d{0,9})$/

/** Reads the text of a string value or key, quotes included, into real Unicode. */
export function decodeString(text: string): string {
  return PLAIN.test(text) ? text.slice(1, -1) : JSON.parse(Buffer.from(text, 'latin1').toString('utf8'))
}
const PLAIN = /^[^\\\x80-\uffff]*$/

/** Adds the fields of a closed object of any size to a map; later keys replace earlier ones at their place. Returns how many were read. */
export function* readFields(fields: Map<string, JsonNode>, raw: RawNode, wanted?: WantedFields): Sliced<number> {
  const { bytes } = raw
  if (bytes === undefined || isShort(raw)) return readFieldsInto(fields, raw, wanted)
  const { end } = raw
  let i = skipSpace(bytes, raw.start + 1, end)
  let count = 0
  while (bytes[i] === QUOTE) {
    if (++count % STEP === 0) yield
    const from = i
    const key = readKey(bytes, i, 0, undefined)
    const start = skipSpace(bytes, skipSpace(bytes, skipString(bytes, i + 1), end) + 1, end)
    const behind = skipValue(bytes, start)
    if (wanted === undefined || wanted.has(key)) fields.set(key, new RawNode(undefined, bytes, start, behind))
    i = skipSpace(bytes, behind, end)
    if (bytes[i] === COMMA) i = skipSpace(bytes, i + 1, end)
    if (i - from > WHOLE_TEXT_BYTES) yield
  }
  return count
}

/** {@link readFields} at once. */
export function readFieldsInto(fields: Map<string, JsonNode>, raw: RawNode, wanted?: WantedFields): number {
  const bytes = raw.bytes ?? raw.source
  const base = raw.start
  const end = raw.bytes === undefined ? bytes.length : raw.end
  const index = raw.fields ?? indexFields(bytes, base, end)
  const most = Math.min(WHOLE_TEXT_BYTES, (index.length / 3) * LARGE_FIELD)
  const whole = end - base <= most ? raw.text : undefined
  for (let k = 0; k < index.length; k += 3) {
    const key = readKey(bytes, index[k]!, base, whole)
    if (wanted !== undefined && !wanted.has(key)) continue
    const start = index[k + 1]!
    const behind = index[k + 2]!
    fields.set(key, new RawNode(whole === undefined ? undefined : whole.slice(start - base, behind - base), bytes, start, behind))
  }
  return index.length / 3
}

/** Finds the fields where validation did not note them. */
function indexFields(bytes: Buffer, base: number, end: number): number[] {
  const index: number[] = []
  let i = skipSpace(bytes, base + 1, end)
  while (bytes[i] === QUOTE) {
    const start = skipSpace(bytes, skipSpace(bytes, skipString(bytes, i + 1), end) + 1, end)
    const behind = skipValue(bytes, start)
    index.push(i, start, behind)
    i = skipSpace(bytes, behind, end)
    if (bytes[i] === COMMA) i = skipSpace(bytes, i + 1, end)
  }
  return index
}

function readKey(bytes: Buffer, quote: number, base: number, whole: string | undefined): string {
  let i = quote + 1
  let c = bytes[i]!
  while (c !== QUOTE && c !== BACKSLASH && c < 0x80) c = bytes[++i]!
  if (c !== QUOTE) return decodeString(bytes.toString('latin1', quote, skipString(bytes, quote + 1)))
  return whole === undefined ? bytes.toString('latin1', quote + 1, i) : whole.slice(quote + 1 - base, i - base)
}

function readItems(raw: RawNode): JsonNode[] {
  const items: JsonNode[] = []
  const bytes = raw.bytes ?? raw.source
  const base = raw.start
  const end = raw.bytes === undefined ? bytes.length : raw.end
  const whole = end - base <= WHOLE_TEXT_BYTES ? raw.text : undefined
  let i = skipSpace(bytes, base + 1, end)
  while (bytes[i] !== CLOSE_ARRAY) {
    const start = i
    i = skipValue(bytes, i)
    items.push(new RawNode(whole === undefined ? undefined : whole.slice(start - base, i - base), bytes, start, i))
    i = skipSpace(bytes, i, end)
    if (bytes[i] === COMMA) i = skipSpace(bytes, i + 1, end)
  }
  return items
}

/** Steps from behind the opening quote to behind the closing one. */
export function skipString(bytes: Buffer, from: number): number {
  let i = from
  for (;;) {
    const c = bytes[i]!
    if (c === QUOTE) return i + 1
    i += c === BACKSLASH ? 2 : 1
  }
}

/** Steps over a whole value. */
export function skipValue(bytes: Buffer, from: number): number {
  let i = from
  const first = SKIP_CLASS[bytes[i]!]!
  if (first === 1) return skipString(bytes, i + 1)
  if (first === 0) {
    for (;;) {
      const c = bytes[i]!
      if (c === COMMA || c === CLOSE_OBJECT || c === CLOSE_ARRAY || c <= 0x20) return i
      i++
    }
  }
  let depth = 0
  for (;;) {
    const kind = SKIP_CLASS[bytes[i++]!]!
    if (kind === 0) continue
    if (kind === 1) i = skipString(bytes, i)
    else if (kind === 2) depth++
    else if (--depth === 0) return i
  }
}
