/** The functions that every script has. Files are out of reach: `dofile`, `loadfile` and `require` behave as if there were none. */
import { all, callAll, callable, markInPlace, settle, special } from '../calls.js'
import { checkAny, checkFunction, checkInt, checkString, checkTable, optInt, optString } from '../checks.js'
import { argumentError, asLuaError, errorAt, type LuaError, raise, raiseValue } from '../errors.js'
import { ipairsStep, nextFunction, pairsStep } from '../iterate.js'
import { metamethod, metatableOf, setMetatableOf } from '../metatables.js'
import { toNumber } from '../number-reading.js'
import { rawSet } from '../operations.js'
import { tostringPlain } from '../text.js'
import { type LuaFunction, type LuaResult, LuaTable, LuaUserdata, type LuaValue, NOTHING, typeName } from '../values.js'
import { charge, type HandledError, vm } from '../vm.js'

/** More values than gopher-lua's stack holds. */
const MAX_VALUES = 5100

export function tostring(value: LuaValue): LuaValue {
  const handler = metamethod(value, '__tostring')
  return typeof handler === 'function' ? callAll(handler, [value])[0] : tostringPlain(value)
}

/** Values from a list, limited as gopher-lua's stack is. */
export function limited(count: number): void {
  if (count > MAX_VALUES) raise('registry overflow')
}

/** What `pcall` undoes when an error passes it. */
interface Saved {
  depth: number
  tails: number
  env: typeof vm.env
  coroutine: unknown
  pinned: number
  handler: typeof vm.handler
}

function enter(handler?: LuaFunction): Saved {
  const saved = {
    depth: vm.depth,
    tails: vm.tails,
    env: vm.env,
    coroutine: vm.coroutine,
    pinned: vm.pinned,
    handler: vm.handler
  }
  vm.guards++
  vm.handler = handler === undefined ? undefined : error => handle(error, handler)
  return saved
}

function leave(saved: Saved): void {
  vm.guards--
  vm.handler = saved.handler
}

/** Calls the handler of an `xpcall` where an error is made. An error inside of the handler replaces the first. */
function handle(error: HandledError, handler: LuaFunction): void {
  const saved = enter()
  try {
    error.handled = [callAll(handler, [error.value as LuaValue])[0]]
  } catch (thrown) {
    error.handled = [caught(thrown, saved).value]
  } finally {
    leave(saved)
  }
}

function restore(saved: Saved): void {
  vm.depth = saved.depth
  vm.tails = saved.tails
  vm.env = saved.env
  vm.coroutine = saved.coroutine
  vm.pinned = saved.pinned
  vm.handler = saved.handler
}

/** The error, after the stack is as before. Limits pass on. */
function caught(thrown: unknown, saved: Saved): LuaError {
  restore(saved)
  const error = asLuaError(thrown)
  if (error.limit !== undefined) throw error
  return error
}

function protect(fn: LuaFunction, args: readonly LuaValue[], handler: LuaFunction | undefined): LuaResult {
  const saved = enter(handler)
  try {
    if (++vm.depth > vm.maxDepth) raise('stack overflow')
    const result = all(fn(...args))
    vm.depth--
    return [true, ...result]
  } catch (thrown) {
    return failed(caught(thrown, saved), handler)
  } finally {
    leave(saved)
  }
}

const protectAndWait = function* (
  fn: LuaFunction,
  args: readonly LuaValue[],
  handler: LuaFunction | undefined
): Generator<unknown, LuaResult, unknown> {
  const saved = enter(handler)
  try {
    if (++vm.depth > vm.maxDepth) raise('stack overflow')
    const result = fn(...args)
    const values = all(special(result) ? yield* settle(result) : result)
    vm.depth--
    return [true, ...values]
  } catch (thrown) {
    return failed(caught(thrown, saved), handler)
  } finally {
    leave(saved)
  }
}
Object.defineProperty(protectAndWait, 'name', { value: 'G:pcall' })
markInPlace(protectAndWait.prototype as object)

/** The results of a call that failed. Some errors come from where no handler can be called, and are handled here. */
function failed(error: LuaError, handler: LuaFunction | undefined): LuaResult {
  if (handler === undefined) return [false, error.value]
  if (error.handled === undefined) handle(error, handler)
  return [false, error.handled?.[0]]
}

function guarded(fn: LuaFunction, args: readonly LuaValue[], handler?: LuaFunction): LuaResult {
  return vm.resumable ? (protectAndWait(fn, args, handler) as unknown as LuaResult) : protect(fn, args, handler)
}

