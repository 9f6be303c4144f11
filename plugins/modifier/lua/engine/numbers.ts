/** Numbers and their texts, as Go writes and reads them. */

const TWO_63 = 2 ** 63

/** True when gopher-lua takes the number for an integer: it survives Go's conversion to int64. */
export function isInteger(value: number): boolean {
  return Number.isInteger(value) && value < TWO_63 && value >= -TWO_63
}

/** Go's conversion of a float to int64 on amd64. */
export function toInt64(value: number): bigint {
  return value >= -TWO_63 && value < TWO_63 ? BigInt(Math.trunc(value)) : -(2n ** 63n)
}

/** Go's conversion of a float to int, as a number: exact for what fits a double. */
export function toInt(value: number): number {
  return value >= -TWO_63 && value < TWO_63 ? Math.trunc(value) + 0 : -TWO_63
}

/** Text of a number: an integer plainly, the rest as Go's `%v` with the shortest digits. */
export function numberToText(value: number): string {
  if ((value | 0) === value) return `${value}`
  if (isInteger(value)) return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? `${value}` : BigInt(value).toString()
  return shortest(value)
}

/** Go's `%v` of a float64: exponent form below 1e-4 and from 1e6 on. */
export function shortest(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  const text = value.toExponential()
  const e = text.indexOf('e')
  const exponent = Number(text.slice(e + 1))
  const digits = text.slice(0, e)
  if (exponent < -4 || exponent >= 6) return withExponent(digits, exponent)
  return plain(digits, exponent)
}

/** Mantissa with Go's exponent: a sign and at least two digits. */
export function withExponent(digits: string, exponent: number, letter = 'e'): string {
  const size = Math.abs(exponent)
  return `${digits}${letter}${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`
}

/** Plain digits of a mantissa `d.ddd` times ten to the exponent. */
export function plain(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : ''
  const digits = mantissa.replace('-', '').replace('.', '')
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0')
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}
