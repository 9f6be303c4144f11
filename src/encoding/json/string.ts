import type { Sliced } from '../../message/slices.js'
import { ByteWriter } from '../byte-writer.js'

const BACKSLASH = 0x5c

/** Escapes that are read before others get their turn. */
const STEP = 512

/** What the letter of an escape stands for. */
const ESCAPED = new Map([...'"\\/bfnrt'].map((letter, i) => [letter.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(i)]))

/** Reads a valid JSON string, quotes included, into the UTF-8 bytes of its text. Half a surrogate pair becomes U+FFFD. */
export function* unescapeString(json: Buffer): Sliced<Buffer> {
  const end = json.length - 1
  let at = json.indexOf(BACKSLASH)
  if (at === -1) return json.subarray(1, end)
  const out = new ByteWriter(json.length)
  let done = 1
  for (let steps = 1; at !== -1; steps++) {
    if (steps % STEP === 0) yield
    out.copy(json, done, at)
    const byte = ESCAPED.get(json[at + 1]!)
    if (byte === undefined) {
      const { text, length } = unicodeAt(json, at)
      out.text(text)
      done = at + length
    } else {
      out.byte(byte)
      done = at + 2
    }
    at = json.indexOf(BACKSLASH, done)
  }
  out.copy(json, done, end)
  return out.finish()
}

/** Reads `\uXXXX`, or two of them that are one character. */
function unicodeAt(json: Buffer, at: number): { text: string; length: number } {
  const unit = hexAt(json, at + 2)
  const isHigh = unit >= 0xd800 && unit < 0xdc00
  if (isHigh && json[at + 6] === BACKSLASH && json[at + 7] === 0x75) {
    const low = hexAt(json, at + 8)
    if (low >= 0xdc00 && low < 0xe000) return { text: String.fromCharCode(unit, low), length: 12 }
  }
  return { text: String.fromCharCode(unit), length: 6 }
}

function hexAt(json: Buffer, at: number): number {
  return Number.parseInt(json.toString('latin1', at, at + 4), 16)
}
