/** `luaTable`, `luaList` and `luaNil`: live views of JSON values, and the way of Lua values into JSON. */

import { forgetNumberText } from 'sluice/plugin'
import {
  allocate,
  checkNumber,
  checkString,
  LuaTable,
  LuaUserdata,
  type LuaValue,
  luaToText,
  NOTHING,
  numberToText,
  raise,
  textToLua,
  UserdataType
} from './engine/index.js'
import { state } from './state.js'

type JsonObject = Record<string, unknown>

/** The value of a `luaTable`. */
export class TableView {
  readonly object: JsonObject
  constructor(object: object) {
    this.object = object as JsonObject
  }
}

/** The value of a `luaList`. */
export class ListView {
  readonly items: unknown[]
  constructor(items: unknown[]) {
    this.items = items
  }
}

/** The value of a `luaNil`. */
class NullView {}
const NULL = new NullView()

/** Nothing is set: nil, a function, a thread. */
const UNSET = Symbol('unset')

const needs = (args: readonly LuaValue[], count: number): void => {
  if (args.length !== count) raise('need arguments')
}

function tableOf(value: LuaValue): JsonObject {
  const view = tableType.unwrap(value)
  return view instanceof TableView ? view.object : raise('luaTable expected')
}

function listOf(value: LuaValue): unknown[] {
  const view = listType.unwrap(value)
  return view instanceof ListView ? view.items : raise('luaList expected')
}

/** The items of a `luaList`, undefined for anything else. */
export function itemsOf(value: LuaValue): readonly unknown[] | undefined {
  return value instanceof LuaUserdata && value.value instanceof ListView ? value.value.items : undefined
}

export const newTable = (object: object): LuaUserdata => tableType.wrap(new TableView(object))
export const newList = (items: unknown[]): LuaUserdata => listType.wrap(new ListView(items))

export const tableType: UserdataType<TableView> = new UserdataType('luaTable', {
  statics: { new: () => newTable({}) },
  methods: {
    get: (...args) => {
      needs(args, 2)
      const object = tableOf(args[0])
      const key = luaToText(checkString(args[1], 2))
      return Object.hasOwn(object, key) ? toLua(object[key]) : NOTHING
    },
    set: (...args) => {
      needs(args, 3)
      const object = tableOf(args[0])
      const key = luaToText(checkString(args[1], 2))
      const value = toJson(args[2], object)
      if (value !== UNSET) {
        if (!Object.hasOwn(object, key)) allocate(64 + key.length)
        put(object, key, value)
      }
      return NOTHING
    },
    del: (...args) => {
      needs(args, 2)
      delete tableOf(args[0])[luaToText(checkString(args[1], 2))]
      state().dirty = true
      return NOTHING
    },
    len: (...args) => Object.keys(tableOf(args[0])).length,
    keys: (...args) => {
      const names = Object.keys(tableOf(args[0]))
      allocate(names.length * 16)
      return newList(names.sort(byBytes))
    },
    keyExists: (...args) => {
      needs(args, 2)
      return Object.hasOwn(tableOf(args[0]), luaToText(checkString(args[1], 2)))
    }
  }
})

export const listType: UserdataType<ListView> = new UserdataType('luaList', {
  statics: { new: () => newList([]) },
  methods: {
    get: (...args) => {
      needs(args, 2)
      const items = listOf(args[0])
      const index = Math.trunc(checkNumber(args[1], 2))
      return index >= 0 && index < items.length ? toLua(items[index]) : NOTHING
    },
    set: (...args) => {
      needs(args, 3)
      const items = listOf(args[0])
      const index = Math.trunc(checkNumber(args[1], 2))
      const value = toJson(args[2], items)
      if (value === UNSET || !(index >= 0)) return NOTHING
      if (index >= items.length) allocate((index + 1 - items.length) * 16)
      while (items.length < index) items.push(null)
      putItem(items, index, value)
      return NOTHING
    },
    len: (...args) => listOf(args[0]).length,
    del: (...args) => {
      needs(args, 2)
      const items = listOf(args[0])
      const index = Math.trunc(checkNumber(args[1], 2))
      if (!(index >= 0 && index < items.length)) return NOTHING
      items.splice(index, 1)
      state().dirty = true
      return NOTHING
    }
  }
})

