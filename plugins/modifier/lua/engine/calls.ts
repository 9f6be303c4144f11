/** Calls from TypeScript into Lua, and what generated code does with results. */
import { errorAt, raise } from './errors.js'
import { metamethod } from './metatables.js'
import { textToLua } from './strings.js'
import { type LuaFunction, LuaObject, type LuaResult, type LuaValue, NOTHING } from './values.js'
import { charge, vm } from './vm.js'

/** First item of a result that is a call still to be made: `[TAIL, function, ...arguments]`. */
export const TAIL = Symbol('tail call')
/** What a generator yields to let others go on. */
export const PAUSE = Symbol('pause')

/** What a generator yields to wait for a promise of the host. */
export class Wait {
  readonly promise: PromiseLike<LuaResult>
  constructor(promise: PromiseLike<LuaResult>) {
    this.promise = promise
  }
}

/** What a host's promise rejects with when the script shall see an error with its own position. */
export class LuaFailure extends Error {
  readonly payload: unknown
  constructor(message: string, payload?: unknown) {
    super(message)
    this.payload = payload
  }
}

/** What a generator yields for `coroutine.yield`. */
export class Yielded {
  readonly values: readonly LuaValue[]
  constructor(values: readonly LuaValue[]) {
    this.values = values
  }
}

type Running = Generator<unknown, unknown, unknown>

/** True for what is no result yet: a generator to be run, a promise to be waited for. Nothing else that functions return is an object. */
export function special(result: unknown): boolean {
  return typeof result === 'object' && !(result instanceof LuaObject) && !Array.isArray(result)
}

const IN_PLACE = Symbol('in place')

/** Marks what a library function returns to be run or waited for: it is not handed on by tail calls, so that errors find its caller. */
export function markInPlace(prototype: object): void {
  Object.defineProperty(prototype, IN_PLACE, { value: true })
}
markInPlace(Wait.prototype)
markInPlace(Yielded.prototype)

export function inPlace(result: unknown): boolean {
  return special(result) && (result as { [IN_PLACE]?: boolean })[IN_PLACE] === true
}

/** Runs what is no result yet, inside of a generator. */
export function* settle(start: unknown): Running {
  let result = start
  for (;;) {
    if (!special(result)) return result
    if (result instanceof Wait) result = yield* waited(result)
    else if (result instanceof Yielded) result = yield result
    else result = yield* result as Running
  }
}

function* waited(wait: Wait): Running {
  try {
    return yield wait
  } catch (error) {
    if (error instanceof LuaFailure) raise(textToLua(error.message), error.payload)
    throw error
  }
}

/** Makes the calls that a chain of tail calls has left. */
function unwind(start: unknown): unknown {
  let result = start
  while (Array.isArray(result) && result[0] === TAIL) {
    const tail = result as [symbol, LuaFunction, ...LuaValue[]]
    const fn = tail[1]
    tail.splice(0, 2)
    result = fn(...(tail as unknown as LuaValue[]))
  }
  return result
}

/** The first value of a result. */
export function first(result: unknown): LuaValue {
  return Array.isArray(result) ? firstOf(result) : (result as LuaValue)
}

function firstOf(result: readonly unknown[]): LuaValue {
  if (result[0] !== TAIL) return result[0] as LuaValue
  const end = unwind(result)
  return Array.isArray(end) ? end[0] : (end as LuaValue)
}

/** All values of a result. The array is not to be written. */
export function all(result: unknown): readonly LuaValue[] {
  if (!Array.isArray(result)) return [result as LuaValue]
  if (result[0] !== TAIL) return result
  const end = unwind(result)
  return Array.isArray(end) ? end : [end as LuaValue]
}

/** Many values that become arguments or items cost steps. */
export function wide(values: readonly LuaValue[]): readonly LuaValue[] {
  if (values.length > 64) charge(values.length >> 2)
  return values
}

/** A result that is not needed. */
export function drop(result: unknown): void {
  if (Array.isArray(result) && result[0] === TAIL) unwind(result)
}

/** The function that a call of something else leads to: `__call`, or one that fails after its arguments are known. */
export function callable(value: LuaValue): LuaFunction {
  if (typeof value === 'function') return value
  const handler = metamethod(value, '__call')
  return typeof handler === 'function' ? (...args: LuaValue[]) => handler(value, ...args) : notCallable
}

function notCallable(): never {
  raise('attempt to call a non-function object')
}

/** Calls a value from a library function, which cannot be suspended. */
export function callAll(fn: LuaValue, args: readonly LuaValue[]): readonly LuaValue[] {
  return all(finish((typeof fn === 'function' ? fn : callable(fn))(...args)))
}

export function call1(fn: LuaFunction, a: LuaValue, b?: LuaValue): LuaValue {
  return first(finish(fn(a, b)))
}

export function call3(fn: LuaFunction, a: LuaValue, b: LuaValue, c: LuaValue): void {
  drop(finish(fn(a, b, c)))
}

/** Runs a generator to its end in one go. Pauses are passed over; a wait or a yield cannot be. */
export function finish(result: unknown): unknown {
  if (!vm.resumable || !special(result)) return result
  vm.pinned++
  try {
    const run = settle(result)
    let step = run.next()
    while (step.done !== true) {
      step =
        step.value === PAUSE
          ? run.next()
          : run.throw(errorAt('attempt to yield or wait inside a library function or metamethod', 1))
    }
    return step.value
  } finally {
    vm.pinned--
  }
}

export function overflow(): never {
  vm.depth--
  raise('stack overflow')
}

/** What `return` without values gives. */
export const NONE = NOTHING
