/**
 * Steps over JSON text that is known to be well-formed, in UTF-8: what generated tests are made of. `i` is the first byte of a value, a
 * result is the offset behind it, 0 stands for a value that does not fit.
 */

import { type Bound, isMultiple, isPlain } from '../numbers.js'

/** Indexes of {@link STATE}. */
export const UNSURE = 0
export const FUEL = 1
export const DEPTH = 2
export const TOP = 3

/**
 * Of the test that runs: whether a 0 may be wrong, the bytes that it may still look at, how many recursive schemas are open, how many notes
 * are kept.
 */
export const STATE = new Int32Array(4)
/** The number that {@link readNumber} has read. */
export const NUMBER = new Float64Array(1)

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** Longer texts are charged for. */
const FREE = 64
/** Fuel for each byte of a text that is decoded, or that a regular expression reads. */
const FUEL_PER_BYTE = 16

/** The test cannot tell. */
export function unsure(): 0 {
  STATE[UNSURE] = 1
  return 0
}

/** As {@link unsure}, where true and false are asked for. */
export function doubt(): false {
  STATE[UNSURE] = 1
  return false
}

/** Charges a text; returns false once too much was looked at. */
export function pays(length: number): boolean {
  STATE[FUEL]! -= length * FUEL_PER_BYTE
  return STATE[FUEL]! >= 0
}

export function skipSpace(bytes: Buffer, from: number): number {
  let i = from
  while (bytes[i]! <= 0x20) i++
  return i
}

/** Returns the offset of the closing quote, its complement for a text with escapes or beyond ASCII. */
export function endOfText(bytes: Buffer, quote: number): number {
  let i = quote
  for (;;) {
    const c = bytes[++i]!
    if (c === QUOTE) {
      if (i - quote > FREE) STATE[FUEL]! -= i - quote
      return i
    }
    if (c === BACKSLASH || c >= 0x80) return ~closingQuote(bytes, i)
  }
}

export function closingQuote(bytes: Buffer, from: number): number {
  let i = from
  for (;;) {
    const c = bytes[i]!
    if (c === QUOTE) return i
    i += c === BACKSLASH ? 2 : 1
  }
}

export const decodeText = (bytes: Buffer, quote: number, end: number): string =>
  JSON.parse(bytes.toString('utf8', quote, end + 1)) as string

/** Steps over any value. */
export function skipValue(bytes: Buffer, from: number): number {
  const end = behindValue(bytes, from)
  if (end - from > FREE) STATE[FUEL]! -= end - from
  return end
}

function behindValue(bytes: Buffer, from: number): number {
  const first = bytes[from]!
  if (first === QUOTE) return closingQuote(bytes, from + 1) + 1
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return skipScalar(bytes, from)
  let depth = 0
  let i = from
  for (;;) {
    const c = bytes[i++]!
    if (c === QUOTE) i = closingQuote(bytes, i) + 1
    else if (c === OPEN_OBJECT || c === OPEN_ARRAY) depth++
    else if ((c === CLOSE_OBJECT || c === CLOSE_ARRAY) && --depth === 0) return i
  }
}

/** Steps over a number or a literal. */
export function skipScalar(bytes: Buffer, from: number): number {
  let i = from
  for (;;) {
    const c = bytes[i]!
    // behind the end stands undefined, which is greater than nothing
    if (c === COMMA || c === CLOSE_ARRAY || c === CLOSE_OBJECT || !(c > 0x20)) return i
    i++
  }
}

// --- numbers -------------------------------------------------------------------------------------------------------

/** Characters of a number, sign and point included, that a double surely holds. */
const SAFE = 15
const POWERS = Float64Array.from({ length: SAFE + 1 }, (_, exponent) => 10 ** exponent)

