/** Lua values as JavaScript sees them, and the table. */
import { allocate, charge, moreMemory, vm } from './vm.js'

export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction | LuaUserdata | LuaCoroutine
/** One value, or an array of any number of values. */
export type LuaResult = LuaValue | readonly LuaValue[]
/** The calling convention of the engine: generated code, libraries and hosts. In programs that can pause it may also return a generator. */
// biome-ignore lint/suspicious/noExplicitAny: parameters are Lua values, each function checks its own
export type LuaFunction = (...args: any[]) => any

/** No value at all, which is not nil. */
export const NOTHING: readonly LuaValue[] = Object.freeze([])

/** Indexes from here on are no array indexes for gopher-lua. */
const MAX_ARRAY_INDEX = 67108864
/** Up to so many keys are looked for one by one; a Map costs more to make. */
const FEW = 8

/** An index so far behind the last one costs steps. */
const FAR = 64
/** Places that are made between two looks at the limits. */
const FILLED = 8192

/** So many keys stand in one Map: when it grows, all of them are entered anew, in one go. */
const INDEXED = 65536

/** Bytes for a place of an array; more beyond so many places, since all of them are copied in one go when it grows. */
const PLACE_BYTES = 16
const LONG_ARRAY = 131_072
const LONG_PLACE_BYTES = 64

/** Keys and values may be shared with other tables until one of them is written. */
const SHARED_KEYS = 1
const SHARED_VALUES = 2

/** The parts of empty tables: never written. */
const EMPTY: LuaValue[] = []

/** What all Lua values that are objects have in common. */
export abstract class LuaObject {}

export class LuaTable extends LuaObject {
  /** Values of the indexes 1…n. May be {@link EMPTY}. */
  array: LuaValue[]
  /** The other keys in order of their first appearance. A key whose value is nil keeps its place, as in gopher-lua. */
  keys: LuaValue[]
  values: LuaValue[]
  /** Places of the first keys, where there are more than a few. */
  index: Map<LuaValue, number> | undefined
  /** Places of the keys behind them, {@link INDEXED} in each. */
  private far: Map<LuaValue, number>[] | undefined
  metatable: LuaTable | undefined
  shared: number

  constructor(array = EMPTY, keys = EMPTY, values = EMPTY) {
    super()
    this.array = array
    this.keys = keys
    this.values = values
    this.index = undefined
    this.far = undefined
    this.metatable = undefined
    this.shared = 0
    vm.memory -= 96
    if (vm.memory < 0) moreMemory()
  }

  /** A table with the same content that copies what it shares before it writes. */
  fork(): LuaTable {
    const copy = new LuaTable(this.array.length === 0 ? EMPTY : this.array.slice(), this.keys, this.values)
    copy.index = this.index
    copy.far = this.far
    copy.metatable = this.metatable
    copy.shared = SHARED_KEYS | SHARED_VALUES
    this.shared = SHARED_KEYS | SHARED_VALUES
    return copy
  }

  get(key: LuaValue): LuaValue {
    if (typeof key === 'string') return this.getString(key)
    if (typeof key === 'number' && key > 0 && (key | 0) === key && key < MAX_ARRAY_INDEX)
      return key <= this.array.length ? this.array[key - 1] : undefined
    return this.getHash(key)
  }

  getString(key: string): LuaValue {
    const index = this.index
    if (index !== undefined) {
      const at = index.get(key) ?? this.findFar(key)
      return at < 0 ? undefined : this.values[at]
    }
    const keys = this.keys
    for (let i = 0; i < keys.length; i++) if (keys[i] === key) return this.values[i]
    return undefined
  }

  private getHash(key: LuaValue): LuaValue {
    const at = this.find(key)
    return at < 0 ? undefined : this.values[at]
  }

  /** Place of a key among `keys`, or -1. */
  find(key: LuaValue): number {
    return this.index === undefined ? this.keys.indexOf(key) : (this.index.get(key) ?? this.findFar(key))
  }

  private findFar(key: LuaValue): number {
    if (this.far !== undefined)
      for (const index of this.far) {
        const at = index.get(key)
        if (at !== undefined) return at
      }
    return -1
  }

