/** Query strings as they travel: raw text in, raw text out, in the form Go's net/url writes when a list picks names. */

/** Keeps what a list lets through of a raw query (without '?'). */
export type QueryFilter = (query: string) => string

/**
 * Compiles `input_query_strings`. An empty list lets nothing pass, `*` passes the query as it came. Else the named parameters
 * pass with all their values, sorted by name and encoded anew (KrakenD's form). Names are case-sensitive; pairs with `;` and broken
 * escapes are dropped.
 */
export function compileQueryFilter(names: readonly string[]): QueryFilter {
  if (names.includes('*')) return query => query
  if (names.length === 0) return () => ''
  return compileQueryPick(names)
}

/** As {@link compileQueryFilter}, but `*` is an ordinary name (backend level). */
export function compileQueryPick(names: readonly string[]): QueryFilter {
  const wanted = new Set(names.map(name => Buffer.from(name).toString('latin1')))
  return query => sortedQuery(queryPairs(query, wanted))
}

/** A name and one value of it, decoded, one character per byte. */
export type QueryPair = [name: string, value: string]

/** Takes a raw query apart as Go does: pairs with `;` and broken escapes are dropped. `wanted`: the only names that are read. */
export function queryPairs(query: string, wanted?: ReadonlySet<string>): QueryPair[] {
  const pairs: QueryPair[] = []
  if (query === '') return pairs
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const at = pair.indexOf('=')
    const name = decodeQuery(at < 0 ? pair : pair.slice(0, at))
    if (name === undefined || (wanted !== undefined && !wanted.has(name))) continue
    const value = at < 0 ? '' : decodeQuery(pair.slice(at + 1))
    if (value !== undefined) pairs.push([name, value])
  }
  return pairs
}

/** Writes a query as Go does: sorted by name, encoded. Sorts `pairs` in place. */
export function sortedQuery(pairs: QueryPair[]): string {
  if (pairs.length > 1) pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
  let out = ''
  for (const [name, value] of pairs) out += `${out === '' ? '' : '&'}${encodeQuery(name)}=${encodeQuery(value)}`
  return out
}

const ESCAPE = /%([0-9a-fA-F]{2})?/g

/** Decodes one name or value to a byte string (one char per byte); undefined for a broken escape. */
function decodeQuery(text: string): string | undefined {
  const plain = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!plain.includes('%')) return plain
  let broken = false
  const bytes = plain.replace(ESCAPE, (_, hex: string | undefined) => {
    if (hex === undefined) broken = true
    return hex === undefined ? '' : String.fromCharCode(Number.parseInt(hex, 16))
  })
  return broken ? undefined : bytes
}

const SAFE = /^[A-Za-z0-9\-_.~]*$/

/** Encodes a byte string. */
function encodeQuery(bytes: string): string {
  if (SAFE.test(bytes)) return bytes
  let out = ''
  for (let i = 0; i < bytes.length; i++) {
    const char = bytes[i]!
    const code = bytes.charCodeAt(i)
    if (code === 32) out += '+'
    else if (SAFE.test(char)) out += char
    else out += `%${code < 16 ? '0' : ''}${code.toString(16).toUpperCase()}`
  }
  return out
}
