/** Floats by Go's verbs `%e %f %g`. */

import { plain, shortest, withExponent } from '../numbers.js'
import { pad, type Spec } from './go-pad.js'

export function formatFloat(spec: Spec, value: number): string {
  const { plus, space, minus, zero, width } = spec
  const text = Number.isFinite(value) ? finite(spec, value) : shortest(value).replace(/^[+-]/, '')
  const negative = value < 0 || Object.is(value, -0)
  const sign = negative ? '-' : plus || (value === Number.POSITIVE_INFINITY && !space) ? '+' : space ? ' ' : ''
  const shown = Number.isNaN(value) && !plus && !space ? text : sign + text
  if (zero && !minus && width > shown.length && Number.isFinite(value)) return sign + '0'.repeat(width - shown.length) + text
  return pad(spec, shown, false)
}

/** Digits without sign. */
function finite({ verb, precision, sharp }: Spec, value: number): string {
  const size = Math.abs(value)
  const upper = verb === 'E' || verb === 'G'
  let text: string
  switch (verb) {
    case 'e':
    case 'E':
      text = exponential(size, precision < 0 ? 6 : precision)
      break
    case 'f':
    case 'F':
      text = fixed(size, precision < 0 ? 6 : precision)
      break
    default:
      text = general(size, precision, sharp)
  }
  return upper ? text.toUpperCase() : text
}

function exponential(value: number, precision: number): string {
  const text = exactExponential(value, precision)
  const e = text.indexOf('e')
  return withExponent(text.slice(0, e), Number(text.slice(e + 1)))
}

/** JavaScript writes up to 100 digits exactly; the rest of a double's digits are computed. */
function exactExponential(value: number, precision: number): string {
  if (precision <= 100) {
    const [mantissa = '', exponent] = value.toExponential(Math.min(precision + 30, 100)).split('e')
    const [rounded = '', other] = value.toExponential(precision).split('e')
    return exponent === other ? `${toEven(rounded, mantissa)}e${exponent}` : `${rounded}e${other}`
  }
  const text = value.toExponential(100)
  return text.replace('e', `${'0'.repeat(precision - 100)}e`)
}

/** `%#g`: a point, and at least six digits. */
function sixDigits(text: string): string {
  const [mantissa = '', exponent] = text.split('e')
  const digits = mantissa.replace('.', '').replace(/^0+/, '').length
  const whole = (mantissa.includes('.') ? mantissa : `${mantissa}.`) + '0'.repeat(Math.max(6 - digits, 0))
  return exponent === undefined ? whole : `${whole}e${exponent}`
}

/** JavaScript rounds a half up, Go to the even digit. `longer` has the digits behind. */
function toEven(rounded: string, longer: string): string {
  const size = rounded.includes('.') ? rounded.length : longer.indexOf('.')
  const rest = longer.slice(size).replace('.', '')
  if (!/^50*$/.test(rest)) return rounded
  const cut = longer.slice(0, size)
  return Number(cut.at(-1)) % 2 === 0 ? cut : rounded
}

function fixed(value: number, precision: number): string {
  if (value < 1e21 && precision <= 100) return toEven(value.toFixed(precision), value.toFixed(Math.min(precision + 30, 100)))
  if (value < 1e21) return value.toFixed(100) + '0'.repeat(precision - 100)
  return BigInt(value).toString() + (precision > 0 ? `.${'0'.repeat(precision)}` : '')
}

/** `%g`: the exponent form below 1e-4 and from the precision on; trailing zeros are dropped. */
function general(value: number, precision: number, sharp: boolean): string {
  if (value === 0) return sharp ? `0.${'0'.repeat(Math.max((precision < 0 ? 6 : precision) - 1, 0))}` : '0'
  if (precision < 0) return sharp ? sixDigits(shortest(value)) : shortest(value)
  const digits = Math.max(precision < 0 ? 6 : precision, 1)
  const text = exactExponential(value, digits - 1)
  const e = text.indexOf('e')
  const exponent = Number(text.slice(e + 1))
  let mantissa = text.slice(0, e)
  if (!sharp && mantissa.includes('.')) mantissa = mantissa.replace(/\.?0+$/, '')
  return exponent < -4 || exponent >= digits ? withExponent(mantissa, exponent) : plain(mantissa, exponent)
}
