/** Tables as constructors and varargs make them. */
import { rawSet } from './operations.js'
import { LuaTable, type LuaValue } from './values.js'
import { allocate, moreMemory, vm } from './vm.js'

/** Stands before a value without key in what `mixed` gets. */
export const HOLE = Symbol('hole')

/** `{a, b, c}`. */
export function list(array: LuaValue[]): LuaTable {
  vm.memory -= array.length * 16
  if (vm.memory < 0) moreMemory()
  return new LuaTable(array)
}

/** Keys that all tables of one constructor share until one of them gets another key. */
export interface Shape {
  readonly keys: LuaValue[]
  readonly index: Map<LuaValue, number> | undefined
}

export function shape(keys: LuaValue[]): Shape {
  const table = new LuaTable([], keys, [])
  if (keys.length > 8) table.makeIndex()
  return { keys, index: table.index }
}

/** `{a = 1, b = 2}`. */
export function shaped({ keys, index }: Shape, values: LuaValue[]): LuaTable {
  const table = new LuaTable([], keys, values)
  table.index = index
  table.shareKeys()
  vm.memory -= keys.length * 24
  if (vm.memory < 0) moreMemory()
  return table
}

/**
 * Any constructor: keys and values in the order of the text. Values without key are set last, as by gopher-lua, which also takes what its
 * registers hold behind them when the last field is `key = call()`: the value (`tail` 1), or key and value (`tail` 2).
 */
export function mixed(items: (LuaValue | typeof HOLE)[], fields: number, tail: number): LuaTable {
  const table = new LuaTable()
  const array: LuaValue[] = []
  let at = 0
  for (let i = 0; i < fields; i++) {
    const key = items[at++]
    if (key !== HOLE) rawSet(table, key as LuaValue, items[at++] as LuaValue)
    else if (i === fields - 1) {
      for (; at < items.length; at++) array.push(items[at] as LuaValue)
    } else array.push(items[at++] as LuaValue)
  }
  if (tail > 0 && array.length % 50 !== 0) array.push(...(items.slice(-tail) as LuaValue[]))
  allocate(array.length * 16)
  array.forEach((value, i) => {
    table.setIndex(i + 1, value)
  })
  return table
}

/** The table `arg` of a function with `...` that does not use it. */
export function argTable(values: readonly LuaValue[]): LuaTable {
  const table = list(values.slice())
  table.setHash('n', values.length)
  return table
}
