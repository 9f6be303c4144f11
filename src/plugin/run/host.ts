/**
 * Puts plugins and components where a configuration wants them.
 *
 * In: a configuration, plugin modules, the shipped components. Out: per place (service, endpoint, backend) the joined
 * stages, each a function that wraps a Next. Everything is loaded, checked and awaited here, before the port opens; what
 * cannot be honoured stops the start, or, where that was asked for, is left out with an ERROR line.
 */

import type { BackendConfig, EndpointConfig, ServiceConfig } from '../../config/types.js'
import { SLUICE_VERSION } from '../../identity.js'
import type { Wrap } from '../../pipe/next.js'
import type { StepWrap } from '../../pipe/step.js'
import type { CallWatch } from '../../telemetry/call-trace.js'
import type { GatewayLogger, Logger } from '../../telemetry/logger.js'
import { Observers, type PipeMeter } from '../../telemetry/observer.js'
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
import type { Needs, PluginModule } from '../types.js'
import {
  type ComponentHost,
  compileComponents,
  inSlots,
  joinStages,
  joinWraps,
  type Stage,
  timeStages
} from './component-stages.js'
import { textOf } from './failure.js'
import { type TakeFault, throwFault } from './faults.js'
import { KeptState } from './kept-state.js'
import { backendPlace, endpointPlace, servicePlace } from './place.js'
import { PluginPlacer } from './placer.js'

export interface PluginHostOptions {
  readonly config: ServiceConfig
  /** Handed over in code. */
  readonly modules: readonly PluginModule[]
  readonly components: ComponentRegistry
  readonly logger: GatewayLogger
  /** Aborts when the gateway closes. */
  readonly signal: AbortSignal
  readonly tolerant: boolean
  /** Whether `wrapService` or `wrapEndpoint` is there. Default: false. */
  readonly wrapped?: boolean
  /** For components. Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv
  /** Answers "did you mean …?" for a mistyped word. */
  readonly suggest?: (word: string, known: Iterable<string>) => string | undefined
  /** Reads a duration of the configuration, ms. */
  readonly parseDuration?: (text: string) => number
  /** State of components that generations of a configuration hand on: the same object for all of them. Default: none is handed on. */
  readonly kept?: KeptState
  /** Takes each fault. Default: the first one that is not left out is thrown. */
  readonly takeFault?: TakeFault
}

/** A plugin or component in its place, for `sluice pipes`. */
export interface PlacedStage {
  readonly name: string
  readonly needs: Needs | undefined
}

export interface PluginHost {
  readonly service: {
    /** Around everything. */
    readonly outer: Wrap | undefined
    /** Around routes, 404 and 405. */
    readonly inner: Wrap | undefined
  }
  endpoint(config: EndpointConfig): Promise<EndpointStages>
  backend(endpoint: EndpointConfig, config: BackendConfig): Promise<BackendStages>
  /** What stands around an endpoint, service stages first, or at one of its backends; outermost first. Known once they are compiled. */
  stagesOf(endpoint: EndpointConfig, backend?: BackendConfig): readonly PlacedStage[]
  /** Who watches the gateway; known when the service's stages are. */
  readonly observers: Observers
  /** Opens what components want open beside the port. @throws what cannot be opened */
  open(): Promise<void>
  /** Runs what components left to be run, last come first. */
  close(): Promise<void>
}

/** Joined stages of an endpoint. */
export interface EndpointStages {
  readonly router: StepWrap | undefined
  readonly handlers: StepWrap | undefined
  readonly proxy: StepWrap | undefined
  readonly modifiers: StepWrap | undefined
  readonly meter: PipeMeter | undefined
}

/** Joined stages of a backend. */
export interface BackendStages {
  readonly decoded: StepWrap | undefined
  readonly transport: StepWrap | undefined
  readonly meter: PipeMeter | undefined
  readonly watch: CallWatch | undefined
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
  for (const fault of await loadPlugins({ folder: config.plugin, wanted, modules, registry, logger, skipFaults })) {
    takeFault({ level: 'error', file: config.source, ...fault }, skipFaults)
  }
  const host = new Host(options, registry, logger, skipFaults)
  await host.compileService()
  return host
}

class Host implements PluginHost {
  service: PluginHost['service'] = { outer: undefined, inner: undefined }
  private readonly config: ServiceConfig
  private readonly logger: Logger
  private readonly placer: PluginPlacer
  private readonly componentHost: ComponentHost
  readonly observers = new Observers()
  private readonly openers: (() => Promise<void>)[] = []
  private readonly closers: (() => void | Promise<void>)[] = []
  private serviceStages: readonly PlacedStage[] = []
  private readonly placed = new Map<EndpointConfig | BackendConfig, readonly PlacedStage[]>()

