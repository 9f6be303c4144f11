/**
 * Puts components and plugins into their places, at boot.
 *
 * In: the configuration's `extra_config` objects, the shipped components, plugin modules. Out: one wrap per place of the
 * pipes, in the order of `component.ts`; errors at start name the plugin, the place and what was meant.
 */

import type { BackendConfig, EndpointConfig, ServiceConfig } from '../config/types.js'
import { ConfigError } from '../errors.js'
import { SLUICE_VERSION } from '../identity.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import {
  BACKEND_DECODED_SLOTS,
  BACKEND_TRANSPORT_SLOTS,
  type BackendFacts,
  type Component,
  type ComponentContext,
  ENDPOINT_PROXY_SLOTS,
  ENDPOINT_ROUTER_SLOTS,
  type EndpointFacts,
  SERVICE_INNER_SLOTS,
  SERVICE_OUTER_SLOTS,
  type ServiceFacts
} from './component.js'
import type { ComponentRegistry } from './shipped.js'
import type { Needs, PluginContext, PluginModule, Wrap } from './types.js'

export interface PluginHostOptions {
  readonly config: ServiceConfig
  readonly modules: readonly PluginModule[]
  readonly components: ComponentRegistry
  readonly logger: GatewayLogger
  readonly signal: AbortSignal
  readonly tolerant: boolean
}

/** Wraps of an endpoint per place; see `endpoint/deps.ts`. */
export interface HostedEndpoint {
  readonly router: Wrap | undefined
  readonly handlers: Wrap | undefined
  readonly proxy: Wrap | undefined
  readonly modifiers: Wrap | undefined
}

export interface HostedBackend {
  readonly decoded: Wrap | undefined
  readonly transport: Wrap | undefined
}

/** What stands in a place, for `sluice pipes`. */
export interface PlacedStage {
  readonly name: string
  readonly needs: Needs | undefined
}

export interface PluginHost {
  readonly service: { readonly outer: Wrap | undefined; readonly inner: Wrap | undefined }
  endpoint(config: EndpointConfig): Promise<HostedEndpoint>
  backend(endpoint: EndpointConfig, backend: BackendConfig): Promise<HostedBackend>
  /** Stages of an endpoint, or of one of its backends, outermost first. */
  stagesOf(endpoint: EndpointConfig, backend?: BackendConfig): readonly PlacedStage[]
  /** Runs what components left to be done when the gateway closes. */
  close(): Promise<void>
}

type Scope = 'service' | 'endpoint' | 'backend'

/** One compiled stage and where it stands. */
interface Placed extends PlacedStage {
  /** `router/auth` */
  readonly slot: string
  readonly wrap: Wrap
}

const ORDER: readonly string[] = [
  ...SERVICE_OUTER_SLOTS.map(slot => `outer/${slot}`),
  ...SERVICE_INNER_SLOTS.map(slot => `inner/${slot}`),
  ...ENDPOINT_ROUTER_SLOTS.map(slot => `router/${slot}`),
  ...ENDPOINT_PROXY_SLOTS.map(slot => `proxy/${slot}`),
  ...BACKEND_DECODED_SLOTS.map(slot => `decoded/${slot}`),
  ...BACKEND_TRANSPORT_SLOTS.map(slot => `transport/${slot}`)
]

/** Joins the stages of one place (`router`, `proxy` …) into one wrap, outermost first; undefined without stages. */
function join(stages: readonly Placed[], place: string): Wrap | undefined {
  const own = stages.filter(stage => stage.slot.startsWith(`${place}/`))
  if (own.length === 0) return undefined
  return next => own.reduceRight((inner, stage) => stage.wrap(inner), next)
}

/** Compiles service stages at once; endpoints and backends when they are asked for. */
export async function createPluginHost(options: PluginHostOptions): Promise<PluginHost> {
  const host = new Host(options)
  await host.prepare()
  return host
}

class Host implements PluginHost {
  private readonly options: PluginHostOptions
  private readonly shared = new Map<string, unknown>()
  private readonly closers: (() => void | Promise<void>)[] = []
  private readonly placed = new Map<object, readonly Placed[]>()
  private readonly facts: ServiceFacts
  service: { readonly outer: Wrap | undefined; readonly inner: Wrap | undefined } = { outer: undefined, inner: undefined }

  constructor(options: PluginHostOptions) {
    this.options = options
    const { config } = options
    this.facts = {
      name: config.name,
      version: SLUICE_VERSION,
      returnErrorMsg: config.router.returnErrorMsg,
      errorStatus: config.router.errorStatus,
      tolerant: options.tolerant,
      healthPath: config.router.healthPath,
      env: process.env
    }
  }

