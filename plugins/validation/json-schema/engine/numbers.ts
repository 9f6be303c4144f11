/**
 * Numbers of a document as its text has them. A double that prints as the text had it stands for exactly that decimal.
 * Of two such doubles the greater one has the greater decimal. Those are compared as they are, all others digit by digit.
 */

import { compareDecimals, type Decimal, isMultipleOf, isWhole, parseDecimal } from './decimal.js'

/** Tells how the number under `key` of a parsed object or array was written. */
export type NumberText = (container: object, key: string | number, value: number) => string

/** A number that was parsed to a double, and its text. */
export interface ExactNumber {
  readonly value: number
  readonly text: string
}

/** A number of a schema, taken apart once. */
export interface Bound extends ExactNumber {
  readonly decimal: Decimal
  /** The double says all. */
  readonly plain: boolean
}

/** So many significant digits survive in any double. */
const SAFE_DIGITS = 15

/** Tells whether the double prints as a decimal that equals the text. */
export function isPlain(value: number, text: string): boolean {
  // A sign and a point at most beside the digits; no exponent, which may underflow.
  if (text.length <= SAFE_DIGITS && !text.includes('e') && !text.includes('E')) return true
  return String(value) === text
}

/** @throws NumberRangeError */
export function boundOf(value: number, text: string): Bound {
  return { value, text, decimal: parseDecimal(text), plain: isPlain(value, text) }
}

/** Negative, 0 or positive, as the number is less than, equal to or greater than the bound. @throws NumberRangeError */
export function compareTo(value: number, text: string, bound: Bound): number {
  if (bound.plain && isPlain(value, text)) return value < bound.value ? -1 : value > bound.value ? 1 : 0
  return compareDecimals(parseDecimal(text), bound.decimal)
}

/** @throws NumberRangeError */
export function isIntegerText(value: number, text: string): boolean {
  return isPlain(value, text) ? Number.isInteger(value) : isWhole(parseDecimal(text))
}

/** @throws NumberRangeError */
export function isMultiple(value: number, text: string, divisor: Bound): boolean {
  return multipleInDoubles(value, text, divisor.decimal) ?? isMultipleOf(parseDecimal(text), divisor.decimal)
}

/** Divides integers of one scale, `8.61` by `0.01` as 861 by 1; undefined where doubles do not hold them. */
function multipleInDoubles(value: number, text: string, { digits, exponent }: Decimal): boolean | undefined {
  if (text.length > SAFE_DIGITS || text.includes('e') || text.includes('E')) return undefined
  const point = text.indexOf('.')
  const fraction = point === -1 ? 0 : text.length - point - 1
  const shift = -fraction - exponent
  // 15 digits: the product is less than half a unit away from the integer
  const coefficient = Math.round(value * 10 ** fraction)
  const dividend = shift > 0 ? coefficient * 10 ** shift : coefficient
  const by = shift < 0 ? Number(digits) * 10 ** -shift : Number(digits)
  return Number.isSafeInteger(dividend) && Number.isSafeInteger(by) ? dividend % by === 0 : undefined
}
