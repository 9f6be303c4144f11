/**
 * The request target (RFC 9112 §3.2) as pure functions: taken apart once, never given to `new URL`, bytes kept as they
 * came. In: the text of the request line, as node:http hands it over (latin1). Out: a path that begins with a slash (or
 * is `*`), a raw query, and the authority of an absolute-form. What could be read in two ways is refused.
 */

import { GatewayError } from '../errors.js'

/** A request target, taken apart. */
export interface Target {
  /** Raw, never decoded; begins with `/`, or is `*`. Bytes beyond ASCII stand percent-encoded. */
  readonly path: string
  /** Raw, without the `?`. */
  readonly query: string
  /** True when there was a `?`, also before an empty query. */
  readonly hasQuery: boolean
  /** Authority of an absolute-form, which stands for the Host field (RFC 9112 §3.2.2); undefined otherwise. */
  readonly authority: string | undefined
}

const SLASH = 47
const PERCENT = 37
const QUESTION = 63

/** Characters a target may hold: visible ASCII without `#`. Others are refused (controls, blanks, `#`) or encoded (≥ 0x80). */
const LEGAL = new Uint8Array(128)
for (let c = 0x21; c < 0x7f; c++) LEGAL[c] = c === 0x23 ? 0 : 1

const HEX = new Int8Array(128).fill(-1)
for (let i = 0; i < 10; i++) HEX[48 + i] = i
for (let i = 0; i < 6; i++) HEX[65 + i] = HEX[97 + i] = 10 + i

const byteHex = Array.from({ length: 256 }, (_, i) => `%${i < 16 ? '0' : ''}${i.toString(16).toUpperCase()}`)

function hexAt(text: string, i: number): number {
  const c = text.charCodeAt(i)
  return c < 128 ? HEX[c]! : -1
}

/**
 * Takes a request target apart: origin-form, absolute-form (http and https) and asterisk-form.
 * @throws GatewayError SLUICE_ERR_CLIENT_BAD_REQUEST for anything else, control characters, blanks, `#`, and a path with a broken percent-escape
 */
export function parseTarget(raw: string): Target {
  if (raw.charCodeAt(0) === SLASH) return split(raw, undefined)
  if (raw === '*') return { path: '*', query: '', hasQuery: false, authority: undefined }
  const rest = raw.startsWith('http://') ? 7 : raw.startsWith('https://') ? 8 : /^https?:\/\//i.exec(raw)?.[0].length
  if (rest === undefined) throw badTarget('neither a path nor an absolute URI')
  let end = rest
  while (end < raw.length && raw.charCodeAt(end) !== SLASH && raw.charCodeAt(end) !== QUESTION) end++
  const authority = raw.slice(rest, end)
  if (!isAuthority(authority)) throw badTarget('bad authority')
  return split(raw.charCodeAt(end) === SLASH ? raw.slice(end) : `/${raw.slice(end)}`, authority)
}

function split(text: string, authority: string | undefined): Target {
  let query = -1
  let beyondAscii = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c > 127) {
      beyondAscii = true
    } else if (LEGAL[c] === 0) {
      throw badTarget(c === 0x23 ? 'fragment' : 'control character or blank')
    } else if (query < 0) {
      if (c === QUESTION) query = i
      else if (c === PERCENT && (hexAt(text, i + 1) < 0 || hexAt(text, i + 2) < 0)) throw badTarget('broken percent-escape')
    }
  }
  if (beyondAscii) return split(encodeBeyondAscii(text), authority)
  if (query < 0) return { path: text, query: '', hasQuery: false, authority }
  return { path: text.slice(0, query), query: text.slice(query + 1), hasQuery: true, authority }
}

/** Percent-encodes what is beyond ASCII: latin1 characters stand for bytes, others (targets made in code) for UTF-8. */
export function encodeBeyondAscii(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text
  const bytes = Buffer.from(text, /[^\0-\xff]/.test(text) ? 'utf8' : 'latin1')
  let out = ''
  for (const byte of bytes) out += byte < 128 ? String.fromCharCode(byte) : byteHex[byte]!
  return out
}