  /** Sets without metatables. The key is neither nil nor NaN. */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === 'number' && key > 0 && (key | 0) === key && key < MAX_ARRAY_INDEX) this.setIndex(key, value)
    else this.setHash(key, value)
  }

  /** Sets an index of the array part. */
  setIndex(key: number, value: LuaValue): void {
    let { array } = this
    if (key <= array.length) {
      array[key - 1] = value
      return
    }
    const grows = key - array.length
    vm.memory -= grows * (key > LONG_ARRAY ? LONG_PLACE_BYTES : PLACE_BYTES)
    if (vm.memory < 0) moreMemory()
    if (array === EMPTY) {
      array = []
      this.array = array
    }
    if (grows > FAR) this.fill(key - 1)
    for (let i = array.length; i < key - 1; i++) array.push(undefined)
    array.push(value)
  }

  /** Makes room for a far index, with looks at the limits. */
  private fill(length: number): void {
    const { array } = this
    while (array.length < length) {
      for (let i = Math.min(array.length + FILLED, length) - array.length; i > 0; i--) array.push(undefined)
      charge(FILLED >> 4)
    }
  }

  setHash(key: LuaValue, value: LuaValue): void {
    const at = this.find(key)
    if (at < 0) {
      if (value !== undefined) this.append(key, value)
      return
    }
    if ((this.shared & SHARED_VALUES) !== 0) this.own()
    this.values[at] = value
  }

  private append(key: LuaValue, value: LuaValue): void {
    if (this.shared !== 0) this.own()
    vm.memory -= 80
    if (vm.memory < 0) moreMemory()
    const { keys } = this
    if (this.index !== undefined) this.note(key, keys.length)
    if (keys === EMPTY) {
      this.keys = aFew(key)
      this.values = aFew(value)
      return
    }
    keys.push(key)
    this.values.push(value)
    if (this.index === undefined && keys.length > FEW) this.makeIndex()
  }

  makeIndex(): void {
    this.index = new Map()
    for (let i = 0; i < this.keys.length; i++) this.note(this.keys[i], i)
  }

  private note(key: LuaValue, at: number): void {
    if (at < INDEXED) this.index!.set(key, at)
    else {
      this.far ??= []
      const i = Math.trunc(at / INDEXED) - 1
      this.far[i] ??= new Map()
      this.far[i].set(key, at)
    }
  }

  /** Keys of a shape that many tables have: see `shaped` in `tables.ts`. */
  shareKeys(): void {
    this.shared |= SHARED_KEYS
  }

  /** Gives a copy its own values. */
  setValues(values: LuaValue[]): void {
    this.values = values
    this.shared &= ~SHARED_VALUES
  }

  private own(): void {
    allocate(this.keys.length * 32)
    if ((this.shared & SHARED_KEYS) !== 0) {
      this.keys = this.keys.slice()
      if (this.index !== undefined) this.index = new Map(this.index)
      this.far = this.far?.map(index => new Map(index))
    }
    if ((this.shared & SHARED_VALUES) !== 0) this.values = this.values.slice()
    this.shared = 0
  }

  /** gopher-lua's `#`: the last index of the array part that is not nil. */
  length(): number {
    const array = this.array
    let n = array.length
    if (n === 0 || array[n - 1] !== undefined) return n
    while (n > 0 && array[n - 1] === undefined) n--
    charge((array.length - n) >> 3)
    return n
  }

  /** Key and value after a key, in the order of `pairs`; undefined at the end. A key that is not there begins anew, as in gopher-lua. */
  next(key: LuaValue): [LuaValue, LuaValue] | undefined {
    let at: number
    if (key === undefined) at = 0
    else if (typeof key === 'number' && key > 0 && (key | 0) === key && key < MAX_ARRAY_INDEX)
      at = this.array.length === 0 ? 0 : key
    else at = this.array.length + Math.max(this.find(key), 0) + 1
    for (; at < this.array.length; at++) {
      const value = this.array[at]
      if (value !== undefined) return [at + 1, value]
    }
    for (let i = at - this.array.length; i < this.keys.length; i++) {
      const value = this.values[i]
      if (value !== undefined) return [this.keys[i], value]
    }
    return undefined
  }

  /** All entries in the order of `pairs`. */
  *entries(): Generator<[LuaValue, LuaValue]> {
    for (let i = 0; i < this.array.length; i++) if (this.array[i] !== undefined) yield [i + 1, this.array[i]]
    for (let i = 0; i < this.keys.length; i++) if (this.values[i] !== undefined) yield [this.keys[i], this.values[i]]
  }
}

/** An array of one with room for a few: the first `push` makes room for 17 otherwise. */
function aFew(value: LuaValue): LuaValue[] {
  const array = [value, undefined, undefined, undefined]
  array.pop()
  array.pop()
  array.pop()
  return array
}

/** A value of the host. */
export class LuaUserdata extends LuaObject {
  metatable: LuaTable | undefined
  readonly value: unknown
  constructor(value: unknown, metatable?: LuaTable) {
    super()
    this.value = value
    this.metatable = metatable
  }
}

/** What a coroutine holds once it has begun. */
const COROUTINE_BYTES = 1024

/** A thread of a script. */
export class LuaCoroutine extends LuaObject {
  status: 'suspended' | 'running' | 'normal' | 'dead' = 'suspended'
  body: Generator<unknown, unknown, unknown> | undefined
  depth = 0
  /** The handler of the innermost `xpcall` where it stopped. */
  handler: typeof vm.handler = undefined
  readonly fn: LuaFunction
  readonly wrapped: boolean
  constructor(fn: LuaFunction, wrapped: boolean) {
    super()
    this.fn = fn
    this.wrapped = wrapped
    allocate(COROUTINE_BYTES)
  }
}

/** Name of a value's type, as `type` returns it. */
export function typeName(value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil'
    case 'object':
      return value instanceof LuaTable ? 'table' : value instanceof LuaCoroutine ? 'thread' : 'userdata'
    default:
      return typeof value
  }
}
