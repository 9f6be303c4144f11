/** The generic `for`. Loops over `pairs`, `ipairs` and `next` walk the table by place; all others call their function. */
import { all, callable, finish, first } from './calls.js'
import { typeError } from './errors.js'
import { type LuaFunction, LuaTable, type LuaValue } from './values.js'

/** What `pairs` and `ipairs` return; here, so that loops recognise them. */
export const pairsStep: LuaFunction = (table: LuaValue, key: LuaValue) => {
  if (!(table instanceof LuaTable)) typeError(1, 'table', table)
  return table.next(key) ?? []
}
export const nextFunction: LuaFunction = (table: LuaValue, key: LuaValue) => {
  if (!(table instanceof LuaTable)) typeError(1, 'table', table)
  return table.next(key)
}
export const ipairsStep: LuaFunction = (table: LuaValue, i: LuaValue) => {
  if (!(table instanceof LuaTable)) typeError(1, 'table', table)
  if (typeof i !== 'number') typeError(2, 'number', i)
  const at = Math.trunc(i) + 1
  const value = at > 0 && at <= table.array.length ? table.array[at - 1] : undefined
  return value === undefined ? [] : [at, value]
}

export interface Iterator {
  /** True when `step` goes on by itself; else `call` and `accept` are used where a function may wait. */
  readonly fast: boolean
  key: LuaValue
  value: LuaValue
  step(): boolean
  call(): unknown
  accept(result: unknown): boolean
  /** Value number `i` of the iteration, from 0. */
  at(i: number): LuaValue
}

/** Walks a table by itself: there is no function to call. */
abstract class TableWalk implements Iterator {
  readonly fast = true
  abstract key: LuaValue
  value: LuaValue = undefined
  protected readonly table: LuaTable
  constructor(table: LuaTable) {
    this.table = table
  }

  abstract step(): boolean

  call(): unknown {
    return undefined
  }
  accept(): boolean {
    return false
  }
  at(): LuaValue {
    return undefined
  }
}

class Pairs extends TableWalk {
  key: LuaValue = undefined
  private place = 0

  step(): boolean {
    const { array } = this.table
    while (this.place < array.length) {
      const value = array[this.place++]
      if (value === undefined) continue
      this.key = this.place
      this.value = value
      return true
    }
    return this.stepHash(array.length)
  }

  private stepHash(size: number): boolean {
    const { keys, values } = this.table
    for (let i = this.place - size; i < keys.length; i++) {
      const value = values[i]
      if (value === undefined) continue
      this.place = size + i + 1
      this.key = keys[i]
      this.value = value
      return true
    }
    return false
  }
}

class IndexPairs extends TableWalk {
  key = 0

  step(): boolean {
    const { array } = this.table
    if (this.key >= array.length) return false
    this.value = array[this.key]
    this.key++
    return this.value !== undefined
  }
}

class Calls implements Iterator {
  readonly fast = false
  key: LuaValue
  value: LuaValue = undefined
  private more: readonly LuaValue[] | undefined
  private readonly fn: LuaValue
  private readonly state: LuaValue
  constructor(fn: LuaValue, state: LuaValue, control: LuaValue) {
    this.fn = fn
    this.state = state
    this.key = control
  }

  step(): boolean {
    return this.accept(this.call())
  }

  call(): unknown {
    const { fn } = this
    return (typeof fn === 'function' ? fn : callable(fn))(this.state, this.key)
  }

  accept(result: unknown): boolean {
    if (Array.isArray(result)) {
      const values = all(result)
      this.more = values
      this.key = values[0]
      this.value = values[1]
    } else {
      this.key = first(finish(result))
      this.value = undefined
      this.more = undefined
    }
    return this.key !== undefined
  }

  at(i: number): LuaValue {
    return this.more?.[i]
  }
}

export function iterate(fn: LuaValue, state: LuaValue, control: LuaValue): Iterator {
  if (state instanceof LuaTable) {
    if (control === undefined && (fn === pairsStep || fn === nextFunction)) return new Pairs(state)
    if (control === 0 && fn === ipairsStep) return new IndexPairs(state)
  }
  return new Calls(fn, state, control)
}
