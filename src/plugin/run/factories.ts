/** Finds the plugins that a place names and runs their factories. What has a fault is told and left out. */

import { ConfigError, type ConfigProblem } from '../../errors.js'
import type { Logger } from '../../telemetry/logger.js'
import { enterprisePlugin } from '../load/enterprise-plugins.js'
import type { PluginKind, PluginRegistry, Registered } from '../load/registry.js'
import type { ExtraConfig, PluginContext } from '../types.js'
import type { TakeFault } from './faults.js'
import type { PromisingUse } from './needs.js'
import { contextOf, optionPointer, type Place } from './place.js'
import { textOf } from './plugin-failure.js'

/** ms a factory may take. */
const FACTORY_LIMIT = 10_000

export interface FactoryOptions {
  readonly registry: PluginRegistry
  /** The configuration's file, for problems. */
  readonly source: string
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly skipFaults: boolean
  readonly suggest: ((word: string, known: Iterable<string>) => string | undefined) | undefined
  readonly takeFault: TakeFault
}

/** Where names of plugins stand in a configuration. */
export interface NamePlace {
  readonly place: Place
  readonly namespace: string
  readonly kind: PluginKind
  /** Begins log lines. */
  readonly tag: string
  readonly extra: ExtraConfig
}

/** One plugin in its place, its factory still to be run. */
export interface FoundPlugin {
  readonly registered: Registered<unknown>
  readonly use: PromisingUse
  readonly context: PluginContext
}

export class PluginFactories {
  private readonly options: FactoryOptions

  constructor(options: FactoryOptions) {
    this.options = options
  }

  /** Makes something of each plugin that `at` names, in listed order. */
  async makeAll<T>(at: NamePlace, make: (plugin: FoundPlugin) => Promise<T>): Promise<T[]> {
    const made: T[] = []
    for (const name of namesIn(at.extra)) {
      const one = await this.attempt(at, name, () => make(this.find(at, name)))
      if (one !== undefined) made.push(one)
    }
    return made
  }

  /** Runs a factory with its limit of time. */
  async within<T>({ registered }: FoundPlugin, work: () => T | Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the factory did not settle within ${FACTORY_LIMIT / 1000} s`)), FACTORY_LIMIT)
    })
    try {
      return await Promise.race([Promise.resolve().then(work), limit])
    } catch (cause) {
      throw new Error(faultOf(registered, cause instanceof Error ? cause.message : textOf(cause)), { cause })
    } finally {
      clearTimeout(timer)
    }
  }

  private find(at: NamePlace, name: string): FoundPlugin {
    const { registry, logger, signal } = this.options
    const { place, kind } = at
    const registered = mapsOf(registry)[kind].get(name)
    if (registered === undefined) {
      const suggestion = this.insteadOf(kind, name)
      throw new ConfigError([{ ...this.problem(at, `No plugin registered as ${name}`), suggestion }])
    }
    const { file, needs, note } = registered
    const use: PromisingUse = { name, file, tag: place.tag, logger, needs, note }
    return { registered, use, context: contextOf(place, name, logger, signal) }
  }

  /** What to do about a name that is not registered. */
  private insteadOf(kind: PluginKind, name: string): string {
    const { registry, suggest } = this.options
    const maps = mapsOf(registry)
    const known = [...maps[kind].keys()]
    const other = Object.entries(maps).find(([, map]) => map.has(name))
    const hint =
      other !== undefined
        ? `'${name}' is registered as a ${other[0]} plugin`
        : (suggest?.(name, known) ??
          (known.length === 0 ? `no ${kind} plugin is registered at all: is the root key "plugin" set?` : undefined))
    const list = known.length === 0 ? undefined : `registered: ${known.join(', ')}`
    const port = `a Go plugin is compiled from its source: \`sluice plugin build DIR\` (docs/go-plugins.md); \`sluice plugin new NAME --kind ${kind}\` begins one in JavaScript`
    const todo = enterprisePlugin(name) ?? (hint === undefined || known.length === 0 ? port : undefined)
    return [todo, hint, list].filter(text => text !== undefined).join('; ')
  }

  /** Returns undefined for what has a fault. */
  private async attempt<T>(at: NamePlace, name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (cause) {
      const { skipFaults, takeFault, logger } = this.options
      const { message } = cause as Error
      const unknown = cause instanceof ConfigError
      for (const problem of unknown ? cause.problems : [this.problem(at, message)]) takeFault(problem, skipFaults)
      if (!skipFaults) return undefined
      const text = unknown ? `No plugin registered as ${name}` : `Error getting the plugin handler: ${message}`
      logger.error(`${at.tag} ${text}`)
      return undefined
    }
  }

  private problem({ place, namespace }: NamePlace, message: string): ConfigProblem {
    return { level: 'error', file: this.options.source, pointer: optionPointer(place, namespace, '/name'), message }
  }
}

function mapsOf(registry: PluginRegistry): Readonly<Record<PluginKind, ReadonlyMap<string, Registered<unknown>>>> {
  return { handler: registry.handlers, client: registry.clients, modifier: registry.modifiers }
}

/** Begins a message with the plugin and its file. */
export function faultOf({ name, file }: Registered<unknown>, what: string): string {
  return `plugin '${name}' (${file}): ${what}`
}

/** `name` is a string or a list; what is no string was reported by the configuration. */
export function namesIn(extra: ExtraConfig): string[] {
  const { name } = extra
  if (typeof name === 'string') return name === '' ? [] : [name]
  return Array.isArray(name) ? name.filter(one => typeof one === 'string' && one !== '') : []
}
