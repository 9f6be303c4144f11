/** The components and plugins that come with the product: found beside the code, loaded by their list, never imported by `src`. */

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ServiceConfig } from '../../config/types.js'
import { ConfigError, type ConfigProblem } from '../../errors.js'
import type { Logger } from '../../telemetry/logger.js'
import type { Component } from '../component.js'
import type { PluginModule } from '../types.js'
import { exportOf, PLUGIN_NAMESPACES, type PluginRegistry, RESERVED_PREFIX, SYMBOLS } from './registry.js'

/** A component's place in the table of namespaces that the configuration is checked against. */
export interface ComponentNamespace {
  readonly namespace: string
  readonly scopes: readonly ('service' | 'endpoint' | 'backend')[]
  readonly schema: object
  readonly aliases?: readonly string[]
  readonly guard?: boolean
  readonly caseless?: boolean
  readonly lacks?: string
}

/** Components by namespace. */
export type ComponentRegistry = ReadonlyMap<string, Component>

/** A plugin that needs no folder. Its name begins with `sluice-`. */
export interface ShippedPlugin {
  readonly name: string
  /** Called when a configuration names it. */
  load(): Promise<PluginModule>
}

/** A component that comes with the product. */
interface ShippedComponent {
  readonly namespace: string
  load(): Promise<{ readonly default: Component }>
}

/** Components that are loaded. */
export interface LoadedComponents {
  readonly registry: ComponentRegistry
  readonly namespaces: readonly ComponentNamespace[]
}

/** `src/plugin/load/shipped.ts` → `plugins/index.ts`; `dist/plugin/load/shipped.js` → `dist/plugins/index.js`. */
const LIST = import.meta.url.endsWith('.ts')
  ? new URL('../../../plugins/index.ts', import.meta.url)
  : new URL('../../plugins/index.js', import.meta.url)

/** What `plugins/index.ts` exports. */
interface ShippedList {
  readonly components: readonly ShippedComponent[]
  readonly shippedPlugins: readonly ShippedPlugin[]
}

/** Empty where the gateway comes without components. */
async function shippedList(): Promise<ShippedList> {
  if (!existsSync(fileURLToPath(LIST))) return { components: [], shippedPlugins: [] }
  return (await import(LIST.href)) as ShippedList
}

/** The components that configurations may name: the shipped ones, which are loaded when one names them, and those of the code. */
export class Components {
  readonly namespaces: ReadonlySet<string>
  private readonly shipped: readonly ShippedComponent[]
  private readonly own: readonly Component[]

  constructor(shipped: readonly ShippedComponent[], own: readonly Component[]) {
    this.namespaces = new Set(shipped.map(({ namespace }) => namespace))
    this.shipped = shipped
    this.own = own
  }

  /** Loads the shipped components of some namespaces; those of the code are always there. */
  async load(named: ReadonlySet<string>): Promise<LoadedComponents> {
    const wanted = this.shipped.filter(({ namespace }) => named.has(namespace))
    const modules = await Promise.all(wanted.map(component => component.load()))
    return tableOf([...modules.map(module => module.default), ...this.own])
  }
}

/** Loads all shipped components. */
export async function loadComponents(): Promise<LoadedComponents> {
  const components = await findComponents([], [])
  return components.load(components.namespaces)
}

/**
 * Finds the shipped components, and puts those that code hands over behind them.
 * @param core namespaces that the gateway reads by itself
 * @throws ConfigError when a namespace is taken
 */
export async function findComponents(
  own: readonly Component[],
  core: readonly { readonly namespace: string }[]
): Promise<Components> {
  const { components: shipped } = await shippedList()
  const taken = new Set([...core, ...shipped].map(({ namespace }) => namespace))
  const problems: ConfigProblem[] = []
  for (const [index, component] of own.entries()) {
    for (const name of [component.namespace, ...(component.aliases ?? [])]) {
      const message = `components[${index}]: the namespace ${name} is taken`
      if (taken.has(name)) problems.push({ level: 'error', file: '(options)', pointer: '', message })
      taken.add(name)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return new Components(shipped, own)
}

function tableOf(components: readonly Component[]): LoadedComponents {
  const namespaces = components.map(component => ({
    namespace: component.namespace,
    scopes: component.scopes,
    schema: component.schema,
    guard: component.guard ?? false,
    caseless: component.caseless ?? false,
    ...(component.lacks === undefined ? {} : { lacks: component.lacks }),
    ...(component.aliases === undefined ? {} : { aliases: component.aliases })
  }))
  return { registry: new Map(components.map(component => [component.namespace, component])), namespaces }
}

/**
 * Loads the shipped plugins that a configuration names and lets them register. Of a name with their prefix that none of
 * them has, all are registered: the report of an unknown name can list them.
 */
export async function registerShipped(config: ServiceConfig, registry: PluginRegistry, logger: Logger): Promise<void> {
  const named = new Set(namedPlugins(config).filter(name => name.startsWith(RESERVED_PREFIX)))
  if (named.size === 0) return
  const { shippedPlugins } = await shippedList()
  const known = new Set(shippedPlugins.map(plugin => plugin.name))
  const wanted = [...named].every(name => known.has(name)) ? shippedPlugins.filter(({ name }) => named.has(name)) : shippedPlugins
  for (const plugin of wanted) {
    const module = await plugin.load()
    for (const entry of SYMBOLS) {
      const value = exportOf(module, entry.symbol)
      if (value !== undefined) await registry.take(entry, value, 'shipped', logger, true)
    }
  }
}

/** All plugins that a configuration names, in any place. */
export function namedPlugins(config: ServiceConfig): string[] {
  const names: string[] = []
  const look = (extra: { readonly [namespace: string]: unknown }): void => {
    for (const namespace of PLUGIN_NAMESPACES) {
      const name = (extra[namespace] as { name?: unknown } | null | undefined)?.name
      for (const one of Array.isArray(name) ? name : [name]) {
        if (typeof one === 'string') names.push(one)
      }
    }
  }
  look(config.extra)
  for (const endpoint of config.endpoints) {
    look(endpoint.extra)
    for (const backend of endpoint.backends) look(backend.extra)
  }
  return names
}
