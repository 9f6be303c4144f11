/** Arithmetic of sprig's float functions: on decimals, so that 0.1 and 0.2 make 0.3. */

import { GoFault } from '../go-fault.js'

/** `digits` × 10 ^ -`scale`. */
interface Decimal {
  readonly digits: bigint
  readonly scale: number
}

/** Digits behind the point of a quotient. */
const DIVISION_DIGITS = 16

export const addDecimals = (a: number, b: number): number => summed(decimalOf(a), decimalOf(b), 1n)
export const subtractDecimals = (a: number, b: number): number => summed(decimalOf(a), decimalOf(b), -1n)

export function multiplyDecimals(a: number, b: number): number {
  const x = decimalOf(a)
  const y = decimalOf(b)
  return numberOf({ digits: x.digits * y.digits, scale: x.scale + y.scale })
}

/** @throws GoFault for a divisor of zero */
export function divideDecimals(a: number, b: number): number {
  const x = decimalOf(a)
  const y = decimalOf(b)
  if (y.digits === 0n) throw new GoFault('decimal division by 0')
  // one digit more than wanted, then half up
  const scale = DIVISION_DIGITS + 1 + y.scale - x.scale
  const numerator = scale >= 0 ? x.digits * 10n ** BigInt(scale) : x.digits
  const denominator = scale >= 0 ? y.digits : y.digits * 10n ** BigInt(-scale)
  const quotient = numerator / denominator
  return numberOf({ digits: (quotient + (quotient < 0n ? -5n : 5n)) / 10n, scale: DIVISION_DIGITS })
}

function summed(x: Decimal, y: Decimal, sign: bigint): number {
  const scale = Math.max(x.scale, y.scale)
  const raised = ({ digits, scale: own }: Decimal): bigint => digits * 10n ** BigInt(scale - own)
  return numberOf({ digits: raised(x) + sign * raised(y), scale })
}

function decimalOf(value: number): Decimal {
  if (!Number.isFinite(value)) throw new GoFault(`Cannot create a Decimal from ${value}`)
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
  const [whole, fraction = ''] = mantissa.split('.')
  const scale = fraction.length - Number(exponent)
  const digits = BigInt(whole! + fraction)
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 }
}

const numberOf = ({ digits, scale }: Decimal): number => Number(`${digits}e-${scale}`)
