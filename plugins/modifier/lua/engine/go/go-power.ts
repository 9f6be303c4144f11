import { goExp, goLog } from './go-exponents.js'
import { frexp, ldexp } from './go-math.js'

/** Go's `math.Pow`: squares the mantissa, so that powers of integers come out as there. */
export function goPow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1
  if (y === 1) return x
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN
  if (!Number.isFinite(x) || !Number.isFinite(y) || x === 0) return x === -1 ? 1 : x ** y
  if (y === 0.5) return Math.sqrt(x)
  if (y === -0.5) return 1 / Math.sqrt(x)
  let whole = Math.trunc(Math.abs(y))
  let part = Math.abs(y) - whole
  if (part !== 0 && x < 0) return Number.NaN
  if (whole >= 2 ** 63) return x === -1 ? 1 : Math.abs(x) < 1 === y > 0 ? 0 : Number.POSITIVE_INFINITY
  let mantissa = 1
  let exponent = 0
  if (part !== 0) {
    if (part > 0.5) {
      part--
      whole++
    }
    mantissa = goExp(part * goLog(x))
  }
  let [base, scale] = frexp(x)
  for (let i = whole; i !== 0; i = Math.floor(i / 2)) {
    if (scale < -4096 || scale > 4096) {
      exponent += scale
      break
    }
    if (i % 2 === 1) {
      mantissa *= base
      exponent += scale
    }
    base *= base
    scale *= 2
    if (base < 0.5) {
      base += base
      scale--
    }
  }
  return y < 0 ? ldexp(1 / mantissa, -exponent) : ldexp(mantissa, exponent)
}
