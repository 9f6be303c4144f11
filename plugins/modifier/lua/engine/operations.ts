/** Operations of the language, as generated code calls them. The first lines of each are the fast way; the rest follows gopher-lua's `vm.go`. */
import { call1, call3, finish, first } from './calls.js'
import { raise } from './errors.js'
import { goMod } from './go/go-math.js'
import { goPow } from './go/go-power.js'
import { metamethod, metamethod2, metatableOf } from './metatables.js'
import { parseNumber } from './number-reading.js'
import { numberToText } from './numbers.js'
import { tostringPlain } from './text.js'
import { LuaTable, LuaUserdata, type LuaValue, typeName } from './values.js'
import { charge, moreMemory, noMemory, vm } from './vm.js'

/** `__index` chains are followed so far. */
const MAX_CHAIN = 100

export function index(object: LuaValue, key: LuaValue): LuaValue {
  if (object instanceof LuaTable) {
    const value = object.get(key)
    if (value !== undefined || object.metatable === undefined) return value
  }
  return indexSlow(object, key)
}

/** `index` with a constant text. */
export function indexS(object: LuaValue, key: string): LuaValue {
  if (object instanceof LuaTable) {
    const value = object.getString(key)
    if (value !== undefined || object.metatable === undefined) return value
  }
  return indexSlow(object, key)
}

/** A global that is nil. */
export function absent(globals: LuaTable, name: string): LuaValue {
  return globals.metatable === undefined ? undefined : indexS(globals, name)
}

function indexSlow(object: LuaValue, key: LuaValue): LuaValue {
  let current = object
  for (let i = 0; i < MAX_CHAIN; i++) {
    const isTable = current instanceof LuaTable
    if (isTable) {
      const value = (current as LuaTable).get(key)
      if (value !== undefined) return value
    }
    const handler = metamethod(current, '__index')
    if (handler === undefined) {
      if (!isTable) raise(`attempt to index a non-table object(${typeName(current)}) with key '${tostringPlain(key)}'`)
      return undefined
    }
    if (typeof handler === 'function') return call1(handler, current, key)
    current = handler
  }
  raise('too many recursions in gettable')
}

export function setIndex(object: LuaValue, key: LuaValue, value: LuaValue): void {
  if (object instanceof LuaTable && object.metatable === undefined) {
    if (typeof key === 'number' && key > 0 && key <= object.array.length && (key | 0) === key) object.array[key - 1] = value
    else {
      if (key === undefined || Number.isNaN(key)) badKey(key)
      object.set(key, value)
    }
    return
  }
  setIndexSlow(object, key, value)
}

/** `setIndex` with a constant text. */
export function setIndexS(object: LuaValue, key: string, value: LuaValue): void {
  if (object instanceof LuaTable && object.metatable === undefined) object.setHash(key, value)
  else setIndexSlow(object, key, value)
}

function badKey(key: LuaValue): never {
  raise(key === undefined ? 'table index is nil' : 'table index is NaN')
}

/** `rawset`, with its errors. */
export function rawSet(table: LuaTable, key: LuaValue, value: LuaValue): void {
  if (key === undefined || Number.isNaN(key)) badKey(key)
  table.set(key, value)
}

function setIndexSlow(object: LuaValue, key: LuaValue, value: LuaValue): void {
  let current = object
  for (let i = 0; i < MAX_CHAIN; i++) {
    if (current instanceof LuaTable && current.get(key) !== undefined) {
      rawSet(current, key, value)
      return
    }
    const handler = metamethod(current, '__newindex')
    if (handler === undefined) {
      if (!(current instanceof LuaTable))
        raise(`attempt to index a non-table object(${typeName(current)}) with key '${tostringPlain(key)}'`)
      rawSet(current, key, value)
      return
    }
    if (typeof handler === 'function') {
      call3(handler, current, key, value)
      return
    }
    current = handler
  }
  raise('too many recursions in settable')
}

function arithmetic(event: string, left: LuaValue, right: LuaValue, compute: (a: number, b: number) => number): LuaValue {
  const handler = metamethod2(left, right, event)
  if (typeof handler === 'function') return call1(handler, left, right)
  const a = typeof left === 'string' ? parseNumber(left) : left
  const b = typeof right === 'string' ? parseNumber(right) : right
  if (typeof a === 'number' && typeof b === 'number') return compute(a, b)
  const kind = (value: LuaValue, number: LuaValue): string => typeName(number === undefined ? value : number)
  raise(`cannot perform ${event.slice(2)} operation between ${kind(left, a)} and ${kind(right, b)}`)
}

const plus = (a: number, b: number): number => a + b
const minus = (a: number, b: number): number => a - b
const times = (a: number, b: number): number => a * b
const over = (a: number, b: number): number => a / b

export function add(a: LuaValue, b: LuaValue): LuaValue {
  return typeof a === 'number' && typeof b === 'number' ? a + b : arithmetic('__add', a, b, plus)
}
export function sub(a: LuaValue, b: LuaValue): LuaValue {
  return typeof a === 'number' && typeof b === 'number' ? a - b : arithmetic('__sub', a, b, minus)
}
export function mul(a: LuaValue, b: LuaValue): LuaValue {
  return typeof a === 'number' && typeof b === 'number' ? a * b : arithmetic('__mul', a, b, times)
}
export function div(a: LuaValue, b: LuaValue): LuaValue {
  return typeof a === 'number' && typeof b === 'number' ? a / b : arithmetic('__div', a, b, over)
}
export function mod(a: LuaValue, b: LuaValue): LuaValue {
  return typeof a === 'number' && typeof b === 'number' ? goMod(a, b) : arithmetic('__mod', a, b, goMod)
}
export function pow(a: LuaValue, b: LuaValue): LuaValue {
  return typeof a === 'number' && typeof b === 'number' ? goPow(a, b) : arithmetic('__pow', a, b, goPow)
}

