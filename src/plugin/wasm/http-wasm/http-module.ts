/** A guest of the http-wasm ABI (`http_handler`, version 1) as a plugin module: handler and client under the name of its file. */

import { Buffer } from 'node:buffer'
import path from 'node:path'
import type { Logger, LogLevel } from '../../../telemetry/logger.js'
import type { ExtraConfig, HandlerFactory, Needs, PluginContext } from '../../types.js'
import { isEmptyFunction, prepareBinary } from '../binary.js'
import type { GuestFile } from '../guest-kind.js'
import { ABOUT, type GuestModule, type GuestServices } from '../guest-services.js'
import { WebAssembly } from '../web-assembly.js'
import { countGuest } from './guest-counts.js'
import { GuestPool } from './guest-pool.js'
import { HttpGuest } from './http-guest.js'
import { HttpHandler } from './http-handler.js'
import { httpHandlerImports } from './http-host.js'

const HOST = 'http_handler'
const WASI = 'wasi_snapshot_preview1'

/** @throws Error that says why the module cannot run here */
export async function loadHttpGuest(guest: GuestFile, services: GuestServices): Promise<GuestModule> {
  const imports = WebAssembly.Module.imports(guest.module)
  const fault = importsFault(imports)
  if (fault !== undefined) throw new Error(fault)
  const prepared = prepareBinary(guest.bytes, services.maxMemory)
  if (prepared.memory > services.maxMemory) {
    throw new Error(
      `an instance begins with ${prepared.memory} bytes of memory and may have ${services.maxMemory}: raise "plugin": {"wasm": {"max_memory": …}}`
    )
  }
  const module = await WebAssembly.compile(prepared.bytes)
  const functions = imports.filter(({ kind }) => kind === 'function').length
  const names = new Set(imports.filter(one => one.module === HOST).map(one => one.name))
  const facts = {
    module,
    wasi: imports.filter(one => one.module === WASI).map(one => one.name),
    reads: names.has('read_body'),
    handlesResponses: !isEmptyFunction(guest.bytes, 'handle_response', functions)
  }
  const counts = countGuest(path.basename(guest.file), services)
  const factory: HandlerFactory = (context, extra, next) => {
    const log = logOf(context, services)
    const plan = { module: facts.module, wasi: facts.wasi, config: configOf(extra, guest.name), counts, ...log }
    const pool = new GuestPool(
      () => new HttpGuest(plan),
      gone => gone.gone()
    )
    pool.keep(new HttpGuest(plan)) // one that cannot start is a fault of the start
    const { reads, handlesResponses } = facts
    return new HttpHandler({ pool, counts, next, isBackend: context.scope === 'backend', reads, handlesResponses }).handle
  }
  const about = { needs: needsOf(names) }
  const holds = facts.reads ? 'bodies that it may read are held in memory' : 'bodies stream past it'
  return {
    [ABOUT]: [`http-wasm guest (${HOST} 1), ${prepared.memory / 1024} KiB of memory at the start; ${holds}`],
    HandlerRegisterer: { registerHandlers: register => register(guest.name, factory, about) },
    ClientRegisterer: { registerClients: register => register(guest.name, factory, about) }
  }
}

function needsOf(names: ReadonlySet<string>): Needs {
  if (names.has('read_body')) return 'body'
  return names.has('write_body') ? 'stream' : 'head'
}

/** What no host of http-wasm has. */
function importsFault(
  imports: readonly { readonly module: string; readonly name: string; readonly kind: string }[]
): string | undefined {
  const known = httpHandlerImports(() => {
    throw new Error('not running')
  })
  const lost = imports.filter(
    one => one.kind !== 'function' || (one.module === HOST ? !Object.hasOwn(known, one.name) : one.module !== WASI)
  )
  if (lost.length === 0) return undefined
  const list = lost.map(one => `${one.module}.${one.name}`).join(', ')
  return `the http-wasm guest imports ${list}, which no host has; it can import ${HOST} version 1 and ${WASI} (docs/plugins.md)`
}

/** The guest's own options as JSON; a text as it stands, none as nothing. */
function configOf(extra: ExtraConfig, name: string): Buffer {
  const own = extra[name]
  if (own === undefined) return Buffer.alloc(0)
  return Buffer.from(typeof own === 'string' ? own : JSON.stringify(own))
}

const METHODS: Readonly<Partial<Record<LogLevel, keyof Logger>>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warning',
  ERROR: 'error'
}

function logOf({ logger, name }: PluginContext, services: GuestServices): Pick<HttpGuest, 'logs' | 'log'> {
  return {
    logs: level => services.logger.enabled(level),
    log: (level, text) => logger[METHODS[level] ?? 'info'](`[PLUGIN: ${name}]`, text)
  }
}
