/** Builds the chains of configured plugin names: finds them, runs their factories, joins them to stages. */

import type { ServiceConfig } from '../../config/types.js'
import { ConfigError, formatProblem } from '../../errors.js'
import { StageTimer, timeModifier } from '../../pipe/measure.js'
import type { Logger } from '../../telemetry/logger.js'
import type { Observers, StageMeter } from '../../telemetry/observer.js'
import { enterprisePlugin } from '../load/enterprise-plugins.js'
import type { PluginKind, PluginRegistry, Registered } from '../load/registry.js'
import type { ExtraConfig, HandlerFactory, Modifier } from '../types.js'
import { type Absorb, describe, HandlerChain, HandlerPlace } from './chain.js'
import type { DirectStage, StageMember, WrapStage } from './component-stages.js'
import { withServiceDeadline } from './deadline.js'
import { failureResponse, textOf } from './failure.js'
import type { TakeFault } from './faults.js'
import { compileModifiers, type ModifierUse } from './modifiers.js'
import { configProblem, contextOf, type Place } from './place.js'

export interface PlacerOptions {
  readonly registry: PluginRegistry
  readonly config: ServiceConfig
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly skipFaults: boolean
  readonly suggest: ((word: string, known: Iterable<string>) => string | undefined) | undefined
  readonly parseDuration: ((text: string) => number) | undefined
  readonly observers: Observers
  readonly takeFault: TakeFault
}

const HANDLERS = 'plugin/http-server'
const CLIENTS = 'plugin/http-client'
const MODIFIERS = 'plugin/req-resp-modifier'

/** ms a factory may take. */
const FACTORY_LIMIT = 10_000

export class PluginPlacer {
  private readonly options: PlacerOptions
  private readonly logger: Logger
  private readonly absorb: Absorb

  constructor(options: PlacerOptions) {
    this.options = options
    this.logger = options.logger
    const { errorStatus, returnErrorMsg } = options.config.router
    this.absorb = (error, request) => {
      request.exchange.note(error)
      return failureResponse(error, errorStatus, returnErrorMsg)
    }
  }

  /** `plugin/http-server` of the service: around everything, never rejects. */
  async serviceHandlers(place: Place): Promise<WrapStage[]> {
    const extra = optionsAt(place, HANDLERS)
    if (extra === undefined) return []
    if (namesIn(extra).length === 0) this.logger.debug('[PLUGIN: Server] No plugins required in the extra config')
    const stages = await this.chain(place, HANDLERS, 'handler', 'outer/plugins', '[PLUGIN: Server]', this.absorb)
    const timeoutMs = this.timeoutIn(place, extra)
    if (timeoutMs === 0) return stages
    return stages.map(stage => ({ ...stage, wrap: withServiceDeadline(stage.wrap, timeoutMs, this.absorb) }))
  }

  /** `plugin/http-server` of an endpoint. */
  handlers(place: Place): Promise<WrapStage[]> {
    return this.chain(place, HANDLERS, 'handler', 'handlers/endpoint', place.tag, undefined)
  }

  /** `plugin/http-client` of a backend. */
  async clients(place: Place): Promise<WrapStage[]> {
    const extra = optionsAt(place, CLIENTS)
    if (extra !== undefined && namesIn(extra).length === 0) {
      this.logger.debug(`${place.tag} No name defined in the extra config for ${place.backend?.goPattern}`)
    }
    return this.chain(place, CLIENTS, 'client', 'transport/plugin', place.tag, undefined)
  }

