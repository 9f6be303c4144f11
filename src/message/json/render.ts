/**
 * Writes data as JSON: the renders `json` and `json-collection`.
 *
 * In: nodes. Out: UTF-8 bytes. Text that was not opened or changed is sent on as it came: large pieces stay views of the body's
 * bytes, small ones are joined as byte strings.
 */

import { joined, Pieces } from '../pieces.js'
import { runWhole, type Sliced } from '../slices.js'
import type { ArrayNode, FieldOverlay, JsonNode, ObjectNode, RawNode } from './node.js'
import { openFields, openShort } from './scan.js'
import { ELSEWHERE, UntouchedRun } from './untouched-run.js'

/** Pieces from this size stay where they lie instead of going through a string (bench/json-scan.ts). */
const VIEW_BYTES = 4096
/** A body in more pieces is copied together: a socket takes a few at once for less. */
const MOST_PIECES = 32
/** Joined text becomes bytes when it is this long. */
const PIECE_CHARACTERS = 64 * 1024
/** Values that are written before others get their turn. */
const STEP = 512

/** Renders `json`: undefined data (no response at all) is `{}`, null data `null`. */
export function* writeJson(data: ObjectNode | null | undefined): Sliced<Buffer | Pieces> {
  if (data === null || data === undefined) return Buffer.from(data === null ? 'null' : '{}')
  if (data.raw !== undefined) return data.raw.source
  const writer = new Writer()
  yield* writer.object(data)
  return writer.finish()
}

/** Renders `json` of data that is closed, undefined for any other: see {@link writeJson}. */
export function renderClosed(data: ObjectNode | null | undefined): Buffer | Pieces | undefined {
  if (data === null || data === undefined) return undefined
  if (data.overlay === undefined) return data.raw?.source
  const writer = new Writer()
  writer.overlaid(data.overlay)
  return writer.finish()
}

/** Renders `json` at once. */
export function renderJson(data: ObjectNode | null | undefined): Buffer {
  return joined(runWhole(writeJson(data)))
}

/** Renders `json-collection`: the value of `collection`, `[]` when there is none. */
export function* writeJsonCollection(data: ObjectNode | null | undefined): Sliced<Buffer | Pieces> {
  const collection = data === null || data === undefined ? undefined : (yield* openFields(data)).get('collection')
  return collection === undefined ? Buffer.from('[]') : yield* writeNode(collection)
}

function* writeNode(node: JsonNode): Sliced<Buffer | Pieces> {
  if (node.kind === 'raw') return node.source
  const writer = new Writer()
  yield* writer.node(node)
  return writer.finish()
}

/** Writes any node as UTF-8 bytes, at once. */
export function renderNode(node: JsonNode): Buffer {
  return joined(runWhole(writeNode(node)))
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
  private pieces: (string | Buffer)[] | undefined
  private steps = 0

  finish(): Buffer | Pieces {
    if (this.pieces === undefined) return Buffer.from(this.text, 'latin1')
    if (this.text !== '') this.pieces.push(this.text)
    const made = new Pieces(this.pieces)
    return made.list.length > MOST_PIECES ? made.join() : made
  }

  *node(node: ObjectNode | ArrayNode): Sliced<void> {
    if (node.kind === 'array') yield* this.array(node)
    else if (node.raw !== undefined) this.raw(node.raw)
    else yield* this.object(node)
  }

  private raw(node: RawNode): void {
    if (node.size < VIEW_BYTES) this.add(node.text)
    else this.cut().push(node.source)
  }

  private span(bytes: Buffer, from: number, to: number): void {
    if (to - from < VIEW_BYTES) this.add(bytes.toString('latin1', from, to))
    else this.cut().push(bytes.subarray(from, to))
  }

  private add(text: string): void {
    this.text += text
    if (this.text.length > PIECE_CHARACTERS) this.cut()
  }

  private cut(): (string | Buffer)[] {
    this.pieces ??= []
    if (this.text !== '') this.pieces.push(this.text)
    this.text = ''
    return this.pieces
  }

  /** Writes the text of a closed object with what stands over it. */
  overlaid({ bytes, edits, raw }: FieldOverlay): void {
    let at = raw.start
    for (const { from, to, lead, node } of edits) {
      this.span(bytes, at, from)
      this.text += lead
      this.raw(node)
      at = to
    }
    this.span(bytes, at, raw.end)
  }

  *object(node: ObjectNode): Sliced<void> {
    if (node.overlay !== undefined) return this.overlaid(node.overlay)
    const run = UntouchedRun.of(node.origin)
    let separator = '{'
    for (const [key, value] of openShort(node) ?? (yield* openFields(node))) {
      if (++this.steps % STEP === 0) yield
      const place = run === undefined ? ELSEWHERE : run.placeOf(key, value)
      if (place !== ELSEWHERE && run!.extend(place)) continue
      if (run !== undefined) this.endRun(run)
      this.text += separator
      separator = ','
      if (place !== ELSEWHERE) run!.begin(place)
      else {
        this.text += encodeKey(key)
        if (value.kind === 'raw') this.raw(value)
        else yield* this.node(value)
      }
    }
    if (run !== undefined) this.endRun(run)
    this.text += separator === '{' ? '{}' : '}'
  }

  private endRun(run: UntouchedRun): void {
    const { bytes, from, to } = run
    if (from === to) return
    this.span(bytes, from, to)
    run.end()
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
