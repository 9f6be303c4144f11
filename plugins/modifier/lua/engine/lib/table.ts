/** The library `table`. */
import { call1 } from '../calls.js'
import { checkAny, checkFunction, checkInt, checkTable, optInt, optString } from '../checks.js'
import { raise } from '../errors.js'
import { goSort } from '../go/go-sort.js'
import { numberToText } from '../numbers.js'
import { lt, rawSet } from '../operations.js'
import { type LuaFunction, type LuaTable, type LuaValue, NOTHING, typeName } from '../values.js'
import { allocate, charge, noMemory, vm } from '../vm.js'

/** Puts a value behind the last that is not nil. */
function append(table: LuaTable, value: LuaValue): void {
  if (value === undefined) return
  const { array } = table
  if (array.length === 0 || array[array.length - 1] !== undefined) table.setIndex(array.length + 1, value)
  else table.setIndex(table.length() + 1, value)
}

function insertAt(table: LuaTable, place: number, value: LuaValue): void {
  const { array } = table
  if (place > array.length || place <= 0) {
    rawSet(table, place, value)
    return
  }
  allocate(16)
  charge((array.length - place) >> 3)
  array.splice(place - 1, 0, value)
}

function removeAt(table: LuaTable, place: number): LuaValue {
  const { array } = table
  const i = place - 1
  if (array.length === 0 || i >= array.length) return undefined
  if (i === array.length - 1 || i < 0) return array.pop()
  charge((array.length - i) >> 3)
  return array.splice(i, 1)[0]
}

export const table: Record<string, LuaFunction> = {
  concat(...args: LuaValue[]) {
    const list = checkTable(args[0], 1)
    const separator = optString(args[1], 2, '')
    const size = list.length()
    let from = optInt(args[2], 3, 1)
    let to = optInt(args[3], 4, size)
    if (args.length === 3 && (from > size || from < 1)) return ''
    from = Math.max(Math.min(from, size), 1)
    to = Math.min(to, size)
    if (from > to) return ''
    return joined(list.array, separator, from, to)
  },
  getn: (list: LuaValue) => checkTable(list, 1).length(),
  insert(...args: LuaValue[]) {
    const list = checkTable(args[0], 1)
    if (args.length === 1) raise('wrong number of arguments')
    if (args.length === 2) append(list, args[1])
    else insertAt(list, checkInt(args[1], 2), checkAny(args, 3))
    return NOTHING
  },
  maxn: (list: LuaValue) => checkTable(list, 1).length(),
  remove(...args: LuaValue[]) {
    const list = checkTable(args[0], 1)
    return removeAt(list, args.length === 1 ? -1 : checkInt(args[1], 2))
  },
  sort(...args: LuaValue[]) {
    const { array } = checkTable(args[0], 1)
    const order = args.length === 1 ? undefined : checkFunction(args[1], 2)
    if (order === undefined) charge(array.length)
    goSort(array, order === undefined ? defaultOrder : (a, b) => truthy(call1(order, a, b)))
    return NOTHING
  }
}

function truthy(value: LuaValue): boolean {
  return value !== undefined && value !== false
}

function defaultOrder(a: LuaValue, b: LuaValue): boolean {
  charge(1)
  return lt(a, b)
}

function joined(array: readonly LuaValue[], separator: string, from: number, to: number): string {
  let size = 0
  let total = 0
  const parts: string[] = []
  for (let i = from; i <= to; i++) {
    const value = array[i - 1]
    if (typeof value === 'number') parts.push(numberToText(value))
    else if (typeof value === 'string') parts.push(value)
    else raise(`invalid value (${typeName(value)}) at index ${i} in table for concat`)
    size += parts.at(-1)!.length + separator.length
    if (size > 65536 || parts.length % 4096 === 0) {
      allocate(size)
      charge(1024 + (size >> 7))
      total += size
      if (total > vm.longest) noMemory()
      size = 0
    }
  }
  allocate(size)
  charge((parts.length % 4096) >> 2)
  return parts.join(separator)
}
