/** Go's trigonometric functions, to the last digit: the coefficients of the Cephes library, summed in Go's order. JavaScript's own differ there. */

/** π/4 in three parts. */
const [QUARTER_A, QUARTER_B, QUARTER_C] = [0.7853981256484985, 3.774894707930798e-8, 2.6951514290790595e-15]
/** Larger arguments need more digits of π than three doubles have. */
const LARGE = 2 ** 29
/** 4/π with 1216 bits behind the point. */
const FOUR_BY_PI = BigInt(
  `0x145f306dc9c882a53f84eafa3ea69bb81b6c52b3278872083fca2c757bd778ac36e48dc74849` +
    `ba5c00c925dd413a32439fc3bd63962534e7dd1046bea5d768909d338e04d68befc827323ac7` +
    `306a673e93908bf177bf250763ff12fffbc0b301fde5e2316b414da3eda6cfd9e4f96136e9e8` +
    `c7ecd3cbfd45aea4f758fd7cbe2f67a0e73ef14a525d4d7f6bf623f1aba10ac06608df8f6d75` +
    `7`
)
const DIGITS = 1216

const SINE = [
  1.5896230157654656e-10, -2.5050747762857807e-8, 2.7557313621385722e-6, -0.0001984126982958954, 0.008333333333322118,
  -0.1666666666666663
]
const COSINE = [
  -1.1358536521387682e-11, 2.087570084197473e-9, -2.755731417929674e-7, 2.4801587288851704e-5, -0.0013888888888873056,
  0.041666666666666595
]

function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = coefficients[0]!
  for (let i = 1; i < coefficients.length; i++) sum = sum * x + coefficients[i]!
  return sum
}

/** The eighth of the circle, made even, and what is left of the angle. */
function reduced(x: number): { octant: number; rest: number } {
  if (x >= LARGE) return reducedLarge(x)
  let eighths = Math.trunc(x * (4 / Math.PI))
  if (eighths % 2 === 1) eighths++
  return { octant: eighths % 8, rest: x - eighths * QUARTER_A - eighths * QUARTER_B - eighths * QUARTER_C }
}

/** As `reduced`, in whole numbers; the rest is cut to 53 bits, not rounded. */
function reducedLarge(x: number): { octant: number; rest: number } {
  const exponent = Math.floor(Math.log2(x)) - 53
  const product = BigInt(x * 2 ** -exponent) * FOUR_BY_PI
  const point = DIGITS - exponent
  const octant = Number((product >> BigInt(point)) % 8n)
  const fraction = product % (1n << BigInt(point))
  const surplus = fraction.toString(2).length - 53
  const cut = Number(fraction >> BigInt(surplus)) * 2 ** (surplus - point)
  const odd = octant % 2
  return { octant: (octant + odd) % 8, rest: (cut - odd) * (Math.PI / 4) }
}

const sineOf = (z: number): number => z + z * (z * z) * polynomial(z * z, SINE)
const cosineOf = (z: number): number => 1 - 0.5 * (z * z) + z * z * (z * z) * polynomial(z * z, COSINE)

export function goSin(x: number): number {
  if (!Number.isFinite(x) || x === 0) return Math.sin(x)
  const { octant, rest } = reduced(Math.abs(x))
  const value = octant % 4 === 2 ? cosineOf(rest) : sineOf(rest)
  return x < 0 !== octant > 3 ? -value : value
}

export function goCos(x: number): number {
  if (!Number.isFinite(x)) return Math.cos(x)
  const { octant, rest } = reduced(Math.abs(x))
  const value = octant % 4 === 2 ? sineOf(rest) : cosineOf(rest)
  return octant === 2 || octant === 4 ? -value : value
}

export function goTan(x: number): number {
  if (!Number.isFinite(x) || x === 0) return Math.tan(x)
  const { octant, rest } = reduced(Math.abs(x))
  const q = rest * rest
  let value = rest
  if (q > 1e-14) {
    const above = polynomial(q, [-13093.693918138379, 1153516.6483858742, -17956525.197648488])
    const below = polynomial(q, [1, 13681.296347069296, -1320892.3444021097, 25008380.18233579, -53869575.592945464])
    value = rest + rest * ((q * above) / below)
  }
  if (octant % 4 === 2) value = -1 / value
  return x < 0 ? -value : value
}

function atanOfSmall(x: number): number {
  const q = x * x
  const above = polynomial(
    q,
    [-0.8750608600031904, -16.157537187333652, -75.00855792314705, -122.88666844901361, -64.85021904942025]
  )
  const below = polynomial(
    q,
    [1, 24.858464901423062, 165.02700983169885, 432.88106049129027, 485.3903996359137, 194.5506571482614]
  )
  return x * ((q * above) / below) + x
}

/** What π/2 has beyond a double. */
const MORE_BITS = 6.123233995736766e-17

function atanOfPositive(x: number): number {
  if (x <= 0.66) return atanOfSmall(x)
  if (x > 2.414213562373095) return Math.PI / 2 - atanOfSmall(1 / x) + MORE_BITS
  return Math.PI / 4 + atanOfSmall((x - 1) / (x + 1)) + 0.5 * MORE_BITS
}

export function goAtan(x: number): number {
  if (x === 0) return x
  return x > 0 ? atanOfPositive(x) : -atanOfPositive(-x)
}

export function goAtan2(y: number, x: number): number {
  if (!Number.isFinite(x) || !Number.isFinite(y) || x === 0 || y === 0) return Math.atan2(y, x)
  const angle = goAtan(y / x)
  if (x >= 0) return angle
  return angle <= 0 ? angle + Math.PI : angle - Math.PI
}

export function goAsin(x: number): number {
  if (x === 0) return x
  const size = Math.abs(x)
  if (!(size <= 1)) return Number.NaN
  const leg = Math.sqrt(1 - size * size)
  const angle = size > 0.7 ? Math.PI / 2 - atanOfPositive(leg / size) : atanOfPositive(size / leg)
  return x < 0 ? -angle : angle
}

export const goAcos = (x: number): number => Math.PI / 2 - goAsin(x)
