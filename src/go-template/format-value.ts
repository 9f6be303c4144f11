/** Writes values as Go's `fmt` does with `%v`: what `{{ .x }}` and `print` show. */

import { GoObject, Int64, sortedKeys, type Value } from './value.js'

/** Writes a value; nil inside of a list or map is `<nil>`. */
export function formatValue(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      return formatFloat(value, 'g', -1)
  }
  if (value === null) return '<nil>'
  if (value instanceof Int64) return String(value.value)
  if (value instanceof GoObject) return value.toString()
  if (Array.isArray(value)) return `[${value.map(formatValue).join(' ')}]`
  return `map[${sortedKeys(value)
    .map(key => `${key}:${formatValue(value.get(key)!)}`)
    .join(' ')}]`
}

/** What `{{ .x }}` prints: as {@link formatValue}, but nothing to print is `<no value>`. */
export const printed = (value: Value): string => (value === null ? '<no value>' : formatValue(value))

/** `g` takes an exponent from this many digits before the point on, where the digits are not limited. */
const SHORTEST_LIMIT = 6

/**
 * Writes a float64 as Go's strconv.FormatFloat.
 * @param format `e`, `f` or `g`
 * @param precision digits behind the point (`g`: significant digits); -1 for as many as tell the value
 */
export function formatFloat(value: number, format: 'e' | 'f' | 'g', precision: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const size = Math.abs(value)
  if (format === 'f') return sign + fixed(size, precision)
  if (format === 'e') return sign + exponential(size, precision)
  return sign + general(size, precision)
}

function general(size: number, precision: number): string {
  const significant = precision === 0 ? 1 : Math.min(precision, MAX_DIGITS)
  const text = significant < 0 ? size.toExponential() : size.toExponential(significant - 1)
  const [digits, exponentText] = text.split('e') as [string, string]
  const exponent = Number(exponentText)
  const bare = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
  const limit = significant < 0 ? SHORTEST_LIMIT : significant
  return exponent < -4 || exponent >= limit ? withExponent(bare, exponent) : plainDigits(bare, exponent)
}

/** Digits such as `1.25` moved by an exponent, without one: `125`, `0.0125`. */
function plainDigits(digits: string, exponent: number): string {
  const all = digits.replace('.', '')
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${all}`
  if (all.length <= exponent + 1) return all + '0'.repeat(exponent + 1 - all.length)
  return `${all.slice(0, exponent + 1)}.${all.slice(exponent + 1)}`
}

function exponential(size: number, precision: number): string {
  const [digits, exponent] = (precision < 0 ? size.toExponential() : exactExponential(size, precision)).split('e') as [
    string,
    string
  ]
  return withExponent(digits, Number(exponent))
}

const withExponent = (digits: string, exponent: number): string =>
  `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`

/** JavaScript writes at most 100 digits. */
const MAX_DIGITS = 100
const exactExponential = (size: number, precision: number): string => size.toExponential(Math.min(precision, MAX_DIGITS))

function fixed(size: number, precision: number): string {
  if (precision < 0) {
    const [digits, exponent] = size.toExponential().split('e') as [string, string]
    return plainDigits(digits, Number(exponent))
  }
  if (size < 1e21) return size.toFixed(Math.min(precision, MAX_DIGITS))
  return BigInt(size).toString() + (precision > 0 ? `.${'0'.repeat(precision)}` : '')
}
