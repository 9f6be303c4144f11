/**
 * Puts plugins and components where a configuration wants them.
 *
 * In: a configuration, plugin modules, the shipped components, hooks of `createGateway`. Out: the layers of each place (service,
 * endpoint, backend), with what they say about themselves. Everything is loaded, checked and awaited here, before the port opens; what
 * cannot be honoured stops the start, or, where that was asked for, is left out with an ERROR line.
 */

import path from 'node:path'
import type { BackendConfig, EndpointConfig, ExtraConfig, ServiceConfig } from '../../config/types.js'
import { identityOf, SLUICE_VERSION } from '../../identity.js'
import { joinLayers } from '../../pipe/layer.js'
import { GatewayRecord, type GatewayState } from '../../telemetry/gateway-state.js'
import { LoopTurns } from '../../telemetry/in-turns.js'
import type { GatewayLogger, Logger } from '../../telemetry/logger.js'
import { type GatewayObserver, Observers } from '../../telemetry/observer.js'
import {
  BACKEND_DECODED_SLOTS,
  BACKEND_TRANSPORT_SLOTS,
  ENDPOINT_PROXY_SLOTS,
  ENDPOINT_ROUTER_SLOTS,
  SERVICE_INNER_SLOTS,
  SERVICE_OUTER_SLOTS
} from '../component.js'
import { loadPlugins } from '../load/loader.js'
import { PluginRegistry, RESERVED_PREFIX } from '../load/registry.js'
import { type ComponentRegistry, namedPlugins, registerShipped } from '../load/shipped.js'
import type { OutboundClient } from '../outbound.js'
import type { PluginModule } from '../types.js'
import type { GuestServices } from '../wasm/guest-services.js'
import { CodeLayers, type CodeWraps } from './code-layers.js'
import type { ComponentHost } from './compile-context.js'
import { addsStages, compileComponents, fieldEditsOf, inSlots, joinStages, type Stage, timeStages } from './component-stages.js'
import { type TakeFault, throwFault } from './faults.js'
import { KeptState } from './kept-state.js'
import { type BackendLayers, type EndpointLayers, NO_BACKEND_LAYERS, NO_ENDPOINT_LAYERS, type ServiceLayers } from './layers.js'
import { backendPlace, endpointPlace, type Place, servicePlace } from './place.js'
import { PluginPlacer } from './placer.js'
import { failureResponse, textOf } from './plugin-failure.js'
import { ToldLines } from './told-lines.js'
import { workerTopics } from './worker-topics.js'

export interface PluginHostOptions {
  readonly config: ServiceConfig
  /** Handed over in code. */
  readonly modules: readonly PluginModule[]
  readonly components: ComponentRegistry
  readonly logger: GatewayLogger
  /** Aborts when the gateway closes. */
  readonly signal: AbortSignal
  readonly tolerant: boolean
  /** Stages handed over in code. Default: none. */
  readonly wraps?: CodeWraps
  /** For components. Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv
  /** Returns "did you mean …?" for a mistyped word. */
  readonly suggest?: (word: string, known: Iterable<string>) => string | undefined
  /** State of components that generations of a configuration hand on: the same object for all of them. Default: none is handed on. */
  readonly kept?: KeptState
  /** What components are told of the gateway as a whole. Default: of none. */
  readonly state?: GatewayState
  /** The HTTP client for calls of WebAssembly modules, made at first use. Default: there is none. */
  readonly outbound?: () => OutboundClient
  /** Watches the gateway beside its components. Default: none. */
  readonly observer?: GatewayObserver | undefined
  /** Takes each fault. Default: the first one that is not left out is thrown. */
  readonly takeFault?: TakeFault
}

export interface PluginHost {
  readonly service: ServiceLayers
  /** Nothing stands in an endpoint or its backends. */
  isBare(config: EndpointConfig): boolean
  /** Compiles the components of an endpoint that add no stage: what they say counts for its backends too. Call it before {@link backend}. */
  prepare(config: EndpointConfig): Promise<void>
  endpoint(config: EndpointConfig): Promise<EndpointLayers>
  backend(endpoint: EndpointConfig, config: BackendConfig): Promise<BackendLayers>
  /** Components that observe the gateway; complete when the service's stages are compiled. */
  readonly observers: Observers
  /** Files that components have read, beside those that the configuration is made of. */
  readonly files: ReadonlySet<string>
  /** Lines about faults of places; it is ended when all endpoints are compiled. */
  readonly told: ToldLines
  /** Runs what components gave to `onListen`, before the port opens. Rejects with the first failure. */
  open(): Promise<void>
  /** Runs what components gave to `onClose`, the last one first. */
  close(): Promise<void>
}

