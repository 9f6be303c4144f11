/** Errors of scripts: made here, thrown through generated code, caught by `pcall` and by the host. */

import { numberToText } from './numbers.js'
import { luaToText } from './strings.js'
import type { LuaSource } from './syntax/ast.js'
import { calledName, position, traceback } from './syntax/positions.js'
import { type LuaValue, typeName } from './values.js'
import { vm } from './vm.js'

/** Steps of an error: JavaScript's stack is read for it. */
const ERROR_STEPS = 128

export type LuaLimit = 'cpu' | 'fuel' | 'memory' | 'aborted' | 'deadline'

/** What a script ended with. */
export class LuaError extends Error {
  override readonly name = 'LuaError'
  /** The error value as `pcall` returns it. */
  value: LuaValue
  /** The message without its position; the text of the value when it has none. */
  text = ''
  /** Source of the program that `line` belongs to. */
  source: LuaSource | undefined
  /** Line put before the message; 0 when there is none. */
  line = 0
  /** What the host gave to `raise`. */
  payload: unknown
  /** The limit that ended the run. Such an error cannot be caught by the script. */
  limit: LuaLimit | undefined
  /** What the handler of `xpcall` made of it where it was raised, an array of one. */
  handled: readonly LuaValue[] | undefined
  /** gopher-lua's traceback; empty when a `pcall` stood around the error. */
  traceback = ''

  constructor(value: LuaValue) {
    super(errorText(value))
    this.value = value
  }
}

function errorText(value: LuaValue): string {
  if (typeof value === 'string') return luaToText(value)
  if (typeof value === 'number') return numberToText(value)
  return value === undefined ? 'nil' : typeof value === 'boolean' ? String(value) : `${typeName(value)}`
}

/** Makes an error without JavaScript's stack: the place is known from `positions.ts`. */
function make(value: LuaValue): LuaError {
  vm.fuel -= ERROR_STEPS
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const error = new LuaError(value)
  Error.stackTraceLimit = stackTraceLimit
  if (vm.guards === 0 && vm.meter !== undefined) error.traceback = traceback()
  vm.handler?.(error)
  return error
}

/** Makes the error of `error(message, level)`: with the position of that level. Level 0 is without. */
export function errorAt(message: string, level: number): LuaError {
  if (level <= 0) {
    const error = make(message)
    error.text = luaToText(message)
    return error
  }
  const place = position(level - 1)
  const error = make(place === undefined && level === 1 ? message : `${place?.text ?? ''} ${message}`)
  error.text = luaToText(message)
  error.line = place?.line ?? 0
  error.source = place?.map.source as LuaSource | undefined
  return error
}

/** Throws an error with position: Go's `RaiseError`. `message` is a Lua string. */
export function raise(message: string, payload?: unknown): never {
  const error = errorAt(message, 1)
  error.payload = payload
  throw error
}

/** Throws any value as it is. */
export function raiseValue(value: LuaValue, payload?: unknown): never {
  const error = make(value)
  error.text = error.message
  error.payload = payload
  throw error
}

/** What errors of limits say. */
export const LIMIT_TEXTS: Record<LuaLimit, string> = {
  cpu: 'script computed too long',
  fuel: 'script took too many steps',
  memory: 'not enough memory',
  aborted: 'script was aborted',
  deadline: 'context deadline exceeded'
}

/** Makes the error of a limit, with the position where the run was. */
export function limitError(limit: LuaLimit, message: string): LuaError {
  const { handler } = vm
  // no script handles it
  vm.handler = undefined
  const error = errorAt(message, 1)
  vm.handler = handler
  error.limit = limit
  return error
}

/** Throws `bad argument #n to NAME (text)`. */
export function argumentError(n: number, text: string): never {
  raise(`bad argument #${n} to ${calledName()} (${text})`)
}

/** Throws the error for an argument of a wrong type. */
export function typeError(n: number, expected: string, value: LuaValue): never {
  raise(`bad argument #${n} to ${calledName()} (${expected} expected, got ${typeName(value)})`)
}

/** Turns what was thrown into a Lua error, or throws it again when it is a fault of the host. */
export function asLuaError(thrown: unknown): LuaError {
  if (thrown instanceof LuaError) return thrown
  if (thrown instanceof RangeError) {
    if (thrown.message.includes('call stack')) return errorAt('stack overflow', 1)
    if (/string length|array length|Map maximum/.test(thrown.message)) return limitError('memory', 'not enough memory')
  }
  throw thrown
}
