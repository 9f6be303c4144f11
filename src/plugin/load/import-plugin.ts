/** Loads plugin files. */

import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** Imports a plugin's module. Its failures: {@link importFault}. */
export function importPlugin(file: string): Promise<unknown> {
  return import(pathToFileURL(path.resolve(file)).href)
}

/** Says in one line why a file could not be imported, and what to do where that can be known. */
export function importFault(error: unknown, file: string): string {
  const code = (error as { code?: unknown } | null)?.code
  const typescript = code === 'ERR_UNKNOWN_FILE_EXTENSION' || code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
  if (typescript && /\.[cm]?ts$/.test(file)) return `${typescriptFault(code)}: compile the plugin and name its .js file`
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

function typescriptFault(code: string): string {
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return 'Node only strips types, and this file has TypeScript that is more than types'
  return `this Node (${process.version}) cannot load TypeScript, Node 22.18 and later can`
}
