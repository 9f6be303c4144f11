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
  if (mantissa === 0 || !Number.isFinite(mantissa)) return mantissa
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
