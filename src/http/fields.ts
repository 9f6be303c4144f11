/**
 * Header fields as they travel: flat arrays `[name, value, name, value, …]` in wire order, values latin1.
 * Pure functions; nothing here knows about sockets or configurations.
 */

/** Name and value alternating, in wire order, spelling and repeats kept. */
export type RawFields = string[]

/** Connection-specific fields a gateway consumes and never forwards, besides those named in `Connection` (RFC 9110 §7.6.1). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'http2-settings'
])

/** How a message is delimited, and what belongs to its connection: the gateway's to write (RFC 9112 §6, RFC 9110 §7.6.1). */
const FRAMING: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'content-length'])

/** Says of a lower-cased name whether the field belongs to framing. */
export function isFraming(lower: string): boolean {
  return FRAMING.has(lower)
}

/** Name and value of each pair, without framing: what the response to an error carries. */
export function fieldsOfPairs(pairs: Iterable<readonly [name: string, value: string]>): RawFields {
  const raw: RawFields = []
  for (const [name, value] of pairs) if (!isFraming(lowerName(name))) raw.push(name, value)
  return raw
}

/** Fields that the gateway writes itself towards backends; a client cannot have them removed by naming them in `Connection`. */
const NOT_CONNECTION_OPTIONS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'x-forwarded-for',
  'x-forwarded-host',
  'close',
  'keep-alive'
])

const lowerCache = new Map<string, string>()

/** Lower-cases a field name; names as clients spell them repeat, so results are remembered (up to 4,096 spellings). */
export function lowerName(name: string): string {
  const known = lowerCache.get(name)
  if (known !== undefined) return known
  const lower = name.toLowerCase()
  if (lowerCache.size < 4096 && name.length <= 64) lowerCache.set(name, lower)
  return lower
}

/** Returns the first value of a field or undefined. `lower` is lower-case. */
export function fieldOf(raw: readonly string[], lower: string): string | undefined {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    if (name.length === lower.length && lowerName(name) === lower) return raw[i + 1]
  }
  return undefined
}

/**
 * Returns the lower-cased names that the message's `Connection` fields list, without `close` and `keep-alive`;
 * undefined when there are none, which is nearly always.
 */
function connectionOptions(raw: readonly string[]): Set<string> | undefined {
  let named: Set<string> | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    if (name.length !== 10 || lowerName(name) !== 'connection') continue
    named = addConnectionOptions(named, raw[i + 1]!)
  }
  return named
}

/** Adds what one `Connection` field lists to what was found before, as {@link connectionOptions} does. */
export function addConnectionOptions(named: Set<string> | undefined, value: string): Set<string> | undefined {
  if (value === 'keep-alive' || value === 'close' || value === 'Keep-Alive' || value === '') return named
  for (const part of value.split(',')) {
    const option = part.trim().toLowerCase()
    if (option === '' || NOT_CONNECTION_OPTIONS.has(option)) continue
    named ??= new Set()
    named.add(option)
  }
  return named
}

/** Returns a copy without the fields that are `named` in lower case. The first `own` entries of the array stay. */
export function withoutNamed(raw: readonly string[], own: number, named: ReadonlySet<string>): RawFields {
  const kept = raw.slice(0, own)
  for (let i = own; i < raw.length; i += 2) if (!named.has(lowerName(raw[i]!))) kept.push(raw[i]!, raw[i + 1]!)
  return kept
}

/** Returns the fields without the hop-by-hop ones, as a new array. */
export function endToEndFields(raw: readonly string[]): RawFields {
  const named = connectionOptions(raw)
  const out: RawFields = []
  for (let i = 0; i < raw.length; i += 2) {
    const lower = lowerName(raw[i]!)
    // HTTP/2 pseudo fields (RFC 9113 §8.3) are the request line, not fields
    if (HOP_BY_HOP.has(lower) || named?.has(lower) || lower.charCodeAt(0) === 58) continue
    out.push(raw[i]!, raw[i + 1]!)
  }
  return out
}

/** A body follows: `Content-Length` above zero or any `Transfer-Encoding` (RFC 9112 §6). */
export function hasBody(raw: readonly string[]): boolean {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    if (name.length === 14) {
      if (lowerName(name) === 'content-length' && raw[i + 1] !== '0') return true
    } else if (name.length === 17 && lowerName(name) === 'transfer-encoding') return true
  }
  return false
}

const LEGAL_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const ILLEGAL_VALUE = /[^\t\x20-\x7e\x80-\xff]/
const BEYOND_BYTES = /[^\0-\xff]/

/** True for what may be the name of a header field: a token (RFC 9110 §5.1). */
export function isFieldName(name: string): boolean {
  return LEGAL_NAME.test(name)
}

/** True for what may be the value of a header field: no CR, LF, NUL or other control, no character beyond latin1 (RFC 9110 §5.5). */
export function isFieldValue(value: string): boolean {
  return !ILLEGAL_VALUE.test(value)
}

/** @throws TypeError for a name that is no token (RFC 9110 §5.1). */
export function checkFieldName(name: string): void {
  if (typeof name !== 'string' || !LEGAL_NAME.test(name)) throw new TypeError(`illegal header name ${JSON.stringify(name)}`)
}

/** @throws TypeError for CR, LF, NUL, other controls, or characters beyond latin1 (RFC 9110 §5.5). */
export function checkFieldValue(name: string, value: string): void {
  if (!ILLEGAL_VALUE.test(value)) return
  const hint = BEYOND_BYTES.test(value) ? ": a character is one byte, UTF-8 is Buffer.from(text).toString('latin1')" : ''
  throw new TypeError(`illegal value for header ${name}${hint}`)
}

/** True when a field from outside may be handed to node:http as it is. */
export function isLegalField(name: string, value: string): boolean {
  return LEGAL_NAME.test(name) && !ILLEGAL_VALUE.test(value)
}
