/** Looks at plugin files without a gateway: what they export, which names they register, what is wrong. */

import { stat } from 'node:fs/promises'
import path from 'node:path'
import { messageOf } from '../../errors.js'
import { silentLogger } from '../../telemetry/logger.js'
import { ABOUT, type GuestModule, type GuestServices } from '../wasm/guest-services.js'
import { importFault, importPlugin } from './import-plugin.js'
import { findPackage, isPath } from './packages.js'
import { API_VERSION, exportOf, type PluginKind, PluginRegistry, SYMBOLS } from './registry.js'

/** One symbol of a plugin file. */
export interface InspectedSymbol {
  readonly kind: PluginKind
  readonly symbol: string
  readonly names: readonly string[]
  /** What went wrong when it registered; undefined = nothing. */
  readonly fault: string | undefined
}

export interface InspectedPlugin {
  /** As it was asked for. */
  readonly file: string
  /** Where it stands. */
  readonly path: string
  /** Why it cannot be loaded at all; then there are no symbols. */
  readonly fault: string | undefined
  /** As exported; undefined = not declared, which counts as the gateway's own. */
  readonly apiVersion: unknown
  readonly compatible: boolean
  readonly symbols: readonly InspectedSymbol[]
  /** What a WebAssembly module says of itself. */
  readonly about: readonly string[]
}

/** Loads a file, or a package by its name or folder, as the gateway would, and lets each of its symbols register. Never throws. */
export async function inspectPlugin(file: string, services: GuestServices): Promise<InspectedPlugin> {
  const found = await fileOf(file)
  const full = 'file' in found ? found.file : file
  const failed = (fault: string): InspectedPlugin => ({
    ...{ file, path: full, fault, apiVersion: undefined, compatible: false, symbols: [], about: [] }
  })
  if ('fault' in found) return failed(found.fault)
  if (full.endsWith('.so')) return failed(GO_PLUGIN)
  try {
    const module = await importPlugin(full, services)
    const apiVersion = exportOf(module, 'apiVersion')
    const compatible = apiVersion === undefined || Number.parseInt(String(apiVersion), 10) === API_VERSION
    const symbols = await inspectSymbols(module, file)
    const about = (module as Partial<GuestModule>)[ABOUT] ?? []
    return { file, path: full, fault: undefined, apiVersion, compatible, symbols, about }
  } catch (error) {
    return failed(importFault(error, full))
  }
}

const GO_PLUGIN =
  'This is a Go plugin of KrakenD: compile its source with `sluice plugin build DIR`, or port it to JavaScript against sluice/plugin.'

/** A path is looked for first, then a package, from where the command runs. */
async function fileOf(named: string): Promise<{ readonly file: string } | { readonly fault: string }> {
  try {
    if ((await stat(named)).isFile()) return { file: named }
  } catch {
    const isName =
      !isPath(named) && /^(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*$/i.test(named) && !/\.(?:so|wasm|[cm]?[jt]s)$/.test(named)
    if (!isName) return { fault: `Unable to open the plugin ${named}.` }
    const found = await findPackage(named, process.cwd())
    return 'file' in found ? found : { fault: `Unable to open the plugin ${named}: ${found.fault}; ${found.suggestion}.` }
  }
  const found = await findPackage(path.resolve(named), process.cwd())
  return 'file' in found ? found : { fault: `${found.fault}; ${found.suggestion}` }
}

async function inspectSymbols(module: unknown, file: string): Promise<InspectedSymbol[]> {
  const found: InspectedSymbol[] = []
  for (const entry of SYMBOLS) {
    const value = exportOf(module, entry.symbol)
    if (value === undefined) continue
    const registry = new PluginRegistry()
    let fault: string | undefined
    try {
      const faults = await registry.take(entry, value, file, silentLogger)
      if (faults.length > 0) fault = faults.join('; ')
    } catch (error) {
      fault = messageOf(error)
    }
    const names = [...registry.handlers.keys(), ...registry.clients.keys(), ...registry.modifiers.keys()]
    if (fault === undefined && names.length === 0) fault = 'nothing is registered'
    found.push({ kind: entry.kind, symbol: entry.symbol, names, fault })
  }
  return found
}
