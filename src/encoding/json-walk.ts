/**
 * Goes through validated JSON once, from left to right: for renderers of other formats.
 *
 * In: JSON as a byte string. Out: calls on a {@link JsonSink}. Keys and texts are decoded, numbers keep their spelling.
 */

import type { Sliced } from '../message/slices.js'
import { decodeString } from './json-scan.js'

/** Receives the parts of one document. Exactly one value follows a key. */
export interface JsonSink {
  open(isObject: boolean): void
  key(key: string): void
  string(text: string): void
  /** A number, or `true`, `false`, `null`. */
  word(text: string): void
  /** The container that was opened last ends. */
  close(): Sliced<void>
}

/** Parts that are handed on before other exchanges get their turn. */
const STEP = 2048
const WORD = /[^,:\]} \t\n\r]+/y
const LEFT_OUT = /[,: \t\n\r]*/y

export function* walkJson(json: string, sink: JsonSink): Sliced<void> {
  /** For each open container whether it is an object. */
  const open: boolean[] = []
  let wantsKey = false
  for (let at = 0, parts = 1; ; parts++) {
    if (parts % STEP === 0) yield
    LEFT_OUT.lastIndex = at
    at += LEFT_OUT.exec(json)![0].length
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
      yield* sink.close()
    } else if (char === '"') {
      const end = endOfString(json, at) + 1
      const text = decodeString(json.slice(at, end))
      at = end
      if (wantsKey) {
        wantsKey = false
        sink.key(text)
        continue
      }
      sink.string(text)
    } else {
      WORD.lastIndex = at
      const word = WORD.exec(json)![0]
      at += word.length
      sink.word(word)
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
