/** The tables of one run: its globals, and its own copies of tables that all runs share, where it may write into them. */
import type { Variant } from './program.js'
import { LuaTable, type LuaValue } from './values.js'

export class RunTables {
  readonly globals: LuaTable
  private readonly reachesMetatables: boolean
  private forks: Map<LuaTable, LuaTable> | undefined

  /** `reachesMetatables`: the script can write into tables that its text does not name. */
  constructor({ globals, forks, self }: Variant, reachesMetatables: boolean) {
    this.reachesMetatables = reachesMetatables
    const table = new LuaTable([], globals.keys, globals.values.slice())
    table.index = globals.index
    table.shareKeys()
    for (const at of forks) table.values[at] = this.fork(table.values[at] as LuaTable)
    if (self >= 0) table.values[self] = table
    this.globals = table
  }

  /** A shared table itself when the script cannot reach it to write, else the copy of this run. */
  own(table: LuaTable): LuaTable {
    return this.forks?.get(table) ?? (this.reachesMetatables ? this.fork(table) : table)
  }

  private fork(table: LuaTable): LuaTable {
    const known = this.forks?.get(table)
    if (known !== undefined) return known
    this.forks ??= new Map()
    const copy = table.fork()
    this.forks.set(table, copy)
    if (copy.values.some(isTable)) copy.setValues(copy.values.map(value => this.forked(value)))
    if (copy.array.some(isTable)) copy.array = copy.array.map(value => this.forked(value))
    if (copy.metatable !== undefined) copy.metatable = this.fork(copy.metatable)
    return copy
  }

  private forked(value: LuaValue): LuaValue {
    return value instanceof LuaTable ? this.fork(value) : value
  }
}

const isTable = (value: LuaValue): boolean => value instanceof LuaTable
