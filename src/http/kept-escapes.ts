/**
 * Reserved characters that a client sent percent-encoded (RFC 3986 §2.2): `%3B` is data, a bare `;` may be a delimiter, and a backend
 * tells them apart. Values of parameters are decoded for plugins and expressions; beside them travels the text that says which
 * characters came encoded, so that the call to the backend can spell them the same way.
 *
 * In the kept text such a character is a lone surrogate: U+DC00 and its code. Bytes that are no UTF-8 have marks of that kind too, from
 * U+DC80 on (`decodeSegment`).
 */

import { decodeSegment, RESERVED_MARK } from './target.js'

type Params = Record<string, string>
type Noted = { [KEPT]?: Params }

/** Where an object of parameters has the kept texts, by name. The property is enumerable: `{ ...params }` has it too. */
const KEPT: unique symbol = Symbol('kept escapes')

/** `!` `$` `&` `'` `(` `)` `*` `+` `,` `:` `;` `=` `@`, encoded. What else is reserved never stands in a parameter. */
const ESCAPE = /%(2[146-9A-Ca-c]|3[ABDabd]|40)/
const RESERVED = /[!$&'()*+,:;=@]/g

/** Undoes percent-encoding as `decodeSegment` does, and marks the reserved characters that came encoded. */
export function decodeKeeping(raw: string): string {
  if (!ESCAPE.test(raw)) return decodeSegment(raw)
  const parts = raw.split(ESCAPE) // even index: text, odd: two hex digits
  let out = decodeSegment(parts[0]!)
  for (let i = 1; i < parts.length; i += 2)
    out += String.fromCharCode(0xdc00 + Number.parseInt(parts[i]!, 16)) + decodeSegment(parts[i + 1]!)
  return out
}

/** The text without marks of reserved characters. */
export function plainOf(kept: string): string {
  return kept.replace(RESERVED_MARK, mark => String.fromCharCode(mark.charCodeAt(0) - 0xdc00))
}

/** Notes how parameters came. `kept` are the same ones with marks; undefined = not known, and all reserved characters count as encoded. */
export function noteKept(params: Params, kept: Readonly<Params> | undefined): void {
  const texts: Params = Object.create(null)
  for (const name in params) {
    texts[name] = kept?.[name] ?? params[name]!.replace(RESERVED, char => String.fromCharCode(0xdc00 + char.charCodeAt(0)))
  }
  ;(params as Noted)[KEPT] = texts
}

/** The text of a parameter as it came; the value itself where that is not known, or where a plugin has changed the value. */
export function keptText(params: Readonly<Params>, name: string, value: string): string {
  const kept = (params as Noted)[KEPT]?.[name]
  return kept !== undefined && plainOf(kept) === value ? kept : value
}

/** Copies what {@link noteKept} noted. */
export function copyKept(from: Readonly<Params>, to: Params): void {
  const texts = (from as Noted)[KEPT]
  if (texts !== undefined) (to as Noted)[KEPT] = texts
}
