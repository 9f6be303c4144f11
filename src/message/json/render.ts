/**
 * Writes data as JSON: the renders `json` and `json-collection`.
 *
 * In: nodes. Out: UTF-8 bytes. Text that was not opened or changed is sent on as it came; large pieces are copied once,
 * small ones are joined as byte strings first.
 */

import { allocateBytes } from '../slab.js'
import { runWhole, type Sliced } from '../slices.js'
import type { ArrayNode, JsonNode, ObjectNode, RawNode } from './node.js'
import { openFields, openShort } from './scan.js'

/** Pieces from this size are copied from the body's bytes instead of going through a string (bench/json-scan.ts). */
const COPY_BYTES = 4096
/** Joined text becomes bytes when it is this long. */
const PIECE_CHARACTERS = 64 * 1024
/** Values that are written before others get their turn. */
const STEP = 512

/** Renders `json`: undefined data (no response at all) is `{}`, null data `null`. */
export function* writeJson(data: ObjectNode | null | undefined): Sliced<Buffer> {
  if (data === null || data === undefined) return Buffer.from(data === null ? 'null' : '{}')
  if (data.raw !== undefined) return data.raw.source
  const writer = new Writer()
  yield* writer.object(data)
  return writer.finish()
}

/** Renders `json` at once. */
export function renderJson(data: ObjectNode | null | undefined): Buffer {
  return runWhole(writeJson(data))
}

/** Renders `json-collection`: the value of `collection`, `[]` when there is none. */
export function* writeJsonCollection(data: ObjectNode | null | undefined): Sliced<Buffer> {
  const collection = data === null || data === undefined ? undefined : (yield* openFields(data)).get('collection')
  return collection === undefined ? Buffer.from('[]') : yield* writeNode(collection)
}

function* writeNode(node: JsonNode): Sliced<Buffer> {
  if (node.kind === 'raw') return node.source
  const writer = new Writer()
  yield* writer.node(node)
  return writer.finish()
}

/** Writes any node as UTF-8 bytes, at once. */
export function renderNode(node: JsonNode): Buffer {
  return runWhole(writeNode(node))
}

/** Writes any node as a byte string. */
export function nodeText(node: JsonNode): string {
  return node.kind === 'raw' ? node.text : renderNode(node).toString('latin1')
}

/** Writes a string as JSON, quotes included, as a byte string. */
export function encodeString(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`
  return Buffer.from(JSON.stringify(value)).toString('latin1')
}
const PLAIN = /^[ !#-[\]-~]*$/

/** Written keys, since the same few come again and again: a third of the cost of a small merge. */
const KEYS = new Map<string, string>()
const MOST_KEYS = 2048

/** Writes a key of an object with its colon, as a byte string. */
export function encodeKey(key: string): string {
  const known = KEYS.get(key)
  if (known !== undefined) return known
  const written = `${encodeString(key)}:`
  if (KEYS.size < MOST_KEYS && key.length <= 64 && PLAIN.test(key)) KEYS.set(Buffer.from(key).toString(), written)
  return written
}

class Writer {
  private text = ''
  /** What stands before `text`. */
  private readonly pieces: (string | Buffer)[] = []
  private size = 0
  private steps = 0

  finish(): Buffer {
    const { pieces, text } = this
    if (pieces.length === 0) return Buffer.from(text, 'latin1')
    this.cut()
    const bytes = allocateBytes(this.size)
    let end = 0
    for (const piece of pieces) end += typeof piece === 'string' ? bytes.write(piece, end, 'latin1') : piece.copy(bytes, end)
    return bytes
  }

  *node(node: ObjectNode | ArrayNode): Sliced<void> {
    if (node.kind === 'array') yield* this.array(node)
    else if (node.raw !== undefined) this.raw(node.raw)
    else yield* this.object(node)
  }

  private raw(node: RawNode): void {
    const { size } = node
    if (size < COPY_BYTES) {
      this.text += node.text
      if (this.text.length > PIECE_CHARACTERS) this.cut()
      return
    }
    this.cut()
    this.pieces.push(node.source)
    this.size += size
  }

  private cut(): void {
    if (this.text === '') return
    this.pieces.push(this.text)
    this.size += this.text.length
    this.text = ''
  }

  *object(node: ObjectNode): Sliced<void> {
    let separator = '{'
    for (const [key, value] of openShort(node) ?? (yield* openFields(node))) {
      if (++this.steps % STEP === 0) yield
      this.text += separator + encodeKey(key)
      separator = ','
      if (value.kind === 'raw') this.raw(value)
      else yield* this.node(value)
    }
    this.text += separator === '{' ? '{}' : '}'
  }

  private *array(node: ArrayNode): Sliced<void> {
    this.text += '['
    for (let i = 0; i < node.items.length; i++) {
      if (++this.steps % STEP === 0) yield
      if (i > 0) this.text += ','
      const item = node.items[i]!
      if (item.kind === 'raw') this.raw(item)
      else yield* this.node(item)
    }
    this.text += ']'
  }
}
