/** Go's `strconv.Quote`: what `%q` writes. */
import { luaToText, textToLua } from '../strings.js'
import { charge } from '../vm.js'

/** Quoting a character takes about as long as this many steps of a script. */
const STEPS_PER_RUNE = 8

const SHORT: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"'
}
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

/** Quotes the bytes of a text. `raw`: in backquotes where that is possible; `ascii`: everything else escaped. */
export function quoteGo(value: string, raw: boolean, ascii: boolean): string {
  if (raw && !/[`\x00-\x08\x0a-\x1f\x7f]/.test(value) && isText(value)) return `\`${value}\``
  let result = '"'
  for (let i = 0; i < value.length; ) {
    charge(STEPS_PER_RUNE)
    const size = runeSize(value, i)
    const piece = value.slice(i, i + Math.max(size, 1))
    i += piece.length
    result += size === 0 ? hexByte(piece) : quoteRune(piece, ascii)
  }
  return `${result}"`
}

function quoteRune(piece: string, ascii: boolean): string {
  const short = SHORT[piece]
  if (short !== undefined) return short
  const rune = luaToText(piece)
  const code = rune.codePointAt(0)!
  if ((!ascii || code < 128) && PRINTABLE.test(rune)) return piece
  if (code < 32 || code === 127) return hexByte(piece)
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}

function hexByte(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
}

function isText(value: string): boolean {
  return textToLua(luaToText(value)) === value
}

/** Bytes of the character of UTF-8 that begins here; 0 when there is none. */
function runeSize(value: string, at: number): number {
  const code = value.charCodeAt(at)
  if (code < 0x80) return 1
  const size = code >= 0xf0 ? 4 : code >= 0xe0 ? 3 : code >= 0xc2 ? 2 : 0
  return size > 0 && isText(value.slice(at, at + size)) && [...luaToText(value.slice(at, at + size))].length === 1 ? size : 0
}
