/** The files that a configuration loads plugins from: those of its folder, and packages by name. */

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { readFault } from '../../files/read-fault.js'
import type { GuestServices } from '../wasm/guest-services.js'
import { compileAhead, guestName, importFault, importPlugin, isGuest } from './import-plugin.js'
import { findPackage } from './packages.js'

/** The key of the configuration that names a plugin; '' for modules that were handed over in code. */
export type SourcePointer = '' | '/plugin/folder' | '/plugin/modules' | `/plugin/modules/${number}`

/** A file, imported, or what is wrong with it. */
export interface PluginFile {
  /** Folder and name, or the package, as logs print it. */
  readonly label: string
  /** Without extension: what KrakenD calls the plugin's name. */
  readonly name: string
  readonly pointer: SourcePointer
  readonly path?: string
  readonly module?: unknown
  /** Why it could not be imported, and what to do. */
  readonly fault?: string
  readonly suggestion?: string
}

const LOADABLE = /\.[cm]?[jt]s$/
const DECLARATIONS = /\.d\.[cm]?ts$/

/** Names in ascending byte order, `x.so.wasm` in place of `x.so`; a text that says why the folder cannot be read. */
export async function listFolder(folder: string, pattern: string): Promise<string[] | string> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    const names = entries
      .filter(entry => !entry.isDirectory() && entry.name.includes(pattern))
      .map(entry => entry.name)
      .filter(name => name.endsWith('.so') || isGuest(name) || (LOADABLE.test(name) && !DECLARATIONS.test(name)))
    const compiled = new Set(names.filter(name => name.endsWith('.so.wasm')).map(name => name.slice(0, -'.wasm'.length)))
    return names.filter(name => !compiled.has(name)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  } catch (error) {
    return readFault(error)
  }
}

/** WebAssembly modules that are compiled at a time, in threads, while the one before them starts. Each needs twice its size in memory. */
const COMPILED_AHEAD = 3

/** Imports files of a folder, one after the other, in their order. */
export async function readFolder(folder: string, names: readonly string[], services: GuestServices): Promise<PluginFile[]> {
  const files: PluginFile[] = []
  const paths = names.map(name => path.join(folder, name))
  const ahead = paths.slice(0, COMPILED_AHEAD).map(file => compileAhead(file, services))
  for (const [index, full] of paths.entries()) {
    const prepared = ahead.shift()
    await prepared?.catch(() => {})
    ahead.push(compileAhead(paths[index + COMPILED_AHEAD], services))
    files.push(await readFile(full, { label: full, pointer: '/plugin/folder' }, { services, prepared }))
  }
  return files
}

/** Imports packages, one after the other. */
export async function packageFiles(
  names: readonly string[],
  { base, services }: { readonly base: string; readonly services: GuestServices }
): Promise<PluginFile[]> {
  const files: PluginFile[] = []
  for (const [index, name] of names.entries()) {
    const place = { label: name, pointer: `/plugin/modules/${index}` } as const
    const found = await findPackage(name, base)
    files.push('file' in found ? await readFile(found.file, place, { services }) : { ...place, name, ...found })
  }
  return files
}

async function readFile(
  full: string,
  place: Pick<PluginFile, 'label' | 'pointer'>,
  { services, prepared }: { readonly services: GuestServices; readonly prepared?: ReturnType<typeof compileAhead> }
): Promise<PluginFile> {
  const base = path.basename(full)
  const name = isGuest(base) ? guestName(base) : base.slice(0, -path.extname(base).length)
  const file = { ...place, name, path: full }
  if (base.endsWith('.so')) return { ...file, fault: GO_PLUGIN }
  try {
    return { ...file, module: await importPlugin(full, services, prepared) }
  } catch (error) {
    return { ...file, fault: importFault(error, base) }
  }
}

const GO_PLUGIN =
  'this is a Go plugin of KrakenD, compiled for one of its builds; compile its source once with `sluice plugin build DIR` (docs/go-plugins.md), port it to JavaScript (docs/plugins.md), or take it out of the folder or the pattern'
