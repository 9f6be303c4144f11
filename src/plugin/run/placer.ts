/** Makes stages of the plugins that a place names: a chain of handlers or clients, or a list of modifiers. */

import { type ConfigProblem, formatProblem } from '../../errors.js'
import { StageTimer, timeModifier } from '../../pipe/measure.js'
import type { Logger } from '../../telemetry/logger.js'
import type { Observers, StageWatch } from '../../telemetry/observer.js'
import { parseDuration } from '../duration.js'
import type { ExtraConfig, HandlerFactory, Modifier, ModifierFactory } from '../types.js'
import { type Absorb, describe, HandlerChain, HandlerPlace } from './chain.js'
import type { DirectStage, StageMember, WrapStage } from './component-stages.js'
import { withServiceDeadline } from './deadline.js'
import { type FactoryOptions, type FoundPlugin, faultOf, type NamePlace, namesIn, PluginFactories } from './factories.js'
import { compileModifiers, type ModifierUse } from './modifiers.js'
import { optionPointer, type Place } from './place.js'

export interface PlacerOptions extends FactoryOptions {
  readonly observers: Observers
  /** Makes responses of failures at service scope, where `next` never rejects. */
  readonly absorb: Absorb
}

const HANDLERS = 'plugin/http-server'
const CLIENTS = 'plugin/http-client'
const MODIFIERS = 'plugin/req-resp-modifier'

export class PluginPlacer {
  private readonly options: PlacerOptions
  private readonly logger: Logger
  private readonly factories: PluginFactories

  constructor(options: PlacerOptions) {
    this.options = options
    this.logger = options.logger
    this.factories = new PluginFactories(options)
  }

  /** `plugin/http-server` of the service: around everything, never rejects. */
  async serviceHandlers(place: Place): Promise<WrapStage[]> {
    const extra = optionsAt(place, HANDLERS)
    if (extra === undefined) return []
    const { absorb } = this.options
    if (namesIn(extra).length === 0) this.logger.debug('[PLUGIN: Server] No plugins required in the extra config')
    const at: NamePlace = { place, namespace: HANDLERS, kind: 'handler', tag: '[PLUGIN: Server]', extra }
    const stages = await this.chain(at, 'outer/plugins', absorb)
    const timeoutMs = this.timeoutIn(place, extra)
    if (timeoutMs === 0) return stages
    return stages.map(stage => ({ ...stage, wrap: withServiceDeadline(stage.wrap, timeoutMs, absorb) }))
  }

  /** `plugin/http-server` of an endpoint. */
  async handlers(place: Place): Promise<WrapStage[]> {
    const extra = optionsAt(place, HANDLERS)
    if (extra === undefined) return []
    return this.chain({ place, namespace: HANDLERS, kind: 'handler', tag: place.tag, extra }, 'handlers/endpoint')
  }

  /** `plugin/http-client` of a backend. */
  async clients(place: Place): Promise<WrapStage[]> {
    const extra = optionsAt(place, CLIENTS)
    if (extra === undefined) return []
    if (namesIn(extra).length === 0) {
      this.logger.debug(`${place.tag} No name defined in the extra config for ${place.backend?.goPattern}`)
    }
    return this.chain({ place, namespace: CLIENTS, kind: 'client', tag: place.tag, extra }, 'transport/plugin')
  }

  /** `plugin/req-resp-modifier` of an endpoint or backend. */
  async modifiers(place: Place, slot: string): Promise<DirectStage[]> {
    const extra = optionsAt(place, MODIFIERS)
    if (extra === undefined) return []
    const at: NamePlace = { place, namespace: MODIFIERS, kind: 'modifier', tag: place.tag, extra }
    const uses = await this.factories.makeAll(at, plugin => this.modifierUse(at, plugin))
    const direct = compileModifiers(uses)
    if (direct === undefined) return []
    const requests = uses.filter(use => use.onRequest).length
    const responses = uses.filter(use => use.onResponse).length
    this.logger.debug(`${place.tag}[Modifier Plugins] Adding ${requests} request and ${responses} response modifiers`)
    const members = uses.map(use => ({ name: `${MODIFIERS}: ${use.name}`, needs: use.needs, note: use.note }))
    return [{ slot, name: MODIFIERS, needs: undefined, direct, members }]
  }

