/** The components and plugins that come with the product: found beside the code, loaded by their list, never imported by `src`. */

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ServiceConfig } from '../../config/types.js'
import { ConfigError, type ConfigProblem } from '../../errors.js'
import type { Logger } from '../../telemetry/logger.js'
import type { Component } from '../component.js'
import type { PluginModule } from '../types.js'
import { exportOf, type PluginRegistry, RESERVED_PREFIX, SYMBOLS } from './registry.js'

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

export interface ShippedComponents {
  readonly registry: ComponentRegistry
  readonly namespaces: readonly ComponentNamespace[]
}

/** `src/plugin/load/shipped.ts` → `plugins/index.ts`; `dist/plugin/load/shipped.js` → `dist/plugins/index.js`. */
const LIST = import.meta.url.endsWith('.ts')
  ? new URL('../../../plugins/index.ts', import.meta.url)
  : new URL('../../plugins/index.js', import.meta.url)

let loaded: Promise<ShippedComponents> | undefined

/** Loads the declarations of the shipped components, once per process; what they need loads when they are configured. */
export function loadComponents(): Promise<ShippedComponents> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<ShippedComponents> {
  if (!existsSync(fileURLToPath(LIST))) return tableOf([])
  const { components } = (await import(LIST.href)) as { components: readonly Component[] }
  return tableOf(components)
}

/**
 * Adds components that code hands over, behind the shipped ones.
 * @param core namespaces that the gateway reads by itself
 * @throws ConfigError when a namespace is taken
 */
export function addComponents(
  shipped: ShippedComponents,
  own: readonly Component[],
  core: readonly { readonly namespace: string }[]
): ShippedComponents {
  if (own.length === 0) return shipped
  const taken = new Set([...core, ...shipped.namespaces].flatMap(one => namesOf(one)))
  const problems: ConfigProblem[] = []
  for (const [index, component] of own.entries()) {
    for (const name of namesOf(component)) {
      const message = `components[${index}]: the namespace ${name} is taken`
      if (taken.has(name)) problems.push({ level: 'error', file: '(options)', pointer: '', message })
      taken.add(name)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return tableOf([...shipped.registry.values(), ...own])
}

const namesOf = (one: { readonly namespace: string; readonly aliases?: readonly string[] }): readonly string[] => [
  one.namespace,
  ...(one.aliases ?? [])
]

function tableOf(components: readonly Component[]): ShippedComponents {
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

/** Namespaces whose `name` lists plugins. */
const PLUGIN_NAMESPACES = ['plugin/http-server', 'plugin/http-client', 'plugin/req-resp-modifier']

/**
 * Loads the shipped plugins that a configuration names and lets them register. Of a name with their prefix that none of
 * them has, all are registered: the report of an unknown name can list them.
 */
export async function registerShipped(config: ServiceConfig, registry: PluginRegistry, logger: Logger): Promise<void> {
  const named = new Set(namedPlugins(config).filter(name => name.startsWith(RESERVED_PREFIX)))
  if (named.size === 0 || !existsSync(fileURLToPath(LIST))) return
  const { shippedPlugins } = (await import(LIST.href)) as { shippedPlugins: readonly ShippedPlugin[] }
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
