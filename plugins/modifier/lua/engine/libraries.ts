/** The globals that scripts begin with, made once; a run gets copies of those that its program names. */
import { environmentFunctions } from './environments.js'
import { hostFunction } from './host.js'
import { base } from './lib/base.js'
import { coroutine } from './lib/coroutine.js'
import { loadingFunctions } from './lib/loading.js'
import { math } from './lib/math.js'
import { string } from './lib/string.js'
import { debug, io, os, packageFunctions } from './lib/system.js'
import { table } from './lib/table.js'
import { runningScript } from './running.js'
import { type LuaFunction, LuaTable, type LuaValue, NOTHING } from './values.js'

/** Which libraries scripts see: base, `package` and `table`, or all of them (`allow_open_libs`). */
export type LuaLibraries = 'closed' | 'open'

function library(functions: Record<string, LuaFunction>): LuaTable {
  const result = new LuaTable()
  for (const [name, fn] of Object.entries(functions)) result.set(name, hostFunction(name, fn))
  return result
}

/** Puts the library `package` among those of a script, with what `require` finds: the libraries themselves. */
function withPackage(libraries: Map<string, LuaValue>): Map<string, LuaValue> {
  const result = library(packageFunctions)
  const loaded = new LuaTable()
  for (const [name, value] of libraries) if (value instanceof LuaTable) loaded.set(name, value)
  result.set('preload', new LuaTable())
  result.set('loaded', loaded)
  result.set('loaders', new LuaTable())
  result.set('path', './?.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua')
  result.set('cpath', '')
  result.set('config', '/\n;\n?\n!\n-\n')
  return libraries.set('package', result)
}

function mathLibrary(): LuaTable {
  const result = library(math)
  result.set('pi', Math.PI)
  result.set('huge', Number.MAX_VALUE)
  return result
}

function stringLibrary(): LuaTable {
  const result = library(string)
  result.set('__index', result)
  return result
}

const named = (functions: Record<string, LuaFunction>): [string, LuaValue][] =>
  Object.entries(functions).map(([name, fn]) => [name, hostFunction(name, fn)])

/** Writes what `print` has to say. */
const print = hostFunction('print', (...args: LuaValue[]) => {
  const parts = args.map(value => {
    const text = base.tostring!(value)
    return typeof text === 'string' ? text : String(text)
  })
  runningScript().print(`${parts.join('\t')}\n`)
  return NOTHING
})

const alwaysThere: readonly [string, LuaValue][] = [
  ...named(base),
  ...named(environmentFunctions(() => runningScript().globals)),
  ...named(loadingFunctions({ load: (text, name) => runningScript().load(text, name), globals: () => runningScript().globals })),
  ['print', print],
  ['_VERSION', 'Lua 5.1'],
  ['_GOPHER_LUA_VERSION', 'GopherLua 0.1'],
  ['table', library(table)]
]
const closed = withPackage(new Map(alwaysThere))

/** The library of strings; with open libraries also the metatable of all strings. */
export const stringTable = stringLibrary()

const open = withPackage(
  new Map<string, LuaValue>([
    ...alwaysThere,
    ['string', stringTable],
    ['math', mathLibrary()],
    ['os', library(os)],
    ['io', library(io)],
    ['debug', library(debug)],
    ['coroutine', library(coroutine)]
  ])
)

export function librariesFor(which: LuaLibraries): ReadonlyMap<string, LuaValue> {
  return which === 'open' ? open : closed
}
