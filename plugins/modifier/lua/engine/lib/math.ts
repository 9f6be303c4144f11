/** The library `math`, with Go's `huge`: the largest double, not infinity. */
import { checkInt, checkNumber } from '../checks.js'
import { raise } from '../errors.js'
import { goCosh, goExp, goLog, goLog10, goSinh, goTanh } from '../go/go-exponents.js'
import { frexp, goMod, ldexp } from '../go/go-math.js'
import { goPow } from '../go/go-power.js'
import { goAcos, goAsin, goAtan, goAtan2, goCos, goSin, goTan } from '../go/go-trigonometry.js'
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
  acos: unary(goAcos),
  asin: unary(goAsin),
  atan: unary(goAtan),
  atan2: binary(goAtan2),
  ceil: unary(Math.ceil),
  cos: unary(goCos),
  cosh: unary(goCosh),
  deg: unary(x => (x * 180) / Math.PI),
  exp: unary(goExp),
  floor: unary(Math.floor),
  fmod: binary((x, y) => x % y),
  frexp: (x: LuaValue) => frexp(checkNumber(x, 1)),
  ldexp: (x: LuaValue, e: LuaValue) => ldexp(checkNumber(x, 1), checkInt(e, 2)),
  log: unary(goLog),
  log10: unary(goLog10),
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
  sin: unary(goSin),
  sinh: unary(goSinh),
  sqrt: unary(Math.sqrt),
  tan: unary(goTan),
  tanh: unary(goTanh)
}
