/** What plugin modules have registered, by name and kind. */

import type { Logger } from '../../telemetry/logger.js'
import { isNeeds } from '../run/needs.js'
import type { About, HandlerFactory, ModifierFactory, Needs } from '../types.js'

export type PluginKind = 'client' | 'handler' | 'modifier'

/** The interface version that this gateway speaks. */
export const API_VERSION = 1

/** Begins the names of the plugins that come with the gateway; no other plugin may take one. */
export const RESERVED_PREFIX = 'sluice-'

/** One registered name. */
export interface Registered<F> {
  readonly name: string
  readonly factory: F
  /** The file it came from, or how it was handed over. */
  readonly file: string
  readonly needs: Needs | undefined
  /** Modifiers: the directions that were declared; undefined = whatever the modifier has. */
  readonly request: boolean | undefined
  readonly response: boolean | undefined
  /** What `sluice pipes` says of it, at the moment. */
  readonly note: (() => string) | undefined
}

/** What a registration may say. */
interface Told extends About {
  readonly request?: boolean
  readonly response?: boolean
  /** Of plugins that the gateway makes of other files. */
  readonly note?: () => string
}

/** The three symbols in the order in which modules are asked for them. */
export const SYMBOLS = [
  {
    kind: 'client',
    symbol: 'ClientRegisterer',
    method: 'registerClients',
    tag: '[SERVICE: Executor Plugin]',
    wrongType: 'http-request-executor plugin loader: unknown type'
  },
  {
    kind: 'handler',
    symbol: 'HandlerRegisterer',
    method: 'registerHandlers',
    tag: '[SERVICE: Handler Plugin]',
    wrongType: 'http-server-handler plugin loader: unknown type'
  },
  {
    kind: 'modifier',
    symbol: 'ModifierRegisterer',
    method: 'registerModifiers',
    tag: '[SERVICE: Modifier Plugin]',
    wrongType: 'modifier plugin loader: unknown type'
  }
] as const

/** Namespaces whose `name` lists plugins. */
export const PLUGIN_NAMESPACES: readonly string[] = ['plugin/http-server', 'plugin/http-client', 'plugin/req-resp-modifier']

export type SymbolEntry = (typeof SYMBOLS)[number]

/** Reads an export of a module; CommonJS and default exports count. A throwing getter throws. */
export function exportOf(module: unknown, name: string): unknown {
  if (typeof module !== 'object' || module === null) return undefined
  const own = (module as Record<string, unknown>)[name]
  if (own !== undefined) return own
  const inner = (module as { default?: unknown }).default
  return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined
}

/** All registrations of one gateway. */
export class PluginRegistry {
  readonly handlers = new Map<string, Registered<HandlerFactory>>()
  readonly clients = new Map<string, Registered<HandlerFactory>>()
  readonly modifiers = new Map<string, Registered<ModifierFactory>>()

  /**
   * Calls one symbol of a module.
   * @param shipped the module comes with the gateway: it may use names that begin with {@link RESERVED_PREFIX}
   * @returns faults of single registrations, each with the name
   * @throws what the plugin throws; Error for a symbol of the wrong type
   */
  async take(entry: SymbolEntry, value: unknown, file: string, logger: Logger, shipped = false): Promise<string[]> {
    const plugin = value as Record<string, unknown>
    if (typeof value !== 'object' || value === null || typeof plugin[entry.method] !== 'function') {
      throw new Error(`${entry.wrongType}: ${entry.symbol} has no function ${entry.method}`)
    }
    const faults: string[] = []
    if (typeof plugin.registerLogger === 'function') plugin.registerLogger(logger)
    const register = (name: unknown, factory: unknown, about?: Told): void => {
      const reserved = !shipped && typeof name === 'string' && name.startsWith(RESERVED_PREFIX)
      const fault = reserved
        ? `plugin '${name}': names that begin with '${RESERVED_PREFIX}' are reserved for plugins that come with the gateway; choose another one`
        : this.add(entry.kind, name, factory, about ?? {}, file)
      if (fault !== undefined) faults.push(fault)
    }
    await (plugin[entry.method] as (register: unknown) => unknown)(register)
    return faults
  }

  private add(kind: PluginKind, name: unknown, factory: unknown, about: Told, file: string): string | undefined {
    if (typeof name !== 'string' || name === '') return `a ${kind} plugin is registered without a name`
    if (typeof factory !== 'function') return `plugin '${name}': the ${kind} factory is not a function`
    const map = this.mapOf(kind)
    const known = map.get(name)
    if (known !== undefined) return `plugin '${name}': the name is registered twice as a ${kind} plugin, first by ${known.file}`
    const { needs, request, response, note } = about
    if (needs !== undefined && !isNeeds(needs)) {
      return `plugin '${name}': needs is 'head', 'stream', 'body' or 'data', not ${JSON.stringify(needs)}`
    }
    map.set(name, { name, factory: factory as never, file, needs, request, response, note })
    return undefined
  }

  private mapOf(kind: PluginKind): Map<string, Registered<never>> {
    const map = kind === 'handler' ? this.handlers : kind === 'client' ? this.clients : this.modifiers
    return map as Map<string, Registered<never>>
  }
}
