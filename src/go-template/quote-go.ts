const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v'
}
const ESCAPED = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|["\\]/gu
const ESCAPED_ASCII = /[^ !#-[\]-~]/gu

/**
 * Writes a text as Go's strconv.Quote: in double quotes, what cannot be printed as an escape.
 * @param ascii escapes everything beyond ASCII (`%+q`)
 */
export const quoteGo = (text: string, ascii: boolean): string => `"${escapeGo(text, ascii)}"`

/** As {@link quoteGo}, without the quotes around it. */
export function escapeGo(text: string, ascii: boolean): string {
  return text.replace(ascii ? ESCAPED_ASCII : ESCAPED, char => SHORT[char] ?? escapeOf(char.codePointAt(0)!))
}

function escapeOf(code: number): string {
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
