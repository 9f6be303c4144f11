/** Texts to numbers: three readers, each with Go's own rules. */
import { charge } from './vm.js'

const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n

/** Value of a digit in bases up to 36, or 99. */
function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 97 && code <= 122) return code - 87
  if (code >= 65 && code <= 90) return code - 55
  return 99
}

/** Digits of one base with an optional sign, within int64: Go's `strconv.ParseInt` with a base. */
function parseInteger(text: string, base: number): number | undefined {
  if (base < 2 || base > 36) return undefined
  let at = 0
  const negative = text.charCodeAt(0) === 45
  if (negative || text.charCodeAt(0) === 43) at = 1
  if (at === text.length) return undefined
  let small = 0
  for (let i = at; i < text.length; i++) {
    const digit = digitOf(text.charCodeAt(i))
    if (digit >= base) return undefined
    small = small * base + digit
  }
  if (small <= Number.MAX_SAFE_INTEGER) return negative ? 0 - small : small
  if (small > 2 ** 64) return undefined
  // zeros may stand before the digits, and as many as the text has room for
  while (text.charCodeAt(at) === 48) at++
  let exact = 0n
  for (let i = at; i < text.length; i++) exact = exact * BigInt(base) + BigInt(digitOf(text.charCodeAt(i)))
  if (negative) exact = -exact
  return exact < MIN || exact > MAX ? undefined : Number(exact)
}

/** As `parseInteger`, the base told by a prefix and with underscores between digits: Go's `strconv.ParseInt` with base 0. */
function parsePrefixed(text: string): number | undefined {
  const [, sign = '', body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  if (/^0[xX]/.test(body)) return body.length > 2 ? digitsAfterPrefix(sign, body.slice(2), 16) : undefined
  if (/^0[bB]/.test(body)) return body.length > 2 ? digitsAfterPrefix(sign, body.slice(2), 2) : undefined
  if (/^0[oO]/.test(body)) return body.length > 2 ? digitsAfterPrefix(sign, body.slice(2), 8) : undefined
  if (/^0./s.test(body)) return digitsAfterPrefix(sign, body.slice(1), 8)
  // underscores without a prefix are refused by Go's rule for base 10 only at the ends and in pairs
  if (body.includes('_')) return /^[0-9]+(_[0-9]+)*$/.test(body) ? parseInteger(sign + body.replaceAll('_', ''), 10) : undefined
  return parseInteger(text, 10)
}

function digitsAfterPrefix(sign: string, digits: string, base: number): number | undefined {
  if (!digits.includes('_')) return /^[0-9a-zA-Z]/.test(digits) ? parseInteger(sign + digits, base) : undefined
  return /^_?[0-9a-zA-Z]+(_[0-9a-zA-Z]+)*$/.test(digits) ? parseInteger(sign + digits.replaceAll('_', ''), base) : undefined
}

const DECIMAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/
const HEX_FLOAT = /^([+-]?)0[xX](_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)?(?:\.([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)?)?[pP]([+-]?[0-9]+)$/

/** Go's `strconv.ParseFloat`. A number too large for a double is no number. */
function parseFloatGo(text: string): number | undefined {
  if (DECIMAL.test(text)) {
    const value = Number(text)
    return Number.isFinite(value) ? value : undefined
  }
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text)
  if (special !== null) {
    if (special[2]?.toLowerCase() === 'nan') return special[1] === '' ? Number.NaN : undefined
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  const hex = HEX_FLOAT.exec(text)
  if (hex === null || (hex[2] === undefined && hex[3] === undefined)) return undefined
  const fraction = (hex[3] ?? '').replaceAll('_', '')
  const value =
    Number(BigInt(`0x0${(hex[2] ?? '').replaceAll('_', '')}${fraction}`)) * 2 ** (Number(hex[4]) - 4 * fraction.length)
  if (!Number.isFinite(value)) return undefined
  return hex[1] === '-' ? -value : value
}

/** Cuts `chars` off both ends. A regular expression with `+$` takes the square of the length for blanks within a text. */
export function trimmed(text: string, chars: string): string {
  let from = 0
  let to = text.length
  while (from < to && chars.includes(text[from]!)) from++
  while (to > from && chars.includes(text[to - 1]!)) to--
  return text.slice(from, to)
}

/** Steps for a long text: it is read at once, so a text of a megabyte takes more than a run has. */
function readingCost(text: string): void {
  if (text.length > 64) charge(text.length << STEPS_PER_CHARACTER)
}
const STEPS_PER_CHARACTER = 4

/** The reader of arithmetic, `CheckNumber` and number literals: `"010"` is 8, `"0b11"` 3, `"1_000"` 1000. */
export function parseNumber(text: string): number | undefined {
  readingCost(text)
  const body = trimmed(text, ' \t\n')
  if (/^[1-9][0-9]{0,14}$/.test(body)) return Number(body)
  return parsePrefixed(body) ?? parseFloatGo(body)
}

/** The reader of `tonumber`. */
export function toNumber(text: string, base: number | undefined): number | undefined {
  readingCost(text)
  const body = trimmed(text, ' \n\t')
  if (body.includes('.')) return parseFloatGo(body)
  if (base === undefined && /^0x/i.test(body)) return parseInteger(body.slice(2), 16)
  return base === 0 ? parsePrefixed(body) : parseInteger(body, base ?? 10)
}
