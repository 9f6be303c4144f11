/** Names of header fields and methods, as Go spells and checks them. */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Says whether a text may be a method or the name of a field (RFC 9110 §5.6.2). */
export const isToken = (text: string): boolean => TOKEN.test(text)

/** Go's `CanonicalMIMEHeaderKey`. */
export function canonicalName(name: string): string {
  if (!isToken(name)) return name
  return name.toLowerCase().replace(/(?:^|-)[a-z]/g, part => part.toUpperCase())
}