/** Reads a number to {@link NUMBER}; returns the complement of its end where a double may not hold it. */
export function readNumber(bytes: Buffer, from: number): number {
  let i = from
  const negative = bytes[i] === MINUS
  if (negative) i++
  let digits = 0
  let point = -1
  for (;;) {
    const c = bytes[i]!
    if (c >= ZERO && c <= 0x39) digits = digits * 10 + c - ZERO
    else if (c === POINT) point = i
    else break
    i++
  }
  if (i - from > SAFE || (bytes[i]! | 0x20) === 0x65) return readLongNumber(bytes, from, skipScalar(bytes, i))
  // both are exact, so that their quotient is the double that is nearest
  const size = point === -1 ? digits : digits / POWERS[i - point - 1]!
  NUMBER[0] = negative ? -size : size
  return i
}

function readLongNumber(bytes: Buffer, from: number, to: number): number {
  const text = bytes.toString('latin1', from, to)
  const value = Number(text)
  if (!isPlain(value, text)) return ~to
  NUMBER[0] = value
  return to
}

/** Steps over a number that is an integer, whatever its length. */
export function skipInteger(bytes: Buffer, from: number): number {
  let i = bytes[from] === MINUS ? from + 1 : from
  while (bytes[i]! >= ZERO && bytes[i]! <= 0x39) i++
  if (bytes[i] !== POINT && (bytes[i]! | 0x20) !== 0x65) return i
  const end = readNumber(bytes, from)
  if (end < 0) return unsure()
  return Number.isInteger(NUMBER[0]) ? end : 0
}

/** Whether the number that was read, from `from` to `to`, is a multiple. */
export const isMultipleOf = (bytes: Buffer, from: number, to: number, divisor: Bound): boolean =>
  isMultiple(NUMBER[0]!, bytes.toString('latin1', from, to), divisor)

// --- texts ---------------------------------------------------------------------------------------------------------

/** Whether the bytes between two offsets are a text. */
export function isText(bytes: Buffer, from: number, to: number, text: Uint8Array): boolean {
  if (to - from !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text[i]) return false
  return true
}

/** Whether the bytes between two offsets are one of some texts. */
export function isOneOf(bytes: Buffer, from: number, to: number, texts: readonly Uint8Array[]): boolean {
  for (const text of texts) if (isText(bytes, from, to, text)) return true
  return false
}

// --- containers ----------------------------------------------------------------------------------------------------

/** Steps from behind an item or a member to the next one, or behind the container: then the result is negative, its complement. */
export function nextOf(bytes: Buffer, from: number): number {
  let i = from
  if (bytes[i]! <= 0x20) i = skipSpace(bytes, i)
  if (bytes[i] !== COMMA) return ~(i + 1)
  i++
  return bytes[i]! <= 0x20 ? skipSpace(bytes, i) : i
}

/** From the closing quote of a name to its value. */
export function valueBehind(bytes: Buffer, quote: number): number {
  let i = quote + 1
  if (bytes[i] !== COLON) i = skipSpace(bytes, i)
  i++
  return bytes[i]! <= 0x20 ? skipSpace(bytes, i) : i
}

/** Whether all items of an array differ; `unsure` where that takes more than a look at each. */
export function hasUniqueItems(bytes: Buffer, from: number): boolean {
  const seen = new Set<unknown>()
  let i = skipSpace(bytes, from + 1)
  if (bytes[i] === CLOSE_ARRAY) return true
  for (let count = 1; ; count++) {
    const first = bytes[i]!
    let item: unknown
    if (first === QUOTE) {
      const end = endOfText(bytes, i)
      if (!pays((end < 0 ? ~end : end) - i)) return doubt()
      item = end < 0 ? decodeText(bytes, i, ~end) : bytes.toString('latin1', i + 1, end)
      i = (end < 0 ? ~end : end) + 1
    } else if (first === MINUS || (first >= ZERO && first <= 0x39)) {
      i = readNumber(bytes, i)
      if (i < 0) return doubt()
      item = NUMBER[0]! + 0
    } else if (first === OPEN_OBJECT || first === OPEN_ARRAY) return doubt()
    else {
      item = first === 0x74 ? true : first === 0x66 ? false : null
      i = skipScalar(bytes, i)
    }
    if (seen.add(item).size < count) return false
    if (!pays(1)) return doubt()
    i = nextOf(bytes, i)
    if (i < 0) return true
  }
}