export const base: Record<string, LuaFunction> = {
  assert(...args: LuaValue[]) {
    const [value] = args
    if (value === undefined || value === false) raise(optString(args[1], 2, 'assertion failed!'))
    return args
  },
  collectgarbage: () => NOTHING,
  dofile(path: LuaValue) {
    const name = typeof path === 'string' || typeof path === 'number' ? tostringPlain(path) : ''
    raiseValue(name === '' ? 'open : no such file or directory' : `open ${name}: no such file or directory`)
  },
  error(...args: LuaValue[]) {
    const value = checkAny(args, 1)
    const level = optInt(args[1], 2, 1)
    if (typeof value === 'string') throw errorAt(value, level)
    raiseValue(value)
  },
  getmetatable(...args: LuaValue[]) {
    const metatable = metatableOf(checkAny(args, 1))
    return metatable?.getString('__metatable') ?? metatable
  },
  ipairs: (table: LuaValue) => [ipairsStep, checkTable(table, 1), 0],
  loadfile(path: LuaValue) {
    return path === undefined
      ? [undefined, 'can not open file: <stdin>']
      : [undefined, `can not open file: ${checkString(path, 1)}`]
  },
  newproxy(value: LuaValue) {
    if (value === true) return new LuaUserdata(undefined, new LuaTable())
    return new LuaUserdata(undefined, value instanceof LuaUserdata ? value.metatable : undefined)
  },
  next: nextFunction,
  pairs: (table: LuaValue) => [pairsStep, checkTable(table, 1), undefined],
  pcall(...args: LuaValue[]) {
    const fn = checkAny(args, 1)
    if (typeof fn !== 'function' && typeof metamethod(fn, '__call') !== 'function')
      return [false, `attempt to call a ${typeName(fn)} value`]
    return guarded(callable(fn), args.slice(1))
  },
  _printregs: () => NOTHING,
  rawequal: (...args: LuaValue[]) => checkAny(args, 1) === checkAny(args, 2),
  rawget: (...args: LuaValue[]) => checkTable(args[0], 1).get(checkAny(args, 2)),
  rawset(...args: LuaValue[]) {
    const table = checkTable(args[0], 1)
    rawSet(table, checkAny(args, 2), checkAny(args, 3))
    return NOTHING
  },
  select(...args: LuaValue[]) {
    const [which] = args
    if (typeof which === 'string') {
      if (which !== '#') argumentError(1, `invalid string '${which}'`)
      return args.length - 1
    }
    if (typeof which !== 'number') argumentError(1, `number or string expected, got ${typeName(which)}`)
    let at = Math.trunc(which)
    if (at < 0) at += args.length
    else if (at > args.length) at = args.length
    if (at < 1 || Number.isNaN(at)) argumentError(1, 'index out of range')
    return args.slice(at)
  },
  setmetatable(...args: LuaValue[]) {
    const [value, metatable] = args
    if (metatable !== undefined && !(metatable instanceof LuaTable))
      argumentError(2, `nil or table expected, got ${typeName(metatable)}`)
    if (value === undefined) raise('cannot set metatable to a nil object.')
    if (metatableOf(value)?.getString('__metatable') !== undefined) raise('cannot change a protected metatable')
    setMetatableOf(value, metatable)
    return value
  },
  tonumber(...args: LuaValue[]) {
    const base = args[1] === undefined ? undefined : checkInt(args[1], 2)
    const value = checkAny(args, 1)
    return typeof value === 'number' ? value : typeof value === 'string' ? toNumber(value, base) : undefined
  },
  tostring: (...args: LuaValue[]) => tostring(checkAny(args, 1)),
  type: (...args: LuaValue[]) => typeName(checkAny(args, 1)),
  unpack(table: LuaValue, from: LuaValue, to: LuaValue) {
    const { array } = checkTable(table, 1)
    const start = optInt(from, 2, 1)
    const end = optInt(to, 3, (table as LuaTable).length())
    const count = end - start + 1
    if (count <= 0) return NOTHING
    limited(count)
    charge(count >> 2)
    const values: LuaValue[] = []
    for (let i = start; i <= end; i++) values.push(i > 0 && i <= array.length ? array[i - 1] : undefined)
    return values
  },
  xpcall(...args: LuaValue[]) {
    return guarded(checkFunction(args[0], 1), [], checkFunction(args[1], 2))
  }
}
