/** `Cache-Control` (RFC 9111 §5.2) as a table. */

/** Lower-cased names and their arguments, unquoted; '' = none. Of a name that stands twice the first one counts. */
export type Directives = ReadonlyMap<string, string>

/** A token with or without an argument, or a quoted string out of place. A quote that never ends reaches to the end. */
const DIRECTIVE = /([^\s=,"]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"?|[^\s,"]*))?|"(?:[^"\\]|\\.)*"?/g

/** Reads all lines of the field, joined by commas. */
export function parseDirectives(value: string | undefined): Directives {
  if (value === undefined) return NONE
  const found = new Map<string, string>()
  for (const [, name, argument = ''] of value.matchAll(DIRECTIVE)) {
    const lower = name?.toLowerCase()
    if (lower !== undefined && !found.has(lower)) found.set(lower, unquoted(argument))
  }
  return found
}

const NONE: Directives = new Map()

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, text.endsWith('"') ? -1 : undefined).replace(/\\(.)/g, '$1') : text
}

/** RFC 9111 §1.2.2: more is as good as for ever. */
const LONGEST = 2 ** 31

/** Reads seconds; undefined for what is no number. */
export function parseSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), LONGEST) : undefined
}