  /** `plugin/req-resp-modifier` of an endpoint or backend. */
  async modifiers(place: Place, slot: string): Promise<DirectStage[]> {
    const extra = optionsAt(place, MODIFIERS)
    if (extra === undefined) return []
    const uses: ModifierUse[] = []
    for (const name of namesIn(extra)) {
      const use = await this.attempt(place, place.tag, MODIFIERS, name, () => this.modifierUse(place, name, extra))
      if (use !== undefined) uses.push(use)
    }
    const direct = compileModifiers(uses)
    if (direct === undefined) return []
    const requests = uses.filter(use => use.onRequest).length
    const responses = uses.filter(use => use.onResponse).length
    this.logger.debug(`${place.tag}[Modifier Plugins] Adding ${requests} request and ${responses} response modifiers`)
    const members = uses.map(use => ({ name: `${MODIFIERS}: ${use.name}`, needs: use.needs }))
    return [{ slot, name: MODIFIERS, needs: undefined, direct, members }]
  }

  private async chain(
    place: Place,
    namespace: string,
    kind: 'handler' | 'client',
    slot: string,
    tag: string,
    absorb: Absorb | undefined
  ): Promise<WrapStage[]> {
    const extra = optionsAt(place, namespace)
    if (extra === undefined) return []
    const chain = new HandlerChain()
    const members: StageMember[] = []
    for (const name of namesIn(extra)) {
      const stage = `${namespace}: ${name}`
      const use = await this.attempt(place, tag, namespace, name, async () => {
        const registered = this.find(place, namespace, kind, name) as Registered<HandlerFactory>
        const use = { name, file: registered.file, tag: place.tag, logger: this.logger, needs: registered.needs }
        const handlerPlace = new HandlerPlace(use, absorb)
        const context = contextOf(place, name, this.logger, this.options.signal)
        const handler = await this.within(registered, () => registered.factory(context, extra, handlerPlace.next))
        if (typeof handler !== 'function') {
          throw new Error(`plugin '${name}' (${registered.file}): the factory answered ${describe(handler)}, not a function`)
        }
        handlerPlace.handler = handler
        chain.add(handlerPlace, this.timerOf(place, stage))
        return use
      })
      if (use === undefined) continue
      this.logger.debug(`${tag} Injecting plugin ${name}`)
      members.unshift({ name: stage, needs: use.needs })
    }
    const wrap = chain.wrap()
    return wrap === undefined ? [] : [{ slot, name: namespace, needs: undefined, wrap, members }]
  }

  private async modifierUse(place: Place, name: string, extra: ExtraConfig): Promise<ModifierUse> {
    const registered = this.find(place, MODIFIERS, 'modifier', name) as Registered<never>
    const { file, needs, request, response } = registered
    const context = contextOf(place, name, this.logger, this.options.signal)
    const modifier = (await this.within(registered, () =>
      (registered.factory as (c: unknown, e: unknown) => unknown)(context, extra)
    )) as Modifier
    const broken = (what: string): Error => new Error(`plugin '${name}' (${file}): ${what}`)
    if (typeof modifier !== 'object' || modifier === null) {
      throw broken(`the factory answered ${describe(modifier)}, not a modifier`)
    }
    for (const direction of ['request', 'response'] as const) {
      const has = modifier[direction]
      if ((registered[direction] === true || has !== undefined) && typeof has !== 'function') {
        throw broken(`it is registered for the ${direction} and its modifier has no function '${direction}'`)
      }
    }
    const onRequest = request !== false && modifier.request !== undefined
    const onResponse = response !== false && modifier.response !== undefined
    if (!onRequest && !onResponse)
      throw broken("its modifier has neither a function 'request' nor a function 'response' to be used")
    const meter = this.options.observers.stage(place, `${MODIFIERS}: ${name}`)
    const timed = meter === undefined ? modifier : timedModifier(modifier, meter)
    return { name, file, tag: place.tag, logger: this.logger, needs, modifier: timed, onRequest, onResponse }
  }

  private timerOf(place: Place, name: string): StageTimer | undefined {
    const meter = this.options.observers.stage(place, name)
    return meter && new StageTimer(meter)
  }

