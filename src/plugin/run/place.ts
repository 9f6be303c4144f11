/** A place of the pipe where plugins and components stand: its names, facts and configuration. */

import { hash } from 'node:crypto'
import type { BackendConfig, ExtraConfig as ConfigExtra, EndpointConfig, ServiceConfig } from '../../config/types.js'
import type { BackendFacts, EndpointFacts } from '../../telemetry/facts.js'
import { BEFORE_INPUT_HEADERS } from '../../telemetry/facts.js'
import type { Logger } from '../../telemetry/logger.js'
import type { PluginContext } from '../types.js'

export interface Place {
  readonly scope: 'service' | 'endpoint' | 'backend'
  /** The same for the same place of another configuration: route, number, pattern and hosts of the backend. */
  readonly id: string
  /** What {@link fingerprintOf} tells places of different configurations apart by. */
  readonly config: ServiceConfig | EndpointConfig | BackendConfig
  readonly extra: ConfigExtra
  /** JSON pointer of what has the `extra_config`. */
  readonly pointer: string
  /** Begins log lines of requests. */
  readonly tag: string
  readonly endpoint: EndpointFacts | undefined
  readonly backend: BackendFacts | undefined
}

export function servicePlace(config: ServiceConfig): Place {
  return {
    scope: 'service',
    id: '',
    config,
    extra: config.extra,
    pointer: '',
    tag: '[SERVICE: Router]',
    endpoint: undefined,
    backend: undefined
  }
}

export function endpointPlace(config: EndpointConfig): Place & { readonly endpoint: EndpointFacts } {
  const { extra, pointer } = config
  return {
    scope: 'endpoint',
    id: routeOf(config),
    config,
    extra,
    pointer,
    tag: `[ENDPOINT: ${config.ginPath}]`,
    endpoint: endpointFacts(config),
    backend: undefined
  }
}

export function backendPlace(
  endpoint: EndpointConfig,
  config: BackendConfig
): Place & { readonly endpoint: EndpointFacts; readonly backend: BackendFacts } {
  const tag = `[BACKEND: ${endpoint.method} ${endpoint.ginPath} -> ${config.goPattern}]`
  const { extra, pointer, method, urlPattern, goPattern, hosts, encoding, timeoutMs, inputHeaders } = config
  const backend = Object.freeze({ method, urlPattern, goPattern, hosts, encoding, timeoutMs, inputHeaders })
  const id = JSON.stringify([routeOf(endpoint), endpoint.backends.indexOf(config), method, urlPattern, hosts])
  return { scope: 'backend', id, config, extra, pointer, tag, endpoint: endpointFacts(endpoint), backend }
}

/** `GET /x/{id}`: names an endpoint in its configuration. */
export const routeOf = ({ method, path }: EndpointConfig): string => `${method} ${path}`

/** One object for each endpoint: components find what they keep of an endpoint by it. */
const known = new WeakMap<EndpointConfig, EndpointFacts>()

function endpointFacts(config: EndpointConfig): EndpointFacts {
  const facts = known.get(config) ?? makeFacts(config)
  known.set(config, facts)
  return facts
}

function makeFacts(config: EndpointConfig): EndpointFacts {
  const { path, ginPath, method, params, timeoutMs, cacheTtlMs, inputHeaders, inputQueryStrings, outputEncoding, maxBodyBytes } =
    config
  return Object.freeze({
    path,
    ginPath,
    method,
    params,
    timeoutMs,
    cacheTtlMs,
    inputHeaders,
    inputQueryStrings,
    outputEncoding,
    namespaces: Object.keys(config.extra),
    readsUnlisted: BEFORE_INPUT_HEADERS.some(namespace => Object.hasOwn(config.extra, namespace)),
    backendCount: config.backends.length,
    urlPatterns: config.backends.map(backend => backend.urlPattern),
    maxBodyBytes
  })
}

/** Names a place and all that is configured of it. The same in every gateway whose configuration has the same place. */
export function fingerprintOf({ id, config }: Place): string {
  return hash('sha256', `${id} ${JSON.stringify(config, withoutPointers)}`, 'base64url')
}

/** Where something stands in its file says nothing of what it does. */
const withoutPointers = (name: string, value: unknown): unknown => (name === 'pointer' ? undefined : value)

/** What a factory is told about its place. */
export function contextOf(place: Place, name: string, logger: Logger, signal: AbortSignal): PluginContext {
  return {
    name,
    scope: place.scope,
    logger,
    signal,
    ...(place.endpoint === undefined
      ? {}
      : { endpoint: place.endpoint.path, method: place.backend?.method ?? place.endpoint.method }),
    ...(place.backend === undefined ? {} : { urlPattern: place.backend.urlPattern })
  }
}

/** The pointer to the options of a namespace, or to what `within` names in them. */
export function optionPointer(place: Place, namespace: string, within: string): string {
  return `${place.pointer}/extra_config/${namespace.replaceAll('~', '~0').replaceAll('/', '~1')}${within}`
}
