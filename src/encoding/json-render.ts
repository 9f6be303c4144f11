/**
 * Writes data as JSON: the renders `json` and `json-collection`.
 *
 * In: nodes. Out: UTF-8 bytes. Text that nobody opened or changed is sent on as it came; large pieces are copied once,
 * small ones are joined as byte strings first.
 */

import type { ArrayNode, JsonNode, ObjectNode, RawNode } from './json-node.js'
import { openObject } from './json-scan.js'

/** Pieces from this size are copied from the body's bytes instead of going through a string (bench/json-scan.mjs). */
const COPY_BYTES = 4096

/** Renders `json`: undefined data (no response at all) is `{}`, null data `null`. */
export function renderJson(data: ObjectNode | null | undefined): Buffer {
  if (data === null || data === undefined) return Buffer.from(data === null ? 'null' : '{}')
  return data.raw === undefined ? renderNode(data) : data.raw.source
}

/** Renders `json-collection`: the value of `collection`, `[]` when there is none. */
export function renderJsonCollection(data: ObjectNode | null | undefined): Buffer {
  const collection = data === null || data === undefined ? undefined : openObject(data).get('collection')
  return collection === undefined ? Buffer.from('[]') : renderNode(collection)
}

/** Writes any node as UTF-8 bytes. */
export function renderNode(node: JsonNode): Buffer {
  if (node.kind === 'raw') return node.source
  const writer = new Writer()
  writer.node(node)
  return writer.finish()
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

function encodeKey(key: string): string {
  const known = KEYS.get(key)
  if (known !== undefined) return known
  const written = `${encodeString(key)}:`
  if (KEYS.size < MOST_KEYS && key.length <= 64 && PLAIN.test(key)) KEYS.set(Buffer.from(key).toString(), written)
  return written
}

class Writer {
  private text = ''
  private pieces: Buffer[] | undefined

  node(node: JsonNode): void {
    if (node.kind === 'raw') this.raw(node)
    else if (node.kind === 'array') this.array(node)
    else if (node.raw !== undefined) this.raw(node.raw)
    else this.object(node)
  }

  finish(): Buffer {
    const rest = Buffer.from(this.text, 'latin1')
    if (this.pieces === undefined) return rest
    this.pieces.push(rest)
    return Buffer.concat(this.pieces)
  }

  private raw(node: RawNode): void {
    if (node.size < COPY_BYTES) {
      this.text += node.text
      return
    }
    this.pieces ??= []
    this.pieces.push(Buffer.from(this.text, 'latin1'), node.source)
    this.text = ''
  }

  private object(node: ObjectNode): void {
    let separator = '{'
    for (const [key, value] of openObject(node)) {
      this.text += separator + encodeKey(key)
      separator = ','
      if (value.kind === 'raw') this.raw(value)
      else this.node(value)
    }
    this.text += separator === '{' ? '{}' : '}'
  }

  private array(node: ArrayNode): void {
    this.text += '['
    for (let i = 0; i < node.items.length; i++) {
      if (i > 0) this.text += ','
      this.node(node.items[i]!)
    }
    this.text += ']'
  }
}
