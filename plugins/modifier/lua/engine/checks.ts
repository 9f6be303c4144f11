/** gopher-lua's checks of arguments. `n` counts from 1. */
import { argumentError, typeError } from './errors.js'
import { parseNumber } from './number-reading.js'
import { numberToText, toInt } from './numbers.js'
import { type LuaFunction, LuaTable, LuaUserdata, type LuaValue } from './values.js'

export function checkAny(args: readonly LuaValue[] | IArguments, n: number): LuaValue {
  if (n > args.length) argumentError(n, 'value expected')
  return args[n - 1]
}

/** A text; numbers are taken as text. */
export function checkString(value: LuaValue, n: number): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? numberToText(value) : typeError(n, 'string', value)
}

/** A number, or a text that is one. */
export function checkNumber(value: LuaValue, n: number): number {
  if (typeof value === 'number') return value
  const number = typeof value === 'string' ? parseNumber(value) : undefined
  return number ?? typeError(n, 'number', value)
}

/** A number, not a text, without its fraction. */
export function checkInt(value: LuaValue, n: number): number {
  return typeof value === 'number' ? toInt(value) : typeError(n, 'number', value)
}

export function optInt(value: LuaValue, n: number, absent: number): number {
  return value === undefined ? absent : checkInt(value, n)
}

/** A text and nothing else, or the value for nil. */
export function optString(value: LuaValue, n: number, absent: string): string {
  if (value === undefined) return absent
  return typeof value === 'string' ? value : typeError(n, 'string', value)
}

export function checkTable(value: LuaValue, n: number): LuaTable {
  return value instanceof LuaTable ? value : typeError(n, 'table', value)
}

export function checkFunction(value: LuaValue, n: number): LuaFunction {
  return typeof value === 'function' ? value : typeError(n, 'function', value)
}

export function checkUserdata(value: LuaValue, n: number): LuaUserdata {
  return value instanceof LuaUserdata ? value : typeError(n, 'userdata', value)
}
