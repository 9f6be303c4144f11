/** Names of header fields and methods, as Go spells and checks them. */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Says whether a text may be a method or the name of a field (RFC 9110 §5.6.2). */
export const isToken = (text: string): boolean => TOKEN.test(text)

/** Spellings that were asked for: scripts name the same fields for each request. */
const CANONICAL = new Map<string, string>()
const MOST_REMEMBERED = 1024
const LONGEST_REMEMBERED = 64

/** Go's `CanonicalMIMEHeaderKey`. */
export function canonicalName(name: string): string {
  const known = CANONICAL.get(name)
  if (known !== undefined) return known
  const canonical = isToken(name) ? name.toLowerCase().replace(/(?:^|-)[a-z]/g, part => part.toUpperCase()) : name
  if (CANONICAL.size < MOST_REMEMBERED && name.length <= LONGEST_REMEMBERED) CANONICAL.set(name, canonical)
  return canonical
}
