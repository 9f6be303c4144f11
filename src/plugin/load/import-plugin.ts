/** Loads plugin files. */

import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { GuestServices } from '../wasm/guest-services.js'
import type { PreparedGuest } from '../wasm/load-guest.js'
import { noteCode } from './code-prints.js'
import { installPluginResolver } from './resolve.js'

/** What Node says of a file that is no module: JSON by the names of Node 20 and later, then others. */
const OTHER_FILES = new Set(['ERR_IMPORT_ASSERTION_TYPE_MISSING', 'ERR_IMPORT_ATTRIBUTE_MISSING', 'ERR_UNKNOWN_FILE_EXTENSION'])

const GUEST = /(?:\.so)?\.wasm$/

/** Says of a file's name whether it is a WebAssembly module. */
export const isGuest = (name: string): boolean => name.endsWith('.wasm')

/** Returns the name of a WebAssembly module without folder and extensions: `x` of `x.so.wasm` and of `x.wasm`. */
export const guestName = (file: string): string => path.basename(file).replace(GUEST, '')

/** Begins to compile a WebAssembly module, while others start; undefined for other files. Failures are told by {@link importPlugin}. */
export function compileAhead(file: string | undefined, { maxMemory }: GuestServices): Promise<PreparedGuest> | undefined {
  if (file === undefined || !isGuest(file)) return undefined
  const prepared = import('../wasm/load-guest.js').then(({ prepareGuest }) => prepareGuest(file, maxMemory))
  prepared.catch(() => {})
  return prepared
}

/** Imports a plugin's module. Its failures: {@link importFault}. */
export async function importPlugin(file: string, services: GuestServices, prepared?: Promise<PreparedGuest>): Promise<unknown> {
  if (!isGuest(file)) {
    // where Node has no hooks in this thread, it starts another one
    installPluginResolver()
    const absolute = path.resolve(file)
    await noteCode(absolute)
    return import(pathToFileURL(absolute).href)
  }
  const { loadGuest } = await import('../wasm/load-guest.js')
  return loadGuest(file, guestName(file), services, prepared)
}

/** Says in one line why a file could not be imported, and what to do where that can be known. */
export function importFault(error: unknown, file: string): string {
  const code = (error as { code?: unknown } | null)?.code
  const typescript = code === 'ERR_UNKNOWN_FILE_EXTENSION' || code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING')
    return 'Node loads TypeScript only outside of node_modules: a package names a compiled .js file in its "exports"'
  if (typescript && /\.[cm]?ts$/.test(file)) return `${typescriptFault(code)}: compile the plugin and name its .js file`
  if (isGuest(file) && error instanceof Error) return error.message
  if (OTHER_FILES.has(String(code)))
    return 'this is no plugin: one is a JavaScript module (.js, .mjs, .cjs) or a WebAssembly module (.wasm)'
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

function typescriptFault(code: string): string {
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return 'Node only strips types, and this file has TypeScript that is more than types'
  return `this Node (${process.version}) cannot load TypeScript, Node 22.18 and later can`
}
