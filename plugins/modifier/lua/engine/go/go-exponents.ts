/**
 * Go's exponential and logarithm on amd64, to the last digit: JavaScript's own differ there. `exp` is the Taylor series of an argument cut by
 * powers of two, with fused multiplications; `log` has the coefficients of FreeBSD's libm.
 */
import { frexp } from './go-math.js'

const SPLITTER = 2 ** 27 + 1

/** Half of the digits of a double. */
function high(value: number): number {
  const scaled = SPLITTER * value
  return scaled - (scaled - value)
}

/** `a × b + c`, rounded once. */
function fused(a: number, b: number, c: number): number {
  const product = a * b
  const [ah, bh] = [high(a), high(b)]
  const [al, bl] = [a - ah, b - bh]
  const lost = ah * bh - product + ah * bl + al * bh + al * bl
  const sum = product + c
  const part = sum - product
  return sum + (product - (sum - part) + (c - part) + lost)
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1
  return below % 2 === 0 ? below : below + 1
}

const LN2_UPPER = 0.693147180559663
const LN2_LOWER = 2.8235290563031577e-13
/** 1/8! … 1/2!, 1. */
const SERIES = [1 / 40320, 1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1]
const LARGEST = 709.782712893384

export function goExp(x: number): number {
  if (!Number.isFinite(x)) return x === Number.NEGATIVE_INFINITY ? 0 : x
  if (x > LARGEST) return Number.POSITIVE_INFINITY
  const exponent = roundHalfEven(x * Math.LOG2E)
  if (exponent < -1075) return 0
  let rest = fused(-exponent, LN2_LOWER, fused(-exponent, LN2_UPPER, x)) * 0.0625
  let sum = SERIES[0]!
  for (let i = 1; i < SERIES.length; i++) sum = fused(sum, rest, SERIES[i]!)
  rest *= sum
  // the argument was cut in sixteen: squared four times, less one
  for (let i = 0; i < 3; i++) rest *= rest + 2
  const fraction = fused(rest + 2, rest, 1)
  if (exponent > -1023) return exponent > 1023 ? fraction * 2 * 2 ** (exponent - 1) : fraction * 2 ** exponent
  return fraction * 2 ** (exponent + 1022) * 2 ** -1022
}

const [L1, L2, L3, L4, L5, L6, L7] = [
  0.6666666666666735, 0.3999999999940942, 0.2857142874366239, 0.22222198432149784, 0.1818357216161805, 0.15313837699209373,
  0.14798198605116586
]

export function goLog(x: number): number {
  if (Number.isNaN(x) || x === Number.POSITIVE_INFINITY) return x
  if (x <= 0) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  let [mantissa, exponent] = frexp(x)
  if (mantissa < Math.SQRT1_2) {
    mantissa *= 2
    exponent--
  }
  const f = mantissa - 1
  const s = f / (2 + f)
  const s2 = s * s
  const s4 = s2 * s2
  const sum = s2 * (L1 + s4 * (L3 + s4 * (L5 + s4 * L7))) + s4 * (L2 + s4 * (L4 + s4 * L6))
  const half = 0.5 * f * f
  return exponent * 0.6931471803691238 - (half - (s * (half + sum) + exponent * 1.9082149292705877e-10) - f)
}

export const goLog10 = (x: number): number => goLog(x) * Math.LOG10E

export function goCosh(x: number): number {
  const size = Math.abs(x)
  const e = goExp(size)
  return size > 21 ? e * 0.5 : (e + 1 / e) * 0.5
}

export function goSinh(x: number): number {
  const size = Math.abs(x)
  return x < 0 ? -sinhOf(size) : sinhOf(size)
}

function sinhOf(x: number): number {
  if (x > 0.5) {
    const e = goExp(x)
    return x > 21 ? e * 0.5 : (e - 1 / e) * 0.5
  }
  const q = x * x
  const above = (((-26.30563213397497 * q + -2894.211355989564) * q + -89912.72022039509) * q + -630767.3640497717) * x
  return above / (((q + -173.6789535582337) * q + 15215.17378790019) * q + -630767.3640497717)
}

export function goTanh(x: number): number {
  const size = Math.abs(x)
  if (size > 44.014845965556525) return Math.sign(x)
  if (size >= 0.625) return Math.sign(x) * (1 - 2 / (goExp(2 * size) + 1))
  if (x === 0 || Number.isNaN(x)) return x
  const q = x * x
  const above = (-0.9643991794250523 * q + -99.28772310019185) * q + -1614.6876844170845
  return x + (x * q * above) / (((q + 112.81167849163293) * q + 2235.4883906010045) * q + 4844.063053251255)
}
