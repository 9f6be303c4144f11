/**
 * Loads a WebAssembly file: what it imports tells its kind. Reached by a lazy import, when a `.wasm` is met.
 *
 * In: a file, its name, what the gateway gives to modules. Out: a plugin module like any other, or an error that says what to do.
 */

import { readFile } from 'node:fs/promises'
import type { PluginModule } from '../types.js'
import { withMaximum } from './binary.js'
import { type CompiledGuest, compileGuest, type GuestFile, type GuestKind } from './guest-kind.js'
import type { GuestServices } from './guest-services.js'
import { spareTheStart } from './web-assembly.js'

type LoadGuest = (guest: GuestFile, services: GuestServices) => Promise<PluginModule>

/** Each kind is imported when a file of it is met. */
const LOADERS: Readonly<Partial<Record<GuestKind, LoadGuest>>> = {
  go: async (guest, services) => (await import('./go-host/go-plugin.js')).loadGoModule(guest, services),
  'http-wasm': async (guest, services) => (await import('./http-wasm/http-module.js')).loadHttpGuest(guest, services)
}

/** A file that was read and compiled, and is not started yet. */
export interface PreparedGuest extends CompiledGuest {
  readonly bytes: Buffer
}

/**
 * A Go module that has more than `max_memory` when it returns is replaced, and its requests may end. Within one turn it gets this many
 * times as much, then it is out of memory.
 */
const WITHIN_A_TURN = 2

/** Reads and compiles a file, in threads of V8. @throws Error that says why the file is no plugin, and what to do */
export async function prepareGuest(file: string, maxMemory: number): Promise<PreparedGuest> {
  spareTheStart()
  // what will run it is imported meanwhile
  if (file.endsWith('.so.wasm')) import('./go-host/go-plugin.js').catch(() => {})
  const bytes = withMaximum(await readFile(file), maxMemory * WITHIN_A_TURN)
  return { bytes, ...(await compileGuest(bytes)) }
}

/** @throws Error that says why the file is no plugin, and what to do */
export async function loadGuest(
  file: string,
  name: string,
  services: GuestServices,
  prepared: Promise<PreparedGuest> = prepareGuest(file, services.maxMemory)
): Promise<PluginModule> {
  const { bytes, kind, module } = await prepared
  const load = LOADERS[kind]
  if (load === undefined) throw new Error(`WebAssembly modules of the kind ${kind} cannot be loaded`)
  return load({ file, name, bytes, module }, services)
}
