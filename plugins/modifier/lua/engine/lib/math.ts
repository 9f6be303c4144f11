/** The library `math`, with Go's `huge`: the largest double, not infinity. */
import { checkInt, checkNumber } from '../checks.js'
import { raise } from '../errors.js'
import { frexp, goMod, goPow, ldexp } from '../go-math.js'
import type { LuaFunction, LuaValue } from '../values.js'

const unary =
  (compute: (x: number) => number): LuaFunction =>
  (x: LuaValue) =>
    compute(checkNumber(x, 1))

const binary =
  (compute: (x: number, y: number) => number): LuaFunction =>
  (x: LuaValue, y: LuaValue) =>
    compute(checkNumber(x, 1), checkNumber(y, 2))

/** The extreme of all arguments. */
const extreme =
  (better: (a: number, b: number) => boolean): LuaFunction =>
  (...args: LuaValue[]) => {
    if (args.length === 0) raise('wrong number of arguments')
    let best = checkNumber(args[0], 1)
    for (let i = 1; i < args.length; i++) {
      const value = checkNumber(args[i], i + 1)
      if (better(value, best)) best = value
    }
    return best
  }

export const math: Record<string, LuaFunction> = {
  abs: unary(Math.abs),
  acos: unary(Math.acos),
  asin: unary(Math.asin),
  atan: unary(Math.atan),
  atan2: binary(Math.atan2),
  ceil: unary(Math.ceil),
  cos: unary(Math.cos),
  cosh: unary(Math.cosh),
  deg: unary(x => (x * 180) / Math.PI),
  exp: unary(Math.exp),
  floor: unary(Math.floor),
  fmod: binary((x, y) => x % y),
  frexp: (x: LuaValue) => frexp(checkNumber(x, 1)),
  ldexp: (x: LuaValue, e: LuaValue) => ldexp(checkNumber(x, 1), checkInt(e, 2)),
  log: unary(Math.log),
  log10: unary(Math.log10),
  max: extreme((a, b) => a > b),
  min: extreme((a, b) => a < b),
  mod: binary(goMod),
  modf(x: LuaValue) {
    const value = checkNumber(x, 1)
    const whole = Math.trunc(value)
    return [whole, Number.isFinite(value) ? value - whole : Number.NaN]
  },
  pow: binary(goPow),
  rad: unary(x => (x * Math.PI) / 180),
  random(...args: LuaValue[]) {
    if (args.length === 0) return Math.random()
    const low = args.length === 1 ? 1 : checkInt(args[0], 1)
    const high = args.length === 1 ? checkInt(args[0], 1) : checkInt(args[1], 2)
    if (high < low) raise('invalid argument to Intn')
    return low + Math.floor(Math.random() * (high - low + 1))
  },
  randomseed: (seed: LuaValue) => {
    checkInt(seed, 1)
    return []
  },
  sin: unary(Math.sin),
  sinh: unary(Math.sinh),
  sqrt: unary(Math.sqrt),
  tan: unary(Math.tan),
  tanh: unary(Math.tanh)
}