  constructor(options: PluginHostOptions, registry: PluginRegistry, logger: Logger, skipFaults: boolean) {
    const { config, takeFault = throwFault } = options
    this.config = config
    this.logger = logger
    this.placer = new PluginPlacer({
      registry,
      config,
      logger,
      signal: options.signal,
      skipFaults,
      suggest: options.suggest,
      parseDuration: options.parseDuration,
      observers: this.observers,
      takeFault
    })
    this.componentHost = {
      components: options.components,
      service: Object.freeze({
        name: config.name,
        version: SLUICE_VERSION,
        returnErrorMsg: config.router.returnErrorMsg,
        errorStatus: config.router.errorStatus,
        tolerant: options.tolerant,
        healthPath: config.router.healthPath,
        namespaces: Object.keys(config.extra),
        wrapped: options.wrapped ?? false,
        env: options.env ?? process.env
      }),
      source: config.source,
      logger,
      signal: options.signal,
      shared: new Map(),
      kept: options.kept ?? new KeptState(),
      onClose: work => this.closers.push(work),
      onListen: work => this.openers.push(work),
      observers: this.observers,
      takeFault
    }
  }

  async compileService(): Promise<void> {
    const place = servicePlace(this.config)
    const compiled = await compileComponents(place, this.componentHost)
    const stages = timeStages(compiled, place, this.observers)
    stages.push(...(await this.placer.serviceHandlers(place)))
    const outer = inSlots(stages, 'outer', SERVICE_OUTER_SLOTS)
    const inner = inSlots(stages, 'inner', SERVICE_INNER_SLOTS)
    this.service = { outer: joinWraps(outer), inner: joinWraps(inner) }
    this.serviceStages = listed([...outer, ...inner])
  }

  async endpoint(config: EndpointConfig): Promise<EndpointStages> {
    const place = endpointPlace(config)
    const stages = timeStages(await compileComponents(place, this.componentHost), place, this.observers)
    const router = inSlots(stages, 'router', ENDPOINT_ROUTER_SLOTS)
    const proxy = inSlots(stages, 'proxy', ENDPOINT_PROXY_SLOTS)
    const handlers = await this.placer.handlers(place)
    const modifiers = await this.placer.modifiers(place, 'modifiers/endpoint')
    this.placed.set(config, [...this.serviceStages, ...listed([...router, ...handlers, ...proxy, ...modifiers])])
    return {
      router: joinStages(router),
      handlers: joinStages(handlers),
      proxy: joinStages(proxy),
      modifiers: joinStages(modifiers),
      meter: this.observers.proxy(place.endpoint)
    }
  }

  async backend(endpoint: EndpointConfig, config: BackendConfig): Promise<BackendStages> {
    const place = backendPlace(endpoint, config)
    const stages: Stage[] = timeStages(await compileComponents(place, this.componentHost), place, this.observers)
    stages.push(...(await this.placer.modifiers(place, 'decoded/modifiers')), ...(await this.placer.clients(place)))
    const decoded = inSlots(stages, 'decoded', BACKEND_DECODED_SLOTS)
    const transport = inSlots(stages, 'transport', BACKEND_TRANSPORT_SLOTS)
    this.placed.set(config, listed([...decoded, ...transport]))
    return {
      decoded: joinStages(decoded),
      transport: joinStages(transport),
      meter: this.observers.backend(place.endpoint, place.backend),
      watch: this.observers.call(place.endpoint, place.backend)
    }
  }

  stagesOf(endpoint: EndpointConfig, backend?: BackendConfig): readonly PlacedStage[] {
    return this.placed.get(backend ?? endpoint) ?? []
  }

  async open(): Promise<void> {
    for (const work of this.openers) await work()
  }

  async close(): Promise<void> {
    for (const work of this.closers.splice(0).reverse()) {
      try {
        await work()
      } catch (error) {
        this.logger.error('[SERVICE: Plugins] closing failed:', textOf(error))
      }
    }
  }
}

function listed(stages: readonly Stage[]): PlacedStage[] {
  return stages.flatMap(stage => stage.members ?? [{ name: stage.name, needs: stage.needs }])
}

/** What plugins get: they can write lines and nothing else. */
function pluginLogger(logger: GatewayLogger): Logger {
  return Object.freeze({
    debug: (...values: unknown[]) => logger.debug(...values),
    info: (...values: unknown[]) => logger.info(...values),
    warning: (...values: unknown[]) => logger.warning(...values),
    error: (...values: unknown[]) => logger.error(...values),
    critical: (...values: unknown[]) => logger.critical(...values),
    fatal: (...values: unknown[]) => logger.fatal(...values)
  })
}