/**
 * Loads plugins, compiles the service's stages.
 * @throws ConfigError unless faults are taken
 */
export async function createPluginHost(options: PluginHostOptions): Promise<PluginHost> {
  const { config, modules, tolerant } = options
  const registry = new PluginRegistry()
  const logger = pluginLogger(options.logger)
  const skipFaults = tolerant || config.plugin?.onError === 'skip'
  await registerShipped(config, registry, logger)
  const takeFault = options.takeFault ?? throwFault
  const wanted = namedPlugins(config).some(name => !name.startsWith(RESERVED_PREFIX))
  const host = new Host(options, registry, logger, skipFaults)
  const { services } = host
  try {
    const base = baseOf(config.source)
    const load = { sources: config.plugin, base, wanted, modules, registry, logger, services, skipFaults }
    for (const fault of await loadPlugins(load)) takeFault({ level: 'error', file: config.source, ...fault }, skipFaults)
    await host.compileService()
  } catch (error) {
    await host.close()
    throw error
  }
  return host
}

class Host implements PluginHost {
  service: ServiceLayers = { outer: undefined, inner: undefined }
  private readonly config: ServiceConfig
  private readonly logger: Logger
  private readonly code: CodeLayers
  private readonly placer: PluginPlacer
  private readonly componentHost: ComponentHost
  /** Some components add no stages. */
  private readonly hasUnstaged: boolean
  /** For WebAssembly modules. */
  readonly services: GuestServices
  readonly observers: Observers
  readonly files = new Set<string>()
  readonly told: ToldLines
  private readonly openers: (() => Promise<void>)[] = []
  private readonly closers: (() => void | Promise<void>)[] = []

  constructor(options: PluginHostOptions, registry: PluginRegistry, logger: Logger, skipFaults: boolean) {
    const { config, takeFault = throwFault, wraps = {} } = options
    this.config = config
    this.logger = logger
    this.told = new ToldLines(logger)
    this.services = {
      logger: options.logger,
      signal: options.signal,
      maxMemory: config.plugin?.maxGuestMemory ?? 0,
      outbound: options.outbound ?? noOutbound,
      offerMetric: metric => void this.observers.metrics.push(metric),
      onClose: work => this.closers.push(work)
    }
    this.observers = new Observers(options.observer === undefined ? [] : [options.observer])
    this.code = new CodeLayers(wraps, logger)
    const { errorStatus, returnErrorMsg } = config.router
    this.placer = new PluginPlacer({
      registry,
      source: config.source,
      logger,
      signal: options.signal,
      skipFaults,
      suggest: options.suggest,
      takeFault,
      observers: this.observers,
      absorb(error, request) {
        request.exchange.note(error)
        return failureResponse(error, errorStatus, returnErrorMsg)
      }
    })
    const components = [...options.components.values()]
    this.hasUnstaged = components.some(one => !addsStages(one))
    this.componentHost = {
      components,
      service: Object.freeze({
        name: config.name,
        version: SLUICE_VERSION,
        userAgent: identityOf(config.router.identity, config.router.hideVersionHeader).userAgent,
        returnErrorMsg: config.router.returnErrorMsg,
        errorStatus: config.router.errorStatus,
        tolerant: options.tolerant,
        healthPath: config.router.healthPath,
        namespaces: Object.keys(config.extra),
        wrapped: (wraps.wrapService ?? wraps.wrapEndpoint) !== undefined,
        env: options.env ?? process.env
      }),
      source: config.source,
      logger,
      signal: options.signal,
      shared: new Map(),
      kept: options.kept ?? new KeptState(),
      state: options.state ?? new GatewayRecord(),
      workers: workerTopics(),
      files: this.files,
      broken: new Set(),
      onClose: work => this.closers.push(work),
      onListen: work => this.openers.push(work),
      observers: this.observers,
      takeFault,
      told: this.told
    }
  }