export const nilType: UserdataType<NullView> = new UserdataType('luaNil', { statics: { new: () => nilType.wrap(NULL) } })

function put(object: JsonObject, key: string, value: unknown): void {
  const { data } = noteChange()
  if (typeof value === 'number' && data !== undefined) forgetNumberText(data, object, key, value)
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  else object[key] = value
}

function putItem(items: unknown[], index: number, value: unknown): void {
  const { data } = noteChange()
  if (typeof value === 'number' && data !== undefined) forgetNumberText(data, items, index, value)
  items[index] = value
}

function noteChange(): { data: object | undefined } {
  const run = state()
  run.dirty = true
  return run
}

/** The order of UTF-8 bytes, as Go sorts. */
function byBytes(a: string, b: string): number {
  const [left, right] = [textToLua(a), textToLua(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** A JSON value as a script sees it. */
function toLua(value: unknown): LuaValue {
  switch (typeof value) {
    case 'string':
      return textToLua(value)
    case 'number':
    case 'boolean':
      return value
    default:
      if (value === null || value === undefined) return nilType.wrap(NULL)
      return Array.isArray(value) ? newList(value) : newTable(value)
  }
}

/** A value that a script sets, to stand within `container`. */
function toJson(value: LuaValue, container: object): unknown {
  if (value instanceof LuaTable) return objectOf(value, container, 1)
  return plainOf(value, container)
}

function plainOf(value: LuaValue, container: object): unknown {
  switch (typeof value) {
    case 'string':
      allocate(value.length)
      return luaToText(value)
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : raise(`json: unsupported value: ${numberToText(value)}`)
    default:
      return value instanceof LuaUserdata ? viewed(value.value, container) : UNSET
  }
}

function viewed(view: unknown, container: object): unknown {
  if (view instanceof NullView) return null
  const value = view instanceof TableView ? view.object : view instanceof ListView ? view.items : UNSET
  if (typeof value === 'object') measure(value, container, 0)
  return value
}

/** Deepest nesting of what a script sets. */
const MOST_DEEP = 1000

/**
 * Charges the script for what a shared value will be as text, which may be set in many places, and finds circles.
 */
function measure(value: object, container: object, depth: number): void {
  if (value === container || depth > MOST_DEEP) raise('json: unsupported value: encountered a cycle via map[string]interface {}')
  if (Array.isArray(value)) {
    allocate(2 + value.length)
    for (const item of value) measureItem(item, container, depth)
    return
  }
  allocate(2)
  for (const key in value) {
    allocate(4 + key.length)
    measureItem((value as JsonObject)[key], container, depth)
  }
}

function measureItem(item: unknown, container: object, depth: number): void {
  if (typeof item === 'string') allocate(item.length)
  else if (typeof item === 'object' && item !== null) measure(item, container, depth + 1)
  else allocate(4)
}

function objectOf(table: LuaTable, container: object, depth: number): JsonObject {
  if (depth > MOST_DEEP) raise('the table nests too deeply')
  const object: JsonObject = {}
  for (const [key, item] of table.entries()) {
    const name = typeof key === 'number' ? numberToText(key) : typeof key === 'string' ? luaToText(key) : undefined
    if (name === undefined) continue
    const value = nested(item, container, depth)
    allocate(64)
    if (value !== UNSET) Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  }
  return object
}

/** A table inside a table: a list when all its keys are whole numbers, null when it is empty. */
function nested(value: LuaValue, container: object, depth: number): unknown {
  if (!(value instanceof LuaTable)) return plainOf(value, container)
  if (depth > MOST_DEEP) raise('the table nests too deeply')
  const entries = [...value.entries()]
  if (entries.length === 0) return null
  if (!entries.every(([key]) => Number.isInteger(key))) return objectOf(value, container, depth + 1)
  allocate(entries.length * 16)
  return entries
    .sort(([a], [b]) => (a as number) - (b as number))
    .map(([, item]) => nested(item, container, depth + 1))
    .filter(item => item !== UNSET)
}