  /** Each name wraps what stands before it. */
  private async chain(at: NamePlace, slot: string, absorb?: Absorb): Promise<WrapStage[]> {
    const chain = new HandlerChain()
    const members = await this.factories.makeAll<StageMember>(at, async plugin => {
      const { use } = plugin
      const name = `${at.namespace}: ${use.name}`
      chain.add(await this.handlerPlace(at, plugin, absorb), this.timerOf(at.place, name))
      this.logger.debug(`${at.tag} Injecting plugin ${use.name}`)
      return { name, needs: use.needs, note: use.note }
    })
    const wrap = chain.wrap()
    return wrap === undefined ? [] : [{ slot, name: at.namespace, needs: undefined, wrap, members: members.reverse() }]
  }

  private async handlerPlace(at: NamePlace, plugin: FoundPlugin, absorb: Absorb | undefined): Promise<HandlerPlace> {
    const { registered, use, context } = plugin
    const place = new HandlerPlace(use, absorb)
    const factory = registered.factory as HandlerFactory
    const handler = await this.factories.within(plugin, () => factory(context, at.extra, place.next))
    if (typeof handler !== 'function') {
      throw new Error(faultOf(registered, `the factory returned ${describe(handler)}, not a function`))
    }
    place.handler = handler
    return place
  }

  private async modifierUse(at: NamePlace, plugin: FoundPlugin): Promise<ModifierUse> {
    const { registered, use, context } = plugin
    const { request, response } = registered
    const factory = registered.factory as ModifierFactory
    const modifier = await this.factories.within(plugin, () => factory(context, at.extra))
    const broken = (what: string): Error => new Error(faultOf(registered, what))
    if (typeof modifier !== 'object' || modifier === null) {
      throw broken(`the factory returned ${describe(modifier)}, not a modifier`)
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
    const watch = this.options.observers.stage(at.place, `${MODIFIERS}: ${use.name}`)
    return { ...use, modifier: watch === undefined ? modifier : timedModifier(modifier, watch), onRequest, onResponse }
  }

  private timerOf(place: Place, name: string): StageTimer | undefined {
    const watch = this.options.observers.stage(place, name)
    return watch && new StageTimer(watch)
  }

  /** `"timeout"` beside the names, ms; 0 = none. */
  private timeoutIn(place: Place, { timeout }: ExtraConfig): number {
    if (timeout === undefined || typeof timeout === 'object') return 0 // an object belongs to a plugin of that name
    const { source, skipFaults, takeFault } = this.options
    try {
      const ms = typeof timeout === 'string' ? parseDuration(timeout) : Number.NaN
      if (ms >= 0) return ms
    } catch {
      // the fault is told below
    }
    const pointer = optionPointer(place, HANDLERS, '/timeout')
    const message = 'the timeout is no duration'
    const problem: ConfigProblem = { level: 'error', file: source, pointer, message, suggestion: 'write it like "2s"' }
    takeFault(problem, skipFaults)
    if (skipFaults) this.logger.error('[PLUGIN: Server]', formatProblem(problem))
    return 0
  }
}

function timedModifier(modifier: Modifier, watch: StageWatch): Modifier {
  const { request, response } = modifier
  return {
    ...(request === undefined ? {} : { request: timeModifier(request.bind(modifier), watch, given => given) }),
    ...(response === undefined ? {} : { response: timeModifier(response.bind(modifier), watch, (_response, given) => given) })
  }
}

function optionsAt(place: Place, namespace: string): ExtraConfig | undefined {
  const options = place.extra[namespace]
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return undefined
  return options as ExtraConfig
}
