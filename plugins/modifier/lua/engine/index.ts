/** The Lua engine: see README.md. Everything that a host uses is exported here. */

export { LuaFailure } from './calls.js'
export {
  checkAny,
  checkFunction,
  checkInt,
  checkNumber,
  checkString,
  checkTable,
  checkUserdata,
  optInt,
  optString
} from './checks.js'
export { compileLua, type LuaOptions, type LuaProgram } from './compile.js'
export { DEFAULT_LIMITS } from './default-limits.js'
export { argumentError, LuaError, type LuaLimit, raise, raiseValue, typeError } from './errors.js'
export { asyncFunction, hostFunction, UserdataType } from './host.js'
export type { LuaLibraries } from './libraries.js'
export { trimmed } from './number-reading.js'
export { numberToText } from './numbers.js'
export type { LuaLimits } from './program.js'
export type { LuaRun } from './run.js'
export { context, type RunOptions } from './running.js'
export { bufferToLua, luaToBuffer, luaToText, textToLua } from './strings.js'
export type { LuaSource } from './syntax/ast.js'
export { LuaSyntaxError } from './syntax/syntax-error.js'
export { tostringPlain as tostring } from './text.js'
export {
  LuaCoroutine,
  type LuaFunction,
  type LuaResult,
  LuaTable,
  LuaUserdata,
  type LuaValue,
  NOTHING,
  typeName
} from './values.js'
export { allocate, charge } from './vm.js'
