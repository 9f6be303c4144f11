/** Go's `strings.ToUpper` and `ToLower` on bytes: Unicode's mappings of single characters; bytes that are no UTF-8 become U+FFFD. */
import { isAscii, luaToText, textToLua } from './strings.js'

export function upperGo(text: string): string {
  return isAscii(text) ? text.toUpperCase() : each(text, c => c.toUpperCase())
}

export function lowerGo(text: string): string {
  return isAscii(text) ? text.toLowerCase() : each(text, c => c.toLowerCase())
}

function each(text: string, change: (c: string) => string): string {
  let result = ''
  for (const c of luaToText(text)) {
    const changed = change(c)
    // what needs two characters (ß → SS) stays as it is, as in Go
    result += [...changed].length === 1 ? changed : c
  }
  return textToLua(result)
}
