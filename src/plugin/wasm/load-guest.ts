/**
 * Loads a WebAssembly file: what it imports tells its kind. Reached by a lazy import, when a `.wasm` is met.
 *
 * In: a file, its name, what the gateway gives to modules. Out: a plugin module like any other, or an error that says what to do.
 */

import { readFile } from 'node:fs/promises'
import type { PluginModule } from '../types.js'
import { compileGuest, type GuestFile, type GuestKind } from './guest-kind.js'
import type { GuestServices } from './guest-services.js'

type LoadGuest = (guest: GuestFile, services: GuestServices) => Promise<PluginModule>

/** Each kind is imported when a file of it is met. */
const LOADERS: Readonly<Partial<Record<GuestKind, LoadGuest>>> = {
  go: async (guest, services) => (await import('./go-plugin.js')).loadGoModule(guest, services),
  'http-wasm': async (guest, services) => (await import('./http-module.js')).loadHttpGuest(guest, services)
}

/** @throws Error that says why the file is no plugin, and what to do */
export async function loadGuest(file: string, name: string, services: GuestServices): Promise<PluginModule> {
  const bytes = await readFile(file)
  const { kind, module } = await compileGuest(bytes)
  const load = LOADERS[kind]
  if (load === undefined) throw new Error(`WebAssembly modules of the kind ${kind} cannot be loaded`)
  return load({ file, name, bytes, module }, services)
}
