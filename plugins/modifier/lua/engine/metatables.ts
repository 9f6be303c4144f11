/** Metatables of every kind of value. */
import { LuaTable, LuaUserdata, type LuaValue } from './values.js'

/** Metatables of strings and other values without one of their own; a run has its own set. */
export interface TypeMetatables {
  string: LuaTable | undefined
  others: Map<string, LuaTable | undefined> | undefined
}

let current: TypeMetatables = { string: undefined, others: undefined }

/** Makes a run's metatables those that operations see. Returns the ones before. */
export function useMetatables(next: TypeMetatables): TypeMetatables {
  const before = current
  current = next
  return before
}

export function metatableOf(value: LuaValue): LuaTable | undefined {
  if (value instanceof LuaTable || value instanceof LuaUserdata) return value.metatable
  if (typeof value === 'string') return current.string
  return current.others?.get(kind(value))
}

export function setMetatableOf(value: LuaValue, metatable: LuaTable | undefined): void {
  if (value instanceof LuaTable || value instanceof LuaUserdata) value.metatable = metatable
  else if (typeof value === 'string') current.string = metatable
  else {
    current.others ??= new Map()
    current.others.set(kind(value), metatable)
  }
}

/** All threads share a metatable, all functions, all numbers. */
function kind(value: LuaValue): string {
  return typeof value
}

export function metamethod(value: LuaValue, event: string): LuaValue {
  return metatableOf(value)?.getString(event)
}

/** The handler of the left operand, else of the right one. */
export function metamethod2(left: LuaValue, right: LuaValue, event: string): LuaValue {
  return metamethod(left, event) ?? metamethod(right, event)
}