  private find(place: Place, namespace: string, kind: PluginKind, name: string): Registered<unknown> {
    const { registry, suggest, config } = this.options
    const maps = { handler: registry.handlers, client: registry.clients, modifier: registry.modifiers }
    const found = maps[kind].get(name)
    if (found !== undefined) return found
    const known = [...maps[kind].keys()]
    const other = Object.entries(maps).find(([, map]) => map.has(name))
    const hint =
      other !== undefined
        ? `'${name}' is registered as a ${other[0]} plugin`
        : (suggest?.(name, known) ??
          (known.length === 0 ? `no ${kind} plugin is registered at all: is the root key "plugin" set?` : undefined))
    const list = known.length === 0 ? undefined : `registered: ${known.join(', ')}`
    const port = `a Go plugin must be written in JavaScript: \`sluice plugin new NAME --kind ${kind}\` begins one (docs/plugins.md)`
    const todo = enterprisePlugin(name) ?? (hint === undefined || known.length === 0 ? port : undefined)
    const suggestion = [todo, hint, list].filter(text => text !== undefined).join('; ')
    throw new ConfigError([
      configProblem(place, config.source, namespace, '/name', `No plugin registered as ${name}`, suggestion)
    ])
  }

  /** Runs a factory with its limit of time. */
  private async within<T>(registered: Registered<unknown>, work: () => T | Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the factory did not settle within ${FACTORY_LIMIT / 1000} s`)), FACTORY_LIMIT)
    })
    try {
      return await Promise.race([Promise.resolve().then(work), limit])
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : textOf(cause)
      throw new Error(`plugin '${registered.name}' (${registered.file}): ${text}`, { cause })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Returns undefined for what has a fault. */
  private async attempt<T>(
    place: Place,
    tag: string,
    namespace: string,
    name: string,
    work: () => Promise<T>
  ): Promise<T | undefined> {
    try {
      return await work()
    } catch (cause) {
      const { skipFaults, takeFault, config } = this.options
      const unknown = cause instanceof ConfigError
      const message = (cause as Error).message
      const problems = unknown ? cause.problems : [configProblem(place, config.source, namespace, '/name', message)]
      for (const problem of problems) takeFault(problem, skipFaults)
      if (!skipFaults) return undefined
      if (unknown) this.logger.error(`${tag} No plugin registered as ${name}`)
      else this.logger.error(`${tag} Error getting the plugin handler: ${(cause as Error).message}`)
      return undefined
    }
  }

  /** `"timeout"` beside the names, ms; 0 = none. */
  private timeoutIn(place: Place, extra: ExtraConfig): number {
    const { timeout } = extra
    if (timeout === undefined || typeof timeout === 'object') return 0 // an object belongs to a plugin of that name
    const { parseDuration, config } = this.options
    try {
      const ms = typeof timeout === 'string' ? (parseDuration?.(timeout) ?? Number.NaN) : Number.NaN
      if (ms >= 0) return ms
    } catch {
      // said below
    }
    const { skipFaults, takeFault } = this.options
    const message = 'the timeout is no duration'
    const problem = configProblem(place, config.source, HANDLERS, '/timeout', message, 'write it like "2s"')
    takeFault(problem, skipFaults)
    if (skipFaults) this.logger.error('[PLUGIN: Server]', formatProblem(problem))
    return 0
  }
}

function timedModifier(modifier: Modifier, meter: StageMeter): Modifier {
  const { request, response } = modifier
  return {
    ...(request === undefined ? {} : { request: timeModifier(request.bind(modifier), meter) }),
    ...(response === undefined ? {} : { response: timeModifier(response.bind(modifier), meter) })
  }
}

function optionsAt(place: Place, namespace: string): ExtraConfig | undefined {
  const options = place.extra[namespace]
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return undefined
  return options as ExtraConfig
}

/** `name` is a string or a list; what is no string was reported by the configuration. */
function namesIn(extra: ExtraConfig): string[] {
  const { name } = extra
  if (typeof name === 'string') return name === '' ? [] : [name]
  return Array.isArray(name) ? name.filter(one => typeof one === 'string' && one !== '') : []
}
