/** The library `coroutine`. A coroutine is a generator; a program that names this library consists of generators. */
import { all, markInPlace, settle, special, Yielded } from '../calls.js'
import { checkFunction } from '../checks.js'
import { asLuaError, raise, typeError } from '../errors.js'
import { runningScript } from '../running.js'
import { LuaCoroutine, type LuaFunction, type LuaResult, type LuaValue } from '../values.js'
import { vm } from '../vm.js'

function checkThread(value: LuaValue, n: number): LuaCoroutine {
  return value instanceof LuaCoroutine ? value : typeError(n, 'thread', value)
}

const bodyOf = function* (fn: LuaFunction, args: readonly LuaValue[]): Generator<unknown, unknown, unknown> {
  const result = fn(...args)
  return special(result) ? yield* settle(result) : result
}
// frames below belong to who resumed: see `positions.ts`
Object.defineProperty(bodyOf, 'name', { value: 'B:coroutine' })

function refusal(co: LuaCoroutine): string | undefined {
  if (co.status === 'suspended') return undefined
  return `can not resume a ${co.status === 'normal' ? 'running' : co.status} thread`
}

const resume = function* (co: LuaCoroutine, args: readonly LuaValue[]): Generator<unknown, LuaResult, unknown> {
  const refused = refusal(co)
  if (refused !== undefined) {
    if (co.wrapped) raise(refused)
    return [false, refused]
  }
  const parent = vm.coroutine as LuaCoroutine | undefined
  const { depth, guards, handler, env, tails } = vm
  if (parent !== undefined) parent.status = 'normal'
  co.status = 'running'
  vm.coroutine = co
  vm.depth = co.depth
  vm.handler = co.handler
  try {
    const values = yield* untilItStops(co, args)
    return co.wrapped ? values : [true, ...values]
  } catch (thrown) {
    co.status = 'dead'
    const error = asLuaError(thrown)
    if (error.limit !== undefined || co.wrapped) throw error
    return [false, error.value]
  } finally {
    if (parent !== undefined) parent.status = 'running'
    Object.assign(vm, { coroutine: parent, depth, guards, handler, env, tails })
  }
}
Object.defineProperty(resume, 'name', { value: 'G:resume' })
markInPlace(resume.prototype as object)

/** Runs until the coroutine yields or ends; pauses and waits go on to the driver of the run. */
function* untilItStops(co: LuaCoroutine, args: readonly LuaValue[]): Generator<unknown, readonly LuaValue[], unknown> {
  const started = co.body !== undefined
  co.body ??= bodyOf(co.fn, args)
  let step = co.body.next(started ? args : undefined)
  for (;;) {
    if (step.done === true) {
      co.status = 'dead'
      return all(step.value)
    }
    if (step.value instanceof Yielded) {
      co.status = 'suspended'
      co.depth = vm.depth
      co.handler = vm.handler
      return step.value.values
    }
    let failed = false
    let sent: unknown
    try {
      sent = yield step.value
    } catch (error) {
      failed = true
      sent = error
    }
    step = failed ? co.body.throw(sent) : co.body.next(sent)
  }
}

export const coroutine: Record<string, LuaFunction> = {
  create: (fn: LuaValue) => new LuaCoroutine(checkFunction(fn, 1), false),
  resume: (co: LuaValue, ...args: LuaValue[]) => {
    const thread = checkThread(co, 1)
    if (!runningScript().mayWait) raise('coroutines need the name coroutine in the script')
    return resume(thread, args)
  },
  running: () => vm.coroutine as LuaCoroutine | undefined,
  status: (co: LuaValue) => checkThread(co, 1).status,
  wrap(fn: LuaValue) {
    const thread = new LuaCoroutine(checkFunction(fn, 1), true)
    return (...args: LuaValue[]) => resume(thread, args)
  },
  yield(...args: LuaValue[]) {
    if (vm.coroutine === undefined) raise('can not yield from outside of a coroutine')
    return new Yielded(args)
  }
}