/** A `Host` value or authority that can be passed on: name or address and port, no userinfo (RFC 9110 §4.2.4, §7.2). */
export function isAuthority(text: string): boolean {
  return /^(?:[A-Za-z0-9\-._~!$&'()*+,;=%]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/.test(text)
}

function badTarget(why: string): GatewayError {
  return new GatewayError('SLUICE_ERR_CLIENT_BAD_REQUEST', { limit: `target: ${why}` })
}

/**
 * Undoes percent-encoding once. Bytes that are not UTF-8 become lone surrogates U+DC80–DCFF, which {@link encodeSegment}
 * turns back into the same bytes, so nothing is lost on the way. Broken escapes stay as they are.
 */
export function decodeSegment(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return decodeBytes(text)
  }
}

function decodeBytes(text: string): string {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    const high = c === PERCENT ? hexAt(text, i + 1) : -1
    const low = high < 0 ? -1 : hexAt(text, i + 2)
    if (low >= 0) {
      bytes.push(high * 16 + low)
      i += 2
    } else if (c < 128) {
      bytes.push(c)
    } else {
      for (const byte of Buffer.from(text[i]!)) bytes.push(byte)
    }
  }
  const buffer = Buffer.from(bytes)
  let out = ''
  for (let i = 0; i < buffer.length; ) {
    const length = sequenceLength(buffer, i)
    out += length === 0 ? String.fromCharCode(0xdc00 + buffer[i]!) : buffer.toString('utf8', i, i + length)
    i += length || 1
  }
  return out
}

/** Length of the valid UTF-8 sequence at `i`, 0 when there is none (RFC 3629 §4). */
function sequenceLength(bytes: Buffer, i: number): number {
  const first = bytes[i]!
  if (first < 0x80) return 1
  const length = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0
  if (length === 0 || i + length > bytes.length) return 0
  for (let k = 1; k < length; k++) if ((bytes[i + k]! & 0xc0) !== 0x80) return 0
  const second = bytes[i + 1]!
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0
  return length
}

/** Reserved characters of a path segment that came encoded, see kept-escapes.ts. */
export const RESERVED_MARK = /[\udc21\udc24\udc26-\udc2c\udc3a\udc3b\udc3d\udc40]/g

/** A byte that was not UTF-8 ({@link decodeSegment}), or a {@link RESERVED_MARK}. */
function isMark(c: number): boolean {
  if (c < 0xdc21 || c > 0xdcff) return false
  return c >= 0xdc80 || (c < 0xdc41 && RESERVED[c - 0xdc00] === 1)
}

const UNRESERVED = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'

function tableOf(extra: string): Uint8Array {
  const table = new Uint8Array(128)
  for (const c of UNRESERVED + extra) table[c.charCodeAt(0)] = 1
  return table
}

const RESERVED = new Uint8Array(128)
for (const c of "!$&'()*+,;=:@") RESERVED[c.charCodeAt(0)] = 1

/** RFC 3986 §3.3 pchar. */
const SEGMENT = tableOf("!$&'()*+,;=:@")
/** What cannot end a pair, a name or the query. */
const QUERY_PARAM = tableOf("!$'()*+,:@/?")
/** The same without what is taken for a blank. */
const QUERY_VALUE = tableOf("!$'()*,:@/?")

/** Percent-encodes a decoded value for one path segment: `/`, `?`, `#`, `%` and all that is no pchar; the same string when nothing is to do. */
export function encodeSegment(decoded: string): string {
  return encodeWith(decoded, SEGMENT)
}

/** Percent-encodes a decoded value for a value in a query: `&`, `=`, `+`, `;`, `#`, `%` and blanks too; the same string when nothing is to do. */
export function encodeQueryValue(decoded: string): string {
  return encodeWith(decoded, QUERY_VALUE)
}

/** As {@link encodeQueryValue} for a parameter of the client's path, whose `+` KrakenD writes as it is. */
export function encodeQueryParam(kept: string): string {
  return encodeWith(kept, QUERY_PARAM)
}

function encodeWith(text: string, legal: Uint8Array): string {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c > 127 || legal[c] === 0) return encodeSlow(text, legal, i)
  }
  return text
}

function encodeSlow(text: string, legal: Uint8Array, from: number): string {
  let out = text.slice(0, from)
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 128) {
      out += legal[c] === 1 ? text[i] : byteHex[c]
    } else if (isMark(c)) {
      out += byteHex[c - 0xdc00]
    } else {
      const char = String.fromCodePoint(text.codePointAt(i)!)
      for (const byte of Buffer.from(char)) out += byteHex[byte]
      i += char.length - 1
    }
  }
  return out
}