export function unm(value: LuaValue): LuaValue {
  if (typeof value === 'number') return -value
  const handler = metamethod(value, '__unm')
  if (typeof handler === 'function') return first(finish(handler(value)))
  const number = typeof value === 'string' ? parseNumber(value) : undefined
  if (number === undefined) raise('__unm undefined')
  return -number
}

export function len(value: LuaValue): LuaValue {
  if (typeof value === 'string') return value.length
  if (value instanceof LuaTable && value.metatable === undefined) return value.length()
  const handler = metamethod(value, '__len')
  if (typeof handler === 'function') return first(finish(handler(value)))
  if (value instanceof LuaTable) return value.length()
  raise('__len undefined')
}

export function eq(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'string' && a.length > LONG_TEXT) charge(a.length >> 10)
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object') return false
  if (!(a instanceof LuaTable ? b instanceof LuaTable : a instanceof LuaUserdata && b instanceof LuaUserdata)) return false
  if (metatableOf(a) === undefined || metatableOf(b) === undefined) return false
  return compareBy('__eq', a, b) === true
}

/** Asks the handler that both operands share; undefined without one. */
function compareBy(event: string, a: LuaValue, b: LuaValue): boolean | undefined {
  const handler = metamethod(a, event)
  if (typeof handler !== 'function' || handler !== metamethod(b, event)) return undefined
  const result = call1(handler, a, b)
  return result !== undefined && result !== false
}

function incomparable(a: LuaValue, b: LuaValue): never {
  raise(`attempt to compare ${typeName(a)} with ${typeName(b)}`)
}

function before(a: string, b: string): boolean {
  if (a.length > LONG_TEXT) charge(a.length >> 10)
  return a < b
}

export function lt(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b
  if (typeof a === 'string' && typeof b === 'string') return before(a, b)
  if (typeof a === 'number' || typeName(a) !== typeName(b)) incomparable(a, b)
  return compareBy('__lt', a, b) ?? incomparable(a, b)
}

export function le(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a <= b
  if (typeof a === 'string' && typeof b === 'string') return !before(b, a)
  if (typeof a === 'number' || typeName(a) !== typeName(b)) incomparable(a, b)
  const result = compareBy('__le', a, b)
  if (result !== undefined) return result
  return !(compareBy('__lt', b, a) ?? incomparable(b, a))
}

export function gt(a: LuaValue, b: LuaValue): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a > b : lt(b, a)
}
export function ge(a: LuaValue, b: LuaValue): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a >= b : le(b, a)
}

/** A text from this length on costs steps where JavaScript may copy or compare all of it. */
const LONG_TEXT = 4096

/** Joins two texts. Memory is taken for the shorter one: the longer is shared. Steps are taken for the copy that is made when the text is read. */
export function join(a: string, b: string): string {
  const size = a.length + b.length
  vm.memory -= Math.min(a.length, b.length) + 32
  if (vm.memory < 0) moreMemory()
  if (size > LONG_TEXT) longText(size)
  return a + b
}

/** A text may be so long. Takes steps for it. */
function longText(size: number): void {
  if (size > vm.longest) noMemory()
  charge(size >> 10)
}

export function concat(a: LuaValue, b: LuaValue): LuaValue {
  if (typeof a === 'string' && typeof b === 'string') return join(a, b)
  const left = typeof a === 'number' ? numberToText(a) : a
  const right = typeof b === 'number' ? numberToText(b) : b
  if (typeof left === 'string' && typeof right === 'string') return join(left, right)
  return concatSlow(a, b)
}

function concatSlow(a: LuaValue, b: LuaValue): LuaValue {
  const handler = metamethod2(a, b, '__concat')
  if (typeof handler === 'function') return call1(handler, a, b)
  raise(`cannot perform concat operation between ${typeName(a)} and ${typeName(b)}`)
}

/** Joins from right to left, as the operator binds. */
export function concatAll(...parts: LuaValue[]): LuaValue {
  let size = 0
  let text = ''
  for (const part of parts) {
    if (typeof part === 'string') text += part
    else if (typeof part === 'number') text += numberToText(part)
    else return concatEach(parts)
    size += 32
  }
  vm.memory -= size + (text.length < 4096 ? text.length : 0)
  if (text.length >= 4096) takeLong(parts, text.length)
  if (vm.memory < 0) moreMemory()
  return text
}

/** The longest part is shared, the others are counted. */
function takeLong(parts: readonly LuaValue[], total: number): void {
  let longest = 0
  for (const part of parts) if (typeof part === 'string' && part.length > longest) longest = part.length
  vm.memory -= total - longest
  longText(total)
}

function concatEach(parts: readonly LuaValue[]): LuaValue {
  let result = parts.at(-1)
  for (let i = parts.length - 2; i >= 0; i--) result = concat(parts[i], result)
  return result
}

export function forCheck(init: LuaValue, limit: LuaValue, step: LuaValue): void {
  if (typeof init === 'number' && typeof limit === 'number' && typeof step === 'number') return
  if (typeof init !== 'number') raise('for statement init must be a number')
  raise(`for statement ${typeof step === 'number' ? 'limit' : 'step'} must be a number`)
}

/** Takes steps for reading a text of this length. */
export function readCost(text: string): void {
  if (text.length > 256) charge(text.length >> 6)
}
