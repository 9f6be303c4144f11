/** Arithmetic whose last digit would differ between Go and JavaScript. */

const buffer = new DataView(new ArrayBuffer(8))

/** Mantissa in [0.5, 1) and exponent: `value = mantissa × 2^exponent`. */
export function frexp(value: number): [number, number] {
  if (value === 0 || !Number.isFinite(value)) return [value, 0]
  let exponent = 0
  let scaled = value
  if (Math.abs(value) < 2 ** -1022) {
    scaled *= 2 ** 52
    exponent = -52
  }
  buffer.setFloat64(0, scaled)
  const high = buffer.getUint32(0)
  exponent += ((high >>> 20) & 0x7ff) - 1022
  buffer.setUint32(0, (high & 0x800fffff) | (1022 << 20))
  return [buffer.getFloat64(0), exponent]
}

/** `mantissa × 2^exponent`, rounded once. */
export function ldexp(mantissa: number, exponent: number): number {
  let value = mantissa
  let rest = Math.max(-2200, Math.min(2200, exponent))
  for (; rest > 1000; rest -= 1000) value *= 2 ** 1000
  if (rest >= -1000) return value * 2 ** rest
  // below the normal range a second rounding would show: the scale is cut so that only the last step rounds
  const [fraction, own] = frexp(value)
  const total = own + rest
  return total < -1020 ? (total < -1100 ? fraction * 0 : fraction * 2 ** -500 * 2 ** (total + 500)) : fraction * 2 ** total
}

/** Lua's `%`: the sign of the right operand. */
export function goMod(a: number, b: number): number {
  const rest = a % b
  return (b > 0 && rest < 0) || (b < 0 && rest > 0) ? rest + b : rest
}

/** Go's `math.Pow`: squares the mantissa, so that powers of integers come out as there. */
export function goPow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1
  if (y === 1) return x
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
    mantissa = Math.exp(part * Math.log(x))
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
