/** Looks at plugin files without a gateway: what they export, which names they register, what is wrong. */

import { access } from 'node:fs/promises'
import { silentLogger } from '../../telemetry/logger.js'
import type { GuestServices } from '../wasm/guest-services.js'
import { importFault, importPlugin } from './import-plugin.js'
import { API_VERSION, exportOf, type PluginKind, PluginRegistry, SYMBOLS } from './registry.js'
import { installPluginResolver } from './resolve.js'

/** One symbol of a plugin file. */
export interface InspectedSymbol {
  readonly kind: PluginKind
  readonly symbol: string
  readonly names: readonly string[]
  /** What went wrong when it registered; undefined = nothing. */
  readonly fault: string | undefined
}

export interface InspectedPlugin {
  readonly file: string
  /** Why it cannot be loaded at all; then there are no symbols. */
  readonly fault: string | undefined
  /** As exported; undefined = not declared, which counts as the gateway's own. */
  readonly apiVersion: unknown
  readonly compatible: boolean
  readonly symbols: readonly InspectedSymbol[]
}

/** Loads a file as the gateway would and lets each of its symbols register. Never throws. */
export async function inspectPlugin(file: string, services: GuestServices): Promise<InspectedPlugin> {
  const failed = (fault: string): InspectedPlugin => ({ file, fault, apiVersion: undefined, compatible: false, symbols: [] })
  try {
    await access(file)
  } catch {
    return failed(`Unable to open the plugin ${file}.`)
  }
  if (file.endsWith('.so')) return failed('This is a Go plugin of KrakenD; port it to JavaScript against sluice/plugin.')
  installPluginResolver()
  try {
    const module = await importPlugin(file, services)
    const apiVersion = exportOf(module, 'apiVersion')
    const compatible = apiVersion === undefined || Number.parseInt(String(apiVersion), 10) === API_VERSION
    return { file, fault: undefined, apiVersion, compatible, symbols: await inspectSymbols(module, file) }
  } catch (error) {
    return failed(importFault(error, file))
  }
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
      fault = error instanceof Error ? error.message : String(error)
    }
    const names = [...registry.handlers.keys(), ...registry.clients.keys(), ...registry.modifiers.keys()]
    if (fault === undefined && names.length === 0) fault = 'nothing is registered'
    found.push({ kind: entry.kind, symbol: entry.symbol, names, fault })
  }
  return found
}
