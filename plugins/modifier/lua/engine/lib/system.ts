/** What is left of `os`, `io`, `debug` and `package` when scripts have no files, processes or environment. */
import { checkAny, checkInt, checkString, checkTable, optInt } from '../checks.js'
import { argumentError, raise, typeError } from '../errors.js'
import { strftime } from '../go/strftime.js'
import { metatableOf, setMetatableOf } from '../metatables.js'
import { parseNumber } from '../number-reading.js'
import { toInt } from '../numbers.js'
import { runningScript } from '../running.js'
import { position, traceback } from '../syntax/positions.js'
import { type LuaFunction, type LuaResult, LuaTable, type LuaValue, NOTHING, typeName } from '../values.js'

type Library = Record<string, LuaFunction>

const refused = (library: string, names: string): Library =>
  Object.fromEntries(names.split(' ').map(name => [name, () => raise(`${library}.${name} is not available to scripts`)]))

/** On the clock that is never set: a script measures how long something took. */
const started = performance.now()

function field(table: LuaTable, key: string, absent: number): number {
  const value = table.getString(key)
  if (typeof value === 'number') return toInt(value)
  const number = typeof value === 'string' ? parseNumber(value.replace(/^ +/, '').replace(/^0+(?=[0-9])/, '')) : undefined
  return number === undefined ? absent : toInt(number)
}

function timeOf(table: LuaTable): number {
  const at = new Date(0)
  at.setFullYear(field(table, 'year', -1), field(table, 'month', -1) - 1, field(table, 'day', -1))
  at.setHours(field(table, 'hour', 12), field(table, 'min', 0), field(table, 'sec', 0), 0)
  return Math.floor(at.getTime() / 1000)
}

/** The last second that a Date can tell; a few hours less, for the offset of a time zone. */
const LAST_SECOND = 8.64e12 - 86_400

function date(...args: LuaValue[]): LuaResult {
  let format = args.length === 0 ? '%c' : checkString(args[0], 1)
  const utc = format.startsWith('!')
  if (utc) format = format.replace(/^!+/, '')
  const at = args.length > 1 ? new Date(Math.min(Math.max(checkInt(args[1], 2), -LAST_SECOND), LAST_SECOND) * 1000) : new Date()
  if (!format.startsWith('*t')) return strftime(at, format, utc)
  const table = new LuaTable()
  const shifted = utc ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
  table.set('year', shifted.getUTCFullYear())
  table.set('month', shifted.getUTCMonth() + 1)
  table.set('day', shifted.getUTCDate())
  table.set('hour', shifted.getUTCHours())
  table.set('min', shifted.getUTCMinutes())
  table.set('sec', shifted.getUTCSeconds())
  table.set('wday', shifted.getUTCDay() + 1)
  table.set('yday', 0)
  table.set('isdst', false)
  return table
}

export const os: Library = {
  ...refused('os', 'execute exit getenv remove rename setenv tmpname'),
  clock: () => (performance.now() - started) / 1000,
  date,
  difftime: (a: LuaValue, b: LuaValue) => checkInt(a, 1) - checkInt(b, 2),
  setlocale: () => false,
  time(value: LuaValue) {
    if (value === undefined) return Math.floor(Date.now() / 1000)
    return timeOf(value instanceof LuaTable ? value : typeError(1, 'table', value))
  }
}

export const io: Library = refused('io', 'close flush input lines open output popen read tmpfile type write')

export const debug: Library = {
  ...refused('debug', 'getlocal getupvalue setlocal setupvalue getfenv setfenv'),
  getinfo(what: LuaValue) {
    if (typeof what !== 'number' && typeof what !== 'function')
      argumentError(1, `function or number expected, got ${typeName(what)}`)
    const table = new LuaTable()
    const place = typeof what === 'number' ? position(Math.max(toInt(what), 0)) : undefined
    if (typeof what === 'number' && place === undefined) return undefined
    table.set('what', typeof what === 'function' ? 'G' : 'Lua')
    table.set('source', place?.map.chunkName ?? '')
    table.set('currentline', place?.line ?? -1)
    return table
  },
  getmetatable: (...args: LuaValue[]) => metatableOf(checkAny(args, 1)),
  setmetatable(value: LuaValue, metatable: LuaValue) {
    if (metatable !== undefined && !(metatable instanceof LuaTable))
      argumentError(2, `nil or table expected, got ${typeName(metatable)}`)
    setMetatableOf(value, metatable)
    return value
  },
  traceback(message: LuaValue, level: LuaValue) {
    const lines = traceback(optInt(level, 2, 1))
    return typeof message === 'string' && message !== '' ? `${message}\n${lines}` : lines
  }
}

export const packageFunctions: Library = {
  loadlib: () => raise('loadlib is not supported'),
  seeall(module: LuaValue) {
    const table = checkTable(module, 1)
    table.metatable ??= new LuaTable()
    table.metatable.set('__index', runningScript().globals)
    return NOTHING
  }
}
