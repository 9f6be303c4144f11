/** What a component is told while it compiles one place, and what it may ask of the gateway. */

import { ConfigError, type ConfigProblem } from '../../errors.js'
import type { BackendFacts, EndpointFacts } from '../../telemetry/facts.js'
import type { GatewayState } from '../../telemetry/gateway-state.js'
import type { Observers } from '../../telemetry/observer.js'
import type { Component, ComponentContext, ServiceFacts, WorkerTopics } from '../component.js'
import type { Logger, PluginContext } from '../types.js'
import type { TakeFault } from './faults.js'
import type { KeptState } from './kept-state.js'
import { fingerprintOf, optionPointer, type Place } from './place.js'
import type { ToldLines } from './told-lines.js'

/** What components of one gateway share. */
export interface ComponentHost {
  /** In the order in which a place's are compiled. */
  readonly components: readonly Component[]
  readonly service: ServiceFacts
  readonly source: string
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly shared: Map<string, unknown>
  readonly kept: KeptState
  readonly state: GatewayState
  readonly workers: WorkerTopics | undefined
  /** What components have read. */
  readonly files: Set<string>
  /** Namespaces of the service that could not be compiled. */
  readonly broken: Set<string>
  readonly onClose: (work: () => void | Promise<void>) => void
  readonly onListen: (work: () => Promise<void>) => void
  readonly observers: Observers
  readonly takeFault: TakeFault
  readonly told: ToldLines
}

/** What a component builds on has a fault, which is told. */
export class BrokenBase extends Error {}

/**
 * One for each component of each place, thousands in all: what a component can call is made when it asks for it. Each is a function of its
 * own, which a component may take out of the context.
 */
export class CompileContext implements ComponentContext {
  readonly name: string
  readonly scope: PluginContext['scope']
  readonly endpoint?: string
  readonly method?: string
  readonly urlPattern?: string
  private readonly place: Place
  private readonly host: ComponentHost

  constructor({ namespace }: Component, place: Place, host: ComponentHost) {
    this.name = namespace
    this.scope = place.scope
    this.place = place
    this.host = host
    const { endpoint, backend } = place
    if (endpoint !== undefined) {
      this.endpoint = endpoint.path
      this.method = backend?.method ?? endpoint.method
    }
    if (backend !== undefined) this.urlPattern = backend.urlPattern
  }

  get logger(): Logger {
    return this.host.logger
  }

  get signal(): AbortSignal {
    return this.host.signal
  }

  get service(): ServiceFacts {
    return this.host.service
  }

  get endpointFacts(): EndpointFacts | undefined {
    return this.place.endpoint
  }

  get backendFacts(): BackendFacts | undefined {
    return this.place.backend
  }

  get tag(): string {
    return this.place.tag
  }

  get shared(): Map<string, unknown> {
    return this.host.shared
  }

  get workers(): WorkerTopics | undefined {
    return this.host.workers
  }

  get gateway(): GatewayState {
    return this.host.state
  }

  get keep(): ComponentContext['keep'] {
    const { host } = this
    return (key, open) => {
      const { value, release } = host.kept.lease(key, open)
      host.onClose(release)
      return value
    }
  }

  get keepHere(): ComponentContext['keepHere'] {
    const { keep, name, place } = this
    return (facts, open) => keep(`${name} ${place.id} ${JSON.stringify(facts)}`, open)
  }

  get fingerprint(): ComponentContext['fingerprint'] {
    const { place } = this
    return () => fingerprintOf(place)
  }

  get reads(): ComponentContext['reads'] {
    const { files } = this.host
    return file => void files.add(file)
  }

  get onClose(): ComponentContext['onClose'] {
    return this.host.onClose
  }

  get onListen(): ComponentContext['onListen'] {
    return this.host.onListen
  }

  get observe(): ComponentContext['observe'] {
    const { observers } = this.host
    return observer => observers.add(observer)
  }

  get status(): ComponentContext['status'] {
    const { name: namespace, place, host } = this
    return (name, facts) => void host.observers.sources.push({ namespace, name, place, facts })
  }

  get pools(): ComponentContext['pools'] {
    const { observers } = this.host
    return () => observers.pools()
  }

  get offerMetric(): ComponentContext['offerMetric'] {
    const { observers } = this.host
    return metric => void observers.metrics.push(metric)
  }

  get offeredMetrics(): ComponentContext['offeredMetrics'] {
    const { observers } = this.host
    return () => observers.metrics
  }

  get fail(): ComponentContext['fail'] {
    return (pointer, message) => {
      throw new ConfigError([this.problem(pointer, message)])
    }
  }

  get buildsOn(): ComponentContext['buildsOn'] {
    const { broken } = this.host
    return base => {
      if (broken.has(base)) throw new BrokenBase(`\`${base}\` has a fault`)
    }
  }

  get report(): ComponentContext['report'] {
    return (pointer, message, level = 'error') => {
      const { name, place, host } = this
      const { tolerant } = host.service
      const line = `${place.tag}[${name}] ${pointer}: ${message}`
      const isNew = host.takeFault({ ...this.problem(pointer, message), level }, tolerant)
      const cause = `[${name}] ${pointer.replace(/\/\d+(?=\/|$)/g, '/…')}: ${message}`
      if (level === 'warning' || (tolerant && isNew)) host.told.tell(level, cause, line)
    }
  }

  /** A problem with the options. @param pointer within them */
  problem(pointer: string, message: string): ConfigProblem {
    const { name, place, host } = this
    return { level: 'error', file: host.source, pointer: optionPointer(place, name, pointer), message }
  }
}
