/** Go's `strings.ToUpper` and `ToLower` on bytes: Unicode's mappings of single characters; bytes that are no UTF-8 become U+FFFD. */
import { isAscii, luaToText, textToLua } from '../strings.js'

export function upperGo(text: string): string {
  return isAscii(text) ? text.toUpperCase() : each(text, /[a-z]+/g, UPPER, c => c.toUpperCase())
}

export function lowerGo(text: string): string {
  return isAscii(text) ? text.toLowerCase() : each(text, /[A-Z]+/g, LOWER, c => c.toLowerCase())
}

/** What became of characters beyond ASCII. */
const UPPER = new Map<string, string>()
const LOWER = new Map<string, string>()
const MOST_KNOWN = 4096

function each(text: string, ascii: RegExp, known: Map<string, string>, change: (c: string) => string): string {
  const changed = luaToText(text)
    .replace(ascii, change)
    .replace(/[^\x00-\x7f]/gu, c => known.get(c) ?? single(c, known, change))
  return textToLua(changed)
}

/** What needs two characters (ß → SS) stays as it is, as in Go. */
function single(c: string, known: Map<string, string>, change: (c: string) => string): string {
  const changed = change(c)
  const result = [...changed].length === 1 ? changed : c
  if (known.size < MOST_KNOWN) known.set(c, result)
  return result
}
