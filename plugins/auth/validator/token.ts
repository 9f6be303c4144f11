/** Where a request carries its token. */

import type { HeaderMap } from 'sluice/plugin'

/** Characters; longer ones are no tokens. Request heads are limited to about this much anyway. */
export const MAX_TOKEN_CHARS = 64 * 1024

/** Returns the token of a request: of the header when it is there, else of the cookie; undefined without one, or with two headers. */
export type TokenFinder = (headers: HeaderMap) => string | undefined

/** Compiles the search. The word `Bearer` before the token is optional, in any case. */
export function compileTokenFinder(headerName: string, cookieName: string): TokenFinder {
  const prefix = `${cookieName}=`
  return headers => {
    const values = headers.getAll(headerName)
    // of several fields a backend may read another one than the gateway
    if (values.length > 1) return undefined
    if (values.length === 1 && values[0] !== '') return withoutScheme(values[0]!)
    return headers.has('cookie') ? fromCookies(headers.getAll('cookie'), prefix) : undefined
  }
}

const SPACE = 0x20

function withoutScheme(value: string): string {
  // 'bearer ': 7 characters (RFC 6750 §2.1); schemes are case-insensitive (RFC 9110 §11.1)
  if (value.charCodeAt(6) !== SPACE || value.slice(0, 6).toLowerCase() !== 'bearer') return value
  // a regular expression would look at each character of the token
  let from = 7
  let to = value.length
  while (value.charCodeAt(from) === SPACE) from++
  while (to > from && value.charCodeAt(to - 1) === SPACE) to--
  return value.slice(from, to)
}

/** The first cookie of the name counts (RFC 6265 §5.4: the most specific one comes first). */
function fromCookies(fields: readonly string[], prefix: string): string | undefined {
  for (const field of fields) {
    if (!field.includes(prefix)) continue
    for (const pair of field.split(';')) {
      const cookie = pair.trim()
      if (!cookie.startsWith(prefix)) continue
      const value = cookie.slice(prefix.length)
      return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
    }
  }
  return undefined
}