  async compileService(): Promise<void> {
    const place = servicePlace(this.config)
    const stages = await this.componentsAt(place)
    stages.push(...(await this.placer.serviceHandlers(place)))
    this.service = {
      outer: joinLayers(joinStages('service', inSlots(stages, 'outer', SERVICE_OUTER_SLOTS)), this.code.service()),
      inner: joinStages('service', inSlots(stages, 'inner', SERVICE_INNER_SLOTS))
    }
  }

  isBare({ extra, backends }: EndpointConfig): boolean {
    return this.isBareAt(extra) && backends.every(backend => this.isBareAt(backend.extra))
  }

  async prepare(config: EndpointConfig): Promise<void> {
    if (!this.hasUnstaged || this.isBareAt(config.extra)) return
    await compileComponents(endpointPlace(config), this.componentHost, one => !addsStages(one))
  }

  async endpoint(config: EndpointConfig): Promise<EndpointLayers> {
    if (this.isBareAt(config.extra)) return NO_ENDPOINT_LAYERS
    const place = endpointPlace(config)
    const components = await this.componentsAt(place, addsStages)
    const handlers = await this.placer.handlers(place)
    const modifiers = await this.placer.modifiers(place, 'modifiers/endpoint')
    return {
      router: joinLayers(
        joinStages('endpoint', inSlots(components, 'router', ENDPOINT_ROUTER_SLOTS)),
        this.code.endpoint(config)
      ),
      handlers: joinStages('endpoint', handlers),
      proxy: joinStages('endpoint', inSlots(components, 'proxy', ENDPOINT_PROXY_SLOTS)),
      modifiers: joinStages('endpoint', modifiers),
      watch: this.observers.proxy(place.endpoint),
      admits: this.observers.admission(place.endpoint)
    }
  }

  async backend(endpoint: EndpointConfig, config: BackendConfig): Promise<BackendLayers> {
    if (this.isBareAt(config.extra)) return NO_BACKEND_LAYERS
    const place = backendPlace(endpoint, config)
    const stages = await this.componentsAt(place)
    stages.push(...(await this.placer.modifiers(place, 'decoded/modifiers')), ...(await this.placer.clients(place)))
    const transport = inSlots(stages, 'transport', BACKEND_TRANSPORT_SLOTS)
    const code = this.code.backend(endpoint, config)
    return {
      decoded: joinStages('backend', inSlots(stages, 'decoded', BACKEND_DECODED_SLOTS)),
      transport: joinLayers(code, joinStages('backend', transport)),
      transportFields: code === undefined ? fieldEditsOf(transport) : undefined,
      watch: this.observers.backend(place.endpoint, place.backend),
      calls: this.observers.call(place.endpoint, place.backend)
    }
  }

  /** Nothing stands at a place, as at most of thousands, and nothing watches it. */
  private isBareAt(extra: ExtraConfig): boolean {
    return Object.keys(extra).length === 0 && this.code.isEmpty && this.observers.isEmpty
  }

  /** The components of a place, measured where an observer asks for it. */
  private async componentsAt(place: Place, wanted?: typeof addsStages): Promise<Stage[]> {
    return timeStages(await compileComponents(place, this.componentHost, wanted), place, this.observers)
  }

  async open(): Promise<void> {
    for (const work of this.openers) await work()
  }

  async close(): Promise<void> {
    const turns = new LoopTurns()
    for (const work of this.closers.splice(0).reverse()) {
      // thousands of them would hold up what another generation serves
      if (turns.isOver) await turns.next()
      try {
        await work()
      } catch (error) {
        this.logger.error('[SERVICE: Plugins] closing failed:', textOf(error))
      }
    }
  }
}

/** The folder of a configuration's file; for a configuration that is no file, where the gateway runs. */
const baseOf = (source: string): string => (source.startsWith('(') ? process.cwd() : path.dirname(path.resolve(source)))

const noOutbound = (): never => {
  throw new Error('this gateway has no client for calls of plugins')
}

/** What plugins get: they can write lines and nothing else. */
function pluginLogger(logger: GatewayLogger): Logger {
  return Object.freeze({
    debug: logger.debug.bind(logger),
    info: logger.info.bind(logger),
    warning: logger.warning.bind(logger),
    error: logger.error.bind(logger),
    critical: logger.critical.bind(logger),
    fatal: logger.fatal.bind(logger)
  })
}
