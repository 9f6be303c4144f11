/**
 * Loads plugin modules and lets them register: those handed over in code, then the files of the plugin folder.
 *
 * In: the root key `plugin`, modules, a registry. Out: a filled registry, KrakenD's log lines, and a fault for every file that
 * could not be loaded.
 */

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { PluginsConfig } from '../../config/types.js'
import type { Logger } from '../../telemetry/logger.js'
import type { PluginModule } from '../types.js'
import type { GuestServices } from '../wasm/guest-services.js'
import { guestName, importFault, importPlugin, isGuest } from './import-plugin.js'
import { findOpenToAll } from './open-to-all.js'
import { API_VERSION, exportOf, type PluginRegistry, SYMBOLS } from './registry.js'
import { installPluginResolver } from './resolve.js'

export interface LoadPluginsOptions {
  /** Root key `plugin`; undefined = no folder, and nothing is logged. */
  readonly sources: PluginsConfig | undefined
  /** The configuration names a plugin somewhere; without one an absent folder is only a warning. */
  readonly wanted: boolean
  readonly modules: readonly PluginModule[]
  readonly registry: PluginRegistry
  /** Takes the loader's lines; given to each plugin too. */
  readonly logger: Logger
  /** For WebAssembly modules. */
  readonly services: GuestServices
  /** Faults are ERROR lines and the rest goes on; otherwise they stop the start. */
  readonly skipFaults: boolean
}

/** A fault of a plugin file or module, with the key of the configuration that names it. */
export interface LoadFault {
  /** '' for modules that were handed over in code. */
  readonly pointer: '' | '/plugin/folder'
  readonly message: string
  /** What to do about it. */
  readonly suggestion?: string
  /** Default `error`. */
  readonly level?: 'warning'
}

/** Fills the registry and returns the faults. Those that are skipped have been logged. */
export async function loadPlugins(options: LoadPluginsOptions): Promise<readonly LoadFault[]> {
  const { sources, modules, logger, skipFaults, wanted, services } = options
  const handedOver: string[] = []
  const faults: string[] = []
  const absent: string[] = []
  if (modules.length > 0) {
    const files = modules.map((module, i) => ({ label: `plugins[${i}]`, name: `plugins[${i}]`, module }))
    await pass(checked(files, handedOver), options, handedOver, false)
  }
  const warnings: string[] = []
  if (sources?.folder !== undefined) {
    const { folder, pattern } = sources
    logger.debug('[SERVICE: Plugin Loader] Starting loading process')
    const names = await listFolder(folder, pattern, logger)
    if (typeof names === 'string') {
      if (wanted) absent.push(names)
      else warnings.push(names)
    } else {
      for (const open of await findOpenToAll([folder, ...names.map(name => path.join(folder, name))]))
        warnings.push(`${open} may be written by every user of this machine, whose code then runs in the gateway`)
      installPluginResolver()
      const files: PluginFile[] = []
      for (const name of names) files.push(await importFile(folder, name, services))
      await pass(checked(files, faults), options, faults, true)
    }
    logger.debug('[SERVICE: Plugin Loader] Loading process completed')
  }
  for (const warning of warnings) logger.warning('[SERVICE: Plugin Loader]', warning)
  if (skipFaults) for (const fault of [...handedOver, ...absent, ...faults]) logger.error('[SERVICE: Plugin Loader]', fault)
  return [
    ...handedOver.map(message => ({ pointer: '', message }) as const),
    ...absent.map(message => ({ pointer: '/plugin/folder', message, suggestion: PORTED }) as const),
    ...faults.map(message => ({ pointer: '/plugin/folder', message }) as const),
    ...warnings.map(message => ({ pointer: '/plugin/folder', message, level: 'warning' }) as const)
  ]
}

interface PluginFile {
  /** Folder and name, as logs print it. */
  readonly label: string
  /** Without extension: what KrakenD calls the plugin's name. */
  readonly name: string
  readonly module?: unknown
  /** Why it could not be imported. */
  readonly fault?: string
}

