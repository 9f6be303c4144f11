/**
 * Goes through validated JSON once, from left to right: for renderers of other formats.
 *
 * In: JSON as a byte string. Out: calls on a {@link JsonSink}. Keys and texts are decoded, numbers keep their spelling.
 */

import { decodeString } from '../../message/json/scan.js'
import type { Sliced } from '../../message/slices.js'

/** Receives the parts of one document. Exactly one value follows a key. */
export interface JsonSink {
  open(isObject: boolean): void
  key(key: string): void
  string(text: string): void
  /** A text of more than {@link LONG} characters, in pieces that hold whole characters. */
  longString(pieces: readonly string[]): Sliced<void>
  /** A number, or `true`, `false`, `null`. */
  word(text: string): void
  /** The container that was opened last ends. Returns what is left to do for a large one. */
  close(): Sliced<void> | undefined
}

/** Parts that are handed on before other exchanges get their turn. */
const STEP = 2048
/** Strings of more characters are read in pieces of as many. */
const LONG = 64 * 1024

/** Bytes between values, and what can end a number or a literal: commas, colons, white space; closing brackets. */
const BETWEEN = new Uint8Array(256)
for (const char of ',: \t\n\r') BETWEEN[char.charCodeAt(0)] = 1
const ENDS_WORD = BETWEEN.slice()
for (const char of ']}') ENDS_WORD[char.charCodeAt(0)] = 1

export function* walkJson(json: string, sink: JsonSink): Sliced<void> {
  /** For each open container whether it is an object. */
  const open: boolean[] = []
  let wantsKey = false
  for (let at = 0, parts = 1; ; parts++) {
    if (parts % STEP === 0) yield
    while (BETWEEN[json.charCodeAt(at)] === 1) at++
    if (at >= json.length) return
    const char = json[at]!
    if (char === '{' || char === '[') {
      wantsKey = char === '{'
      open.push(wantsKey)
      sink.open(wantsKey)
      at++
      continue
    }
    if (char === '}' || char === ']') {
      open.pop()
      at++
      const rest = sink.close()
      if (rest !== undefined) yield* rest
    } else if (char === '"') {
      const end = endOfString(json, at) + 1
      if (end - at > LONG && !wantsKey) {
        yield* sink.longString(yield* decodePieces(json, at + 1, end - 1))
        at = end
        wantsKey = open.at(-1) === true
        continue
      }
      const text = decodeString(json.slice(at, end))
      at = end
      if (wantsKey) {
        wantsKey = false
        sink.key(text)
        continue
      }
      sink.string(text)
    } else {
      const start = at
      while (at < json.length && ENDS_WORD[json.charCodeAt(at)] === 0) at++
      sink.word(json.slice(start, at))
    }
    wantsKey = open.at(-1) === true
  }
}

/** Returns the index of the quote that closes the string opened at `start`. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
    let slashes = 0
    while (json.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end
  }
}

/** Decodes the inside of a long string. No piece ends within a character. */
function* decodePieces(json: string, start: number, end: number): Sliced<string[]> {
  const pieces: string[] = []
  let half = ''
  for (let from = start; from < end; ) {
    const to = from + LONG < end ? wholeBefore(json, from + LONG) : end
    const text = half + decodeString(`"${json.slice(from, to)}"`)
    // of two escapes that are one character the first may end a piece
    half = HIGH_AT_END.test(text) && to < end ? text.slice(-1) : ''
    pieces.push(half === '' ? text : text.slice(0, -1))
    from = to
    yield
  }
  return pieces
}
const HIGH_AT_END = /[\ud800-\udbff]$/

/** Returns the last place up to `at` that is within no escape and no UTF-8 sequence. */
function wholeBefore(json: string, at: number): number {
  let to = at
  while ((json.charCodeAt(to) & 0xc0) === 0x80) to--
  for (let slash = to - 1; slash >= to - 5; slash--) {
    if (json.charCodeAt(slash) !== 0x5c) continue
    let first = slash
    while (json.charCodeAt(first - 1) === 0x5c) first--
    // slashes stand in pairs; one that is left begins an escape
    if ((slash - first) % 2 === 1) return to
    return slash + (json[slash + 1] === 'u' ? 6 : 2) > to ? slash : to
  }
  return to
}
