/**
 * Loads plugin modules and lets them register: those handed over in code, then the files of the plugin folder and named packages.
 *
 * In: the root key `plugin`, modules, a registry. Out: a filled registry, KrakenD's log lines, and a fault for every file that
 * could not be loaded.
 */

import type { PluginsConfig } from '../../config/types.js'
import { messageOf } from '../../errors.js'
import type { Logger } from '../../telemetry/logger.js'
import type { PluginModule } from '../types.js'
import type { GuestServices } from '../wasm/guest-services.js'
import { findOpenToAll } from './open-to-all.js'
import { API_VERSION, exportOf, type PluginRegistry, SYMBOLS } from './registry.js'
import { listFolder, type PluginFile, packageFiles, readFolder, type SourcePointer } from './source-files.js'

export interface LoadPluginsOptions {
  /** Root key `plugin`; undefined = no folder, and nothing is logged. */
  readonly sources: PluginsConfig | undefined
  /** The folder of the configuration: packages are looked for from there. */
  readonly base: string
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
  readonly pointer: SourcePointer
  readonly message: string
  /** What to do about it. */
  readonly suggestion?: string
  /** Default `error`. */
  readonly level?: 'warning'
}

/** Fills the registry and returns the faults. Those that are skipped have been logged. */
export async function loadPlugins(options: LoadPluginsOptions): Promise<readonly LoadFault[]> {
  const { sources, modules, logger, skipFaults } = options
  const faults: LoadFault[] = []
  if (modules.length > 0) {
    const files = modules.map((module, i) => ({ label: `plugins[${i}]`, name: `plugins[${i}]`, pointer: '' as const, module }))
    await pass(checked(files, faults), options, faults, false)
  }
  if (sources !== undefined) {
    logger.debug('[SERVICE: Plugin Loader] Starting loading process')
    const files = [...(await folderFiles(options, sources, faults)), ...(await packageFiles(sources.modules, options))]
    const paths = files.flatMap(file => file.path ?? [])
    for (const open of await findOpenToAll(sources.folder === undefined ? paths : [sources.folder, ...paths])) {
      const message = `${open} may be written by every user of this machine, whose code then runs in the gateway`
      faults.push({ pointer: sources.folder === undefined ? '/plugin/modules' : '/plugin/folder', message, level: 'warning' })
    }
    await pass(checked(files, faults), options, faults, true)
    logger.debug('[SERVICE: Plugin Loader] Loading process completed')
  }
  for (const { level, message } of faults) {
    if (level === 'warning') logger.warning('[SERVICE: Plugin Loader]', message)
    else if (skipFaults) logger.error('[SERVICE: Plugin Loader]', message)
  }
  return faults
}

async function folderFiles(
  { logger, services, wanted }: LoadPluginsOptions,
  { folder, pattern }: PluginsConfig,
  faults: LoadFault[]
): Promise<PluginFile[]> {
  if (folder === undefined) return []
  const names = await listFolder(folder, pattern)
  if (Array.isArray(names)) return readFolder(folder, names, services)
  for (const { tag } of SYMBOLS) logger.debug(`${tag} open ${folder}: ${names}`)
  const message = `the plugin folder ${folder} cannot be read: ${names}`
  faults.push({ pointer: '/plugin/folder', message, ...(wanted ? { suggestion: PORTED } : { level: 'warning' }) })
  return []
}

const PORTED =
  'create it, or name another one; `sluice plugin build DIR` compiles Go plugins into it (docs/go-plugins.md), `sluice plugin new NAME` begins one in JavaScript (docs/plugins.md)'

/** Leaves out modules that speak another interface version or have none of the symbols. */
function checked(files: readonly PluginFile[], faults: LoadFault[]): readonly PluginFile[] {
  return files.map(file => {
    const fault = file.fault ?? moduleFault(file.module)
    if (fault === undefined) return file
    const { label, name, pointer, suggestion } = file
    faults.push({ pointer, message: `${label}: ${fault}`, ...(suggestion === undefined ? {} : { suggestion }) })
    return { label, name, pointer, fault }
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
    return messageOf(error)
  }
}

/** One pass over all files per symbol. */
async function pass(
  files: readonly PluginFile[],
  options: LoadPluginsOptions,
  faults: LoadFault[],
  logged: boolean
): Promise<void> {
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
          causes = [messageOf(error)]
        }
        for (const cause of causes) faults.push({ pointer: file.pointer, message: `${file.label}: ${cause}` })
      }
      for (const cause of causes) lines.push(`plugin #${index} (${file.label}): ${cause}`)
    }
    if (!logged) continue
    for (const line of lines) logger.debug(`${entry.tag} ${line}`)
    if (loaded > 0) logger.info(`${entry.tag} Total plugins loaded: ${loaded}`)
  }
}
