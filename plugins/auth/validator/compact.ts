/**
 * The text of a token, before anything is believed: three parts in base64url, spelled the one way there is, and JSON objects
 * whose names are unique. Two spellings of one token would pass lists of revoked tokens; two values of one claim would be
 * read in two ways.
 */

import { type Claims, TokenRefused } from './claims.js'

/** RFC 7515 §2: no padding, line breaks, blanks or other characters. */
const THREE_PARTS = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** Last characters of parts that end within a byte: the bits behind it are zero (RFC 4648 §3.5). */
const LAST_OF_TWO = 'AQgw'
const LAST_OF_THREE = 'AEIMQUYcgkosw048'

/** @throws TokenRefused for a text that is no token in compact form */
export function checkCompact(token: string): void {
  if (!THREE_PARTS.test(token)) throw new TokenRefused('not three parts in base64url')
  let start = 0
  for (let end = 0; end < token.length; start = end + 1) {
    end = token.indexOf('.', start)
    if (end < 0) end = token.length
    const rest = (end - start) % 4
    const last = token.charAt(end - 1)
    if (rest === 1 || (rest === 2 && !LAST_OF_TWO.includes(last)) || (rest === 3 && !LAST_OF_THREE.includes(last)))
      throw new TokenRefused('a part is not the base64url of any bytes')
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads a JSON object in UTF-8. @throws TokenRefused for all else, and for a name that comes twice in one object (RFC 7515 §4, 7519 §4) */
export function readObject(bytes: Uint8Array, what: string): Claims {
  let text: string
  let value: unknown
  try {
    text = decoder.decode(bytes)
    value = JSON.parse(text)
  } catch {
    throw new TokenRefused(`the ${what} is not JSON`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TokenRefused(`the ${what} is no object`)
  if (hasTwins(text)) throw new TokenRefused(`the ${what} has a name twice`)
  return value as Claims
}

/** Strings with the colon behind them, if it is a name, and brackets. */
const MARKS = /"([^"\\]*(?:\\.[^"\\]*)*)"\s*(:?)|[{}]/g

/** True when an object of a valid JSON text has a name twice. */
function hasTwins(text: string): boolean {
  const open: Set<string>[] = []
  for (const [mark, name, colon] of text.matchAll(MARKS)) {
    if (mark === '{') open.push(new Set())
    else if (mark === '}') open.pop()
    else if (colon === ':') {
      const names = open.at(-1)!
      const plain = name!.includes('\\') ? (JSON.parse(`"${name}"`) as string) : name!
      if (names.has(plain)) return true
      names.add(plain)
    }
  }
  return false
}