  async prepare(): Promise<void> {
    const { config } = this.options
    const stages = await this.compile('service', config.extra, '', '[SERVICE: Router]', undefined, undefined)
    this.placed.set(config, stages)
    this.service = { outer: join(stages, 'outer'), inner: join(stages, 'inner') }
  }

  async endpoint(config: EndpointConfig): Promise<HostedEndpoint> {
    const stages = await this.compile(
      'endpoint',
      config.extra,
      config.pointer,
      `[ENDPOINT: ${config.ginPath}]`,
      endpointFacts(config),
      undefined
    )
    this.placed.set(config, stages)
    return { router: join(stages, 'router'), handlers: undefined, proxy: join(stages, 'proxy'), modifiers: undefined }
  }

  async backend(endpoint: EndpointConfig, backend: BackendConfig): Promise<HostedBackend> {
    const tag = `[BACKEND: ${endpoint.method} ${endpoint.ginPath} -> ${backend.goPattern}]`
    const stages = await this.compile(
      'backend',
      backend.extra,
      backend.pointer,
      tag,
      endpointFacts(endpoint),
      backendFacts(backend)
    )
    this.placed.set(backend, stages)
    return { decoded: join(stages, 'decoded'), transport: join(stages, 'transport') }
  }

  stagesOf(endpoint: EndpointConfig, backend?: BackendConfig): readonly PlacedStage[] {
    return this.placed.get(backend ?? endpoint) ?? []
  }

  async close(): Promise<void> {
    for (const work of this.closers.splice(0).reverse()) await work()
  }

  private async compile(
    scope: Scope,
    extra: { readonly [namespace: string]: unknown },
    pointer: string,
    tag: string,
    endpoint: EndpointFacts | undefined,
    backend: BackendFacts | undefined
  ): Promise<Placed[]> {
    const stages: Placed[] = []
    for (const component of this.options.components.values()) {
      const value = extra[component.namespace]
      if (value === undefined || !component.scopes.includes(scope)) continue
      const context = this.context(component, scope, pointer, tag, endpoint, backend)
      try {
        const made = await component.compile(value as never, context)
        const slot = component.slots[scope]
        const own = typeof made === 'function' ? (slot === undefined ? [] : [{ slot, wrap: made }]) : (made ?? [])
        for (const one of own) stages.push({ ...one, name: component.namespace, needs: component.needs })
      } catch (error) {
        if (!this.options.tolerant) throw error
        this.options.logger.error(`${tag}[${component.namespace}] left out: ${(error as Error).message}`)
      }
    }
    return stages.sort((a, b) => ORDER.indexOf(a.slot) - ORDER.indexOf(b.slot))
  }

  private context(
    component: Component<never>,
    scope: Scope,
    pointer: string,
    tag: string,
    endpoint: EndpointFacts | undefined,
    backend: BackendFacts | undefined
  ): ComponentContext {
    const { config, logger, signal } = this.options
    const base = `${pointer}/extra_config/${component.namespace.replaceAll('/', '~1')}`
    const plain: PluginContext = {
      name: component.namespace,
      scope,
      logger,
      signal,
      ...(endpoint === undefined ? {} : { endpoint: endpoint.path, method: backend?.method ?? endpoint.method }),
      ...(backend === undefined ? {} : { urlPattern: backend.urlPattern })
    }
    return {
      ...plain,
      service: this.facts,
      endpointFacts: endpoint,
      backendFacts: backend,
      tag,
      shared: this.shared,
      onClose: work => void this.closers.push(work),
      fail: (at, message): never => {
        throw new ConfigError([{ level: 'error', file: config.source, pointer: base + at, message }])
      }
    }
  }
}

function endpointFacts(config: EndpointConfig): EndpointFacts {
  return {
    path: config.path,
    ginPath: config.ginPath,
    method: config.method,
    params: config.params,
    timeoutMs: config.timeoutMs,
    cacheTtlMs: config.cacheTtlMs,
    inputHeaders: config.inputHeaders,
    inputQueryStrings: config.inputQueryStrings,
    outputEncoding: config.outputEncoding,
    backendCount: config.backends.length,
    urlPatterns: config.backends.map(backend => backend.urlPattern),
    maxBodyBytes: config.maxBodyBytes
  }
}

function backendFacts(config: BackendConfig): BackendFacts {
  return {
    method: config.method,
    urlPattern: config.urlPattern,
    goPattern: config.goPattern,
    hosts: config.hosts,
    encoding: config.encoding,
    timeoutMs: config.timeoutMs
  }
}