const LOADABLE = /\.[cm]?[jt]s$/
const DECLARATIONS = /\.d\.[cm]?ts$/

/** Names in ascending byte order, `x.so.wasm` in place of `x.so`; a text that says why the folder cannot be read. */
async function listFolder(folder: string, pattern: string, logger: Logger): Promise<string[] | string> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    const names = entries
      .filter(entry => !entry.isDirectory() && entry.name.includes(pattern))
      .map(entry => entry.name)
      .filter(name => name.endsWith('.so') || isGuest(name) || (LOADABLE.test(name) && !DECLARATIONS.test(name)))
    const compiled = new Set(names.filter(name => name.endsWith('.so.wasm')).map(name => name.slice(0, -'.wasm'.length)))
    return names.filter(name => !compiled.has(name)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  } catch (error) {
    const text = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : (error as Error).message
    for (const { tag } of SYMBOLS) logger.debug(`${tag} open ${folder}: ${text}`)
    return `the plugin folder ${folder} cannot be read: ${text}`
  }
}

async function importFile(folder: string, name: string, services: GuestServices): Promise<PluginFile> {
  const label = path.join(folder, name)
  const file = { label, name: isGuest(name) ? guestName(name) : name.slice(0, -path.extname(name).length) }
  if (name.endsWith('.so')) return { ...file, fault: GO_PLUGIN }
  try {
    return { ...file, module: await importPlugin(label, services) }
  } catch (error) {
    return { ...file, fault: importFault(error, name) }
  }
}

const PORTED =
  'create it and put your plugins there, written in JavaScript: `sluice plugin new NAME` begins one (docs/plugins.md)'

const GO_PLUGIN =
  'this is a Go plugin of KrakenD, compiled for one of its builds; port it to JavaScript against `sluice/plugin` (docs/plugins.md), or, with its source: `sluice plugin build DIR`; or take it out of the folder or the pattern'

/** Leaves out modules that speak another interface version or have none of the symbols. */
function checked(files: readonly PluginFile[], faults: string[]): readonly PluginFile[] {
  return files.map(file => {
    const fault = file.fault ?? moduleFault(file.module)
    if (fault === undefined) return file
    faults.push(`${file.label}: ${fault}`)
    return { label: file.label, name: file.name, fault }
  })
}

function moduleFault(module: unknown): string | undefined {
  try {
    const version = exportOf(module, 'apiVersion')
    if (version !== undefined && Number.parseInt(String(version), 10) !== API_VERSION) {
      return `the plugin is made for version ${String(version)} of the plugin interface, this gateway has version ${API_VERSION}`
    }
    if (SYMBOLS.some(({ symbol }) => exportOf(module, symbol) !== undefined)) return undefined
    return `the module exports none of ${SYMBOLS.map(({ symbol }) => symbol).join(', ')}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** One pass over all files per symbol. */
async function pass(files: readonly PluginFile[], options: LoadPluginsOptions, faults: string[], logged: boolean): Promise<void> {
  const { logger, registry } = options
  for (const entry of SYMBOLS) {
    const lines: string[] = []
    let loaded = 0
    for (const [index, file] of files.entries()) {
      let causes = file.fault === undefined ? [] : [file.fault]
      if (file.fault === undefined) {
        const value = exportOf(file.module, entry.symbol)
        if (value === undefined) {
          lines.push(`plugin #${index} (${file.label}): plugin: symbol ${entry.symbol} not found in plugin ${file.name}`)
          continue
        }
        try {
          causes = await registry.take(entry, value, file.label, logger)
          if (causes.length === 0) loaded++
        } catch (error) {
          causes = [error instanceof Error ? error.message : String(error)]
        }
        for (const cause of causes) faults.push(`${file.label}: ${cause}`)
      }
      for (const cause of causes) lines.push(`plugin #${index} (${file.label}): ${cause}`)
    }
    if (!logged) continue
    for (const line of lines) logger.debug(`${entry.tag} ${line}`)
    if (loaded > 0) logger.info(`${entry.tag} Total plugins loaded: ${loaded}`)
  }
}
