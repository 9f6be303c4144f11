/** `luaTable`, `luaList` and `luaNil`: live views of JSON values, and the way of Lua values into JSON. */

import { LazyArray, type LazyJson, LazyObject } from 'sluice/plugin'
import {
  allocate,
  charge,
  checkNumber,
  checkString,
  LuaCoroutine,
  LuaTable,
  LuaUserdata,
  type LuaValue,
  luaToText,
  NOTHING,
  numberToText,
  raise,
  textToLua,
  tostring,
  UserdataType
} from './engine/index.js'
import { state } from './state.js'

/** The value of a `luaNil`. */
class NullView {}
const NULL = new NullView()

/** Nothing is set: nil, a function, a thread. */
const UNSET = Symbol('unset')

const needs = (args: readonly LuaValue[], count: number): void => {
  if (args.length !== count) raise('need arguments')
}

function tableOf(value: LuaValue): LazyObject {
  const view = tableType.unwrap(value)
  return view instanceof LazyObject ? view : raise('response expected')
}

function listOf(value: LuaValue): LazyArray {
  const view = listType.unwrap(value)
  return view instanceof LazyArray ? view : raise('response expected')
}

/** The list behind a `luaList`, undefined for anything else. */
export function listIn(value: LuaValue): LazyArray | undefined {
  return value instanceof LuaUserdata && value.value instanceof LazyArray ? value.value : undefined
}

export const newTable = (object: LazyObject): LuaUserdata => tableType.wrap(object)
export const newList = (list: LazyArray): LuaUserdata => listType.wrap(list)

/** A list of texts. */
export function textList(texts: readonly string[]): LazyArray {
  const list = new LazyArray()
  for (const text of texts) list.set(list.length, text)
  return list
}

export const tableType: UserdataType<LazyObject> = new UserdataType('luaTable', {
  statics: { new: () => newTable(new LazyObject()) },
  methods: {
    get: (...args) => {
      needs(args, 2)
      const value = tableOf(args[0]).get(luaToText(checkString(args[1], 2)))
      return value === undefined ? NOTHING : toLua(value)
    },
    set: (...args) => {
      needs(args, 3)
      const object = tableOf(args[0])
      const key = luaToText(checkString(args[1], 2))
      const value = toJson(args[2])
      if (value !== UNSET) {
        if (!object.has(key)) allocate(64 + key.length)
        put(() => object.set(key, value))
      }
      return NOTHING
    },
    del: (...args) => {
      needs(args, 2)
      if (tableOf(args[0]).delete(luaToText(checkString(args[1], 2)))) state().dirty = true
      return NOTHING
    },
    len: (...args) => tableOf(args[0]).count,
    keys: (...args) => {
      const names = tableOf(args[0]).keys()
      allocate(names.length * 16)
      return newList(textList(names.sort(byBytes)))
    },
    keyExists: (...args) => {
      needs(args, 2)
      return tableOf(args[0]).has(luaToText(checkString(args[1], 2)))
    }
  }
})

export const listType: UserdataType<LazyArray> = new UserdataType('luaList', {
  statics: { new: () => newList(new LazyArray()) },
  methods: {
    get: (...args) => {
      needs(args, 2)
      const value = listOf(args[0]).get(Math.trunc(checkNumber(args[1], 2)))
      return value === undefined ? NOTHING : toLua(value)
    },
    set: (...args) => {
      needs(args, 3)
      const list = listOf(args[0])
      const index = Math.trunc(checkNumber(args[1], 2))
      const value = toJson(args[2])
      if (!(index >= 0) || (value === UNSET && index < list.length)) return NOTHING
      if (index >= list.length) lengthen(list, index)
      put(() => list.set(index, value === UNSET ? null : value))
      return NOTHING
    },
    len: (...args) => listOf(args[0]).length,
    del: (...args) => {
      needs(args, 2)
      if (listOf(args[0]).remove(Math.trunc(checkNumber(args[1], 2)))) state().dirty = true
      return NOTHING
    }
  }
})

/** Items that are added to a list between two looks at the limits. */
const ADDED = 8192

/** Takes memory for items up to an index, and adds those before it where they are many. */
function lengthen(list: LazyArray, index: number): void {
  allocate((index + 1 - list.length) * 16)
  while (index - list.length > ADDED) {
    charge(ADDED >> 4)
    put(() => list.set(list.length + ADDED - 1, null))
  }
}

export const nilType: UserdataType<NullView> = new UserdataType('luaNil', { statics: { new: () => nilType.wrap(NULL) } })

/** Makes an edit. What stands within itself, or too deep, is an error as Go's encoder has it. */
function put(edit: () => void): void {
  state().dirty = true
  try {
    edit()
  } catch (error) {
    if (error instanceof RangeError) raise('json: unsupported value: encountered a cycle via map[string]interface {}')
    throw error
  }
}

/** The order of UTF-8 bytes, as Go sorts. */
function byBytes(a: string, b: string): number {
  const [left, right] = [textToLua(a), textToLua(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** A JSON value as a script sees it. */
function toLua(value: LazyJson): LuaValue {
  if (typeof value === 'string') return textToLua(value)
  if (typeof value !== 'object') return value
  if (value === null) return nilType.wrap(NULL)
  return value.kind === 'array' ? newList(value) : newTable(value)
}

/** A value that a script sets. */
function toJson(value: LuaValue): LazyJson | typeof UNSET {
  return value instanceof LuaTable ? objectOf(value, 1) : plainOf(value)
}

function plainOf(value: LuaValue): LazyJson | typeof UNSET {
  switch (typeof value) {
    case 'string':
      allocate(value.length)
      return luaToText(value)
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : raise(`json: unsupported value: ${numberToText(value)}`)
    default:
      return value instanceof LuaUserdata ? viewed(value.value) : UNSET
  }
}

/** A shared value may be set in many places: the script is charged for its text each time. */
function viewed(view: unknown): LazyJson | typeof UNSET {
  if (view instanceof NullView) return null
  if (!(view instanceof LazyObject || view instanceof LazyArray)) return UNSET
  allocate(view.size(MOST_SHARED))
  return view
}

/** Bytes that are counted of a shared value; a run has less for all it does. */
const MOST_SHARED = 2 ** 30

/** Deepest nesting of a table that a script sets. */
const MOST_DEEP = 1000

function objectOf(table: LuaTable, depth: number): LazyObject {
  if (depth > MOST_DEEP) raise('the table nests too deeply')
  const object = new LazyObject()
  for (const [key, item] of table.entries()) {
    const name = luaToText(tostring(key))
    const value = nested(item, depth)
    allocate(64)
    if (value !== UNSET) put(() => object.set(name, value))
  }
  return object
}

/** A table inside a table: a list when all its keys are whole numbers, null when it is empty. */
function nested(value: LuaValue, depth: number): LazyJson | typeof UNSET {
  if (!(value instanceof LuaTable)) return plainOf(value)
  if (depth > MOST_DEEP) raise('the table nests too deeply')
  const entries = [...value.entries()].filter(([, item]) => typeof item !== 'function' && !(item instanceof LuaCoroutine))
  if (entries.length === 0) return null
  if (!entries.every(([key]) => Number.isInteger(key))) return objectOf(value, depth + 1)
  allocate(entries.length * 16)
  entries.sort(([a], [b]) => (a as number) - (b as number))
  const list = new LazyArray()
  for (const [, item] of entries) {
    const one = nested(item, depth + 1)
    if (one !== UNSET) put(() => list.set(list.length, one))
  }
  return list
}
