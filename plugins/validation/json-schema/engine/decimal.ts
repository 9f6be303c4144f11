/**
 * JSON numbers with all their digits: compared, divided and told apart without ever being written out, so that `1e400`
 * costs no more than `1`.
 */

/** `digits` × 10^`exponent`; the digits begin and end with no zero, and are '' for zero. */
export interface Decimal {
  readonly negative: boolean
  readonly digits: string
  readonly exponent: number
}

/** An exponent of more digits than {@link MAX_EXPONENT_DIGITS}. */
export class NumberRangeError extends Error {
  override readonly name = 'NumberRangeError'
}

/** Exponents of so many digits are exact as doubles. */
const MAX_EXPONENT_DIGITS = 15

const ZERO = 0x30

/** Reads the text of a JSON number. @throws NumberRangeError */
export function parseDecimal(text: string): Decimal {
  const negative = text.startsWith('-')
  let mantissaEnd = text.length
  for (let i = 0; i < text.length; i++) {
    if ((text.charCodeAt(i) | 0x20) === 0x65) {
      mantissaEnd = i
      break
    }
  }
  const mantissa = text.slice(negative ? 1 : 0, mantissaEnd)
  const point = mantissa.indexOf('.')
  const all = point === -1 ? mantissa : mantissa.slice(0, point) + mantissa.slice(point + 1)
  let start = 0
  while (all.charCodeAt(start) === ZERO) start++
  let end = all.length
  while (end > start && all.charCodeAt(end - 1) === ZERO) end--
  if (start === end) return { negative: false, digits: '', exponent: 0 }
  const fraction = point === -1 ? 0 : mantissa.length - point - 1
  const exponent = readExponent(text.slice(mantissaEnd + 1)) - fraction + (all.length - end)
  return { negative, digits: all.slice(start, end), exponent }
}

function readExponent(text: string): number {
  if (text === '') return 0
  const signed = text.startsWith('-') || text.startsWith('+')
  let start = signed ? 1 : 0
  while (text.charCodeAt(start) === ZERO) start++
  if (text.length - start > MAX_EXPONENT_DIGITS) {
    throw new NumberRangeError(`a number's exponent has more than ${MAX_EXPONENT_DIGITS} digits`)
  }
  const size = Number(text.slice(start))
  return text.startsWith('-') ? -size : size
}

/** Negative, 0 or positive, as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.digits === '' || b.digits === '' || a.negative !== b.negative) return signOf(a) - signOf(b)
  const size = a.exponent + a.digits.length - (b.exponent + b.digits.length)
  const magnitude = size !== 0 ? size : a.digits === b.digits ? 0 : a.digits < b.digits ? -1 : 1
  return a.negative ? -magnitude : magnitude
}

const signOf = ({ digits, negative }: Decimal): number => (digits === '' ? 0 : negative ? -1 : 1)

export const isWhole = ({ exponent }: Decimal): boolean => exponent >= 0

/** Tells whether `value` is `divisor` times an integer. The divisor is not zero. */
export function isMultipleOf(value: Decimal, divisor: Decimal): boolean {
  if (value.digits === '') return true
  const shift = value.exponent - divisor.exponent
  // The digits of value do not end in a zero, so that no power of ten divides them.
  if (shift < 0) return false
  const modulus = BigInt(divisor.digits)
  const rest = (remainder(value.digits, modulus) * powerOfTen(shift, modulus)) % modulus
  return rest === 0n
}

/** Digits that are divided at a time: BigInt takes more than linear time to read a long text. */
const CHUNK = 300

function remainder(digits: string, modulus: bigint): bigint {
  if (modulus === 1n) return 0n
  let rest = 0n
  for (let i = 0; i < digits.length; i += CHUNK) {
    const chunk = digits.slice(i, i + CHUNK)
    rest = (rest * 10n ** BigInt(chunk.length) + BigInt(chunk)) % modulus
  }
  return rest
}

/** 10^`exponent` modulo `modulus`, by squaring. */
function powerOfTen(exponent: number, modulus: bigint): bigint {
  let result = 1n % modulus
  let base = 10n % modulus
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = (result * base) % modulus
    base = (base * base) % modulus
  }
  return result
}

/** A text that equal numbers share, however they are written. */
export function canonicalDecimal({ negative, digits, exponent }: Decimal): string {
  if (digits === '') return '0'
  return `${negative ? '-' : ''}${digits}e${exponent}`
}
