/** Chunks that scripts make themselves, and modules. There are no files: `require` finds what is in `package`. */
import { callAll } from '../calls.js'
import { checkFunction, checkString, optString } from '../checks.js'
import { setCallerEnvironment } from '../environments.js'
import { raise } from '../errors.js'
import { indexS, setIndexS } from '../operations.js'
import { tostringPlain } from '../text.js'
import { type LuaFunction, type LuaResult, LuaTable, type LuaValue } from '../values.js'
import { charge } from '../vm.js'

export interface Loading {
  /** Compiles a chunk of the running script; a text tells why it cannot be. */
  load(text: string, chunkName: string): LuaFunction | string
  globals(): LuaTable
}

/** Longest text that a script may compile. */
const MAX_CHUNK = 16384
/** Steps for compiling anything, besides those for each byte. */
const COMPILING = 4000

export function loadingFunctions(loading: Loading): Record<string, LuaFunction> {
  const load = (text: string, name: string): LuaResult => {
    if (text.length > MAX_CHUNK) return [undefined, `${name}: chunk has more than ${MAX_CHUNK} bytes`]
    charge(COMPILING + 4 * text.length)
    const fn = loading.load(text, name)
    return typeof fn === 'string' ? [undefined, fn] : fn
  }
  return {
    loadstring: (text: LuaValue, name: LuaValue) => load(checkString(text, 1), optString(name, 2, '<string>')),
    load(reader: LuaValue, name: LuaValue) {
      const fn = checkFunction(reader, 1)
      const chunkName = optString(name, 2, '?')
      const parts: string[] = []
      let size = 0
      for (;;) {
        const [piece] = callAll(fn, [])
        if (piece === undefined || piece === '') break
        if (typeof piece !== 'string' && typeof piece !== 'number') return [undefined, 'reader function must return a string']
        parts.push(tostringPlain(piece))
        size += parts.at(-1)!.length
        if (size > MAX_CHUNK) break
      }
      return load(parts.join(''), chunkName)
    },
    require: (name: LuaValue) => required(loading.globals(), checkString(name, 1)),
    module(...args: LuaValue[]) {
      const name = checkString(args[0], 1)
      const module = moduleTable(loading.globals(), name)
      setCallerEnvironment(module)
      for (const option of args.slice(1)) callAll(option, [module])
      return module
    }
  }
}

function packageTable(globals: LuaTable, name: string): LuaTable {
  const table = indexS(indexS(globals, 'package'), name)
  return table instanceof LuaTable ? table : raise(`package.${name} must be a table`)
}

function required(globals: LuaTable, name: string): LuaValue {
  const loaded = packageTable(globals, 'loaded')
  const known = indexS(loaded, name)
  if (known !== undefined && known !== false) return known
  const loader = indexS(packageTable(globals, 'preload'), name)
  if (typeof loader !== 'function') {
    const path = name.replaceAll('.', '/')
    const places = [`./${path}.lua`, `/usr/local/share/lua/5.1/${path}.lua`, `/usr/local/share/lua/5.1/${path}/init.lua`]
    const tried = [`no field package.preload['${name}']`, ...places.map(place => `stat ${place}: no such file or directory`)]
    raise(`module ${name} not found:\n\t${tried.join('\n\t')}, `)
  }
  const [value] = callAll(loader, [name])
  if (value !== undefined) setIndexS(loaded, name, value)
  else if (indexS(loaded, name) === undefined) setIndexS(loaded, name, true)
  return indexS(loaded, name)
}

/** The table of a module: the loaded one, or a global made along the dots of the name. */
function moduleTable(globals: LuaTable, name: string): LuaTable {
  const loaded = packageTable(globals, 'loaded')
  let table = indexS(loaded, name)
  if (!(table instanceof LuaTable)) {
    let at = globals
    for (const part of name.split('.')) {
      const inner = at.getString(part)
      if (inner !== undefined && !(inner instanceof LuaTable)) raise(`name conflict for module: ${name}`)
      const next = inner ?? new LuaTable()
      if (inner === undefined) at.set(part, next)
      at = next
    }
    table = at
    setIndexS(loaded, name, table)
  }
  if (indexS(table, '_NAME') === undefined) {
    setIndexS(table, '_M', table)
    setIndexS(table, '_NAME', name)
    setIndexS(table, '_PACKAGE', name.includes('.') ? name.slice(0, name.lastIndexOf('.') + 1) : '')
  }
  return table as LuaTable
}
