/** What hosts give to scripts: functions, types of userdata, and the context of a run. */
import { Wait } from './calls.js'
import { checkUserdata } from './checks.js'
import { raise } from './errors.js'
import { runningScript } from './running.js'
import { HOST_PREFIX } from './syntax/positions.js'
import { type LuaFunction, type LuaResult, LuaTable, LuaUserdata, type LuaValue } from './values.js'
import { vm } from './vm.js'

const asynchronous = new WeakSet<object>()

/** A function for scripts. The name shows in tracebacks only; error texts say the name at the place of the call. */
export function hostFunction(name: string, fn: (...args: LuaValue[]) => LuaResult): LuaFunction {
  Object.defineProperty(fn, 'name', { value: HOST_PREFIX + name, configurable: true })
  return fn
}

/** A function that may return a promise; the script waits for it. */
export function asyncFunction(name: string, fn: (...args: LuaValue[]) => LuaResult | PromiseLike<LuaResult>): LuaFunction {
  const wait = (...args: LuaValue[]): LuaResult | Wait => {
    if (!runningScript().mayWait) raise(`this script cannot wait: name ${name} where it is used`)
    const result = fn(...args)
    return isPromise(result) ? new Wait(result) : result
  }
  asynchronous.add(wait)
  return hostFunction(name, wait as (...args: LuaValue[]) => LuaResult)
}

function isPromise(value: unknown): value is PromiseLike<LuaResult> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Whether a global is, or holds in its own fields, a function that may wait. */
export function holdsAsync(value: LuaValue, depth = 3): boolean {
  if (typeof value === 'function') return asynchronous.has(value)
  if (!(value instanceof LuaTable) || depth === 0) return false
  for (const [, inner] of value.entries()) if (inner !== value && holdsAsync(inner, depth - 1)) return true
  return false
}

type Methods = Record<string, LuaFunction>

/** A type of host objects, as binder makes it: the global table is the metatable of the objects; methods are found under its `__index`. */
export class UserdataType<T = unknown> {
  readonly name: string
  /** The global: `luaTable.new()`. */
  readonly table: LuaTable

  constructor(name: string, { statics = {}, methods = {} }: { statics?: Methods; methods?: Methods }) {
    this.name = name
    this.table = new LuaTable()
    for (const [key, fn] of Object.entries(statics)) this.table.set(key, named(key, fn))
    const index = new LuaTable()
    for (const [key, fn] of Object.entries(methods)) index.set(key, named(key, fn))
    this.table.set('__index', index)
  }

  /** A userdata that holds a value of the host. */
  wrap(value: T): LuaUserdata {
    return new LuaUserdata(value, vm.meter === undefined ? this.table : runningScript().own(this.table))
  }

  /** The value of the host, or gopher-lua's error for argument `n`. */
  unwrap(value: LuaValue, n = 1): T {
    return checkUserdata(value, n).value as T
  }
}

function named(key: string, fn: LuaFunction): LuaFunction {
  if (!fn.name.startsWith(HOST_PREFIX)) hostFunction(key, fn)
  return fn
}
