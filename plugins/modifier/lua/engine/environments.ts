/** `setfenv`, `getfenv` and `module`. Only programs that name them keep an environment for each function. */
import { checkTable } from './checks.js'
import { raise } from './errors.js'
import { type LuaFunction, type LuaTable, type LuaValue, NOTHING } from './values.js'
import { type Environments, vm } from './vm.js'

interface Cell {
  t: unknown
}

const cells = new WeakMap<LuaFunction, Cell>()

/** Makes a function with a cell for its environment, which begins as that of the function around. */
export function scope(environment: unknown, make: (cell: Cell) => LuaFunction): LuaFunction {
  const cell = { t: environment }
  const fn = make(cell)
  cells.set(fn, cell)
  vm.memory -= 384
  return fn
}

/** The cell of the function at a level: 1 is the one that runs. */
function cellAt(level: number): Cell | undefined {
  let at: Environments | undefined = vm.env
  for (let i = 1; i < level && at !== undefined; i++) at = at.up
  return at?.cell
}

export function environmentFunctions(globals: () => LuaTable): Record<string, LuaFunction> {
  return {
    getfenv(...args: LuaValue[]) {
      const value = args.length === 0 ? 1 : args[0]
      if (typeof value === 'function') return (cells.get(value)?.t as LuaTable | undefined) ?? globals()
      if (typeof value !== 'number' || value < 1) return globals()
      return (cellAt(Math.trunc(value))?.t as LuaTable | undefined) ?? globals()
    },
    setfenv(...args: LuaValue[]) {
      const [value] = args
      const environment = checkTable(args[1], 2)
      const cell =
        typeof value === 'function' ? cells.get(value) : typeof value === 'number' ? cellAt(Math.trunc(value)) : undefined
      if (cell === undefined || (typeof value === 'number' && value < 1)) raise('cannot change the environment of given object')
      cell.t = environment
      return typeof value === 'function' ? value : NOTHING
    }
  }
}

/** Sets the environment of the function that runs. */
export function setCallerEnvironment(environment: LuaTable): void {
  if (vm.env === undefined) raise('module() can not be called from GFunctions.')
  vm.env.cell.t = environment
}
