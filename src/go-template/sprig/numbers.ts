import { formatValue } from '../format-value.js'
import { GoFault } from '../go-fault.js'
import { declare, type FunctionTable } from '../go-function.js'
import { Int64, type Value } from '../value.js'
import { floatOfValue, integerOfValue } from './conversions.js'
import { addDecimals, divideDecimals, multiplyDecimals, subtractDecimals } from './decimals.js'

const int64 = (value: bigint): Int64 => new Int64(value)

function divided(a: Value, b: Value, operation: (a: bigint, b: bigint) => bigint): Int64 {
  const divisor = integerOfValue(b)
  if (divisor === 0n) throw new GoFault('runtime error: integer divide by zero')
  return int64(operation(integerOfValue(a), divisor))
}

const extreme =
  (wins: (a: bigint, b: bigint) => boolean) =>
  (...values: Value[]): Int64 =>
    int64(values.map(integerOfValue).reduce((best, value) => (wins(value, best) ? value : best)))

const max = extreme((a, b) => a > b)

/** As sprig's `round`: half and more goes up, below zero as well. */
function round(value: Value, places: bigint, ...border: number[]): number {
  const scale = 10 ** Number(places)
  const digits = scale * floatOfValue(value)
  const fraction = digits - Math.trunc(digits)
  return (fraction >= (border[0] ?? 0.5) ? Math.ceil(digits) : Math.floor(digits)) / scale
}

function toDecimal(value: Value): Int64 {
  const text = formatValue(value)
  if (!/^[+-]?[0-7]+$/.test(text)) return int64(0n)
  const size = BigInt(`0o${text.replace(/^[+-]/, '')}`)
  return int64(size >= 2n ** 63n ? 0n : text.startsWith('-') ? -size : size)
}

const fold =
  (operation: (a: number, b: number) => number) =>
  (...values: Value[]): number =>
    values.map(floatOfValue).reduce((a, b) => operation(a, b))

export const NUMBERS: FunctionTable = {
  add: declare('...any', (...values: Value[]) =>
    int64(values.reduce((sum: bigint, value) => BigInt.asIntN(64, sum + integerOfValue(value)), 0n))
  ),
  add1: declare('any', (value: Value) => int64(integerOfValue(value) + 1n)),
  sub: declare('any any', (a: Value, b: Value) => int64(integerOfValue(a) - integerOfValue(b))),
  mul: declare('any ...any', (...values: Value[]) =>
    int64(values.reduce((product: bigint, value) => BigInt.asIntN(64, product * integerOfValue(value)), 1n))
  ),
  div: declare('any any', (a: Value, b: Value) => divided(a, b, (x, y) => x / y)),
  mod: declare('any any', (a: Value, b: Value) => divided(a, b, (x, y) => x % y)),
  max: declare('any ...any', max),
  biggest: declare('any ...any', max),
  min: declare(
    'any ...any',
    extreme((a, b) => a < b)
  ),
  maxf: declare('any ...any', fold(Math.max)),
  minf: declare('any ...any', fold(Math.min)),
  addf: declare('...any', (...values: Value[]) => [0, ...values.map(floatOfValue)].reduce((a, b) => addDecimals(a, b))),
  add1f: declare('any', (value: Value) => addDecimals(floatOfValue(value), 1)),
  subf: declare('any ...any', fold(subtractDecimals)),
  mulf: declare('any ...any', fold(multiplyDecimals)),
  divf: declare('any ...any', fold(divideDecimals)),
  floor: declare('any', (value: Value) => Math.floor(floatOfValue(value))),
  ceil: declare('any', (value: Value) => Math.ceil(floatOfValue(value))),
  round: declare('any int ...float64', round as never),
  int: declare('any', integerOfValue),
  int64: declare('any', (value: Value) => int64(integerOfValue(value))),
  float64: declare('any', floatOfValue),
  atoi: declare('string', (text: string) => {
    if (!/^[+-]?\d+$/.test(text)) return 0n
    const value = BigInt(text.replace(/^\+/, ''))
    return value > 2n ** 63n - 1n ? 2n ** 63n - 1n : value < -(2n ** 63n) ? -(2n ** 63n) : value
  }),
  toDecimal: declare('any', toDecimal)
}
