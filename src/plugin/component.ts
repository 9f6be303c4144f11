/**
 * How a shipped component declares itself: which namespace it reads, where it stands, what it needs, how its options look,
 * and how it compiles to a stage. Components live in `plugins/`, built on `sluice/plugin` alone.
 */

import type { GatewayRequest, GatewayResponse, HeaderMap } from '../message/public.js'
import type { Wrap } from '../pipe/next.js'
import type { BackendFacts, EndpointFacts } from '../telemetry/facts.js'
import type { GatewayState } from '../telemetry/gateway-state.js'
import type { ComponentMetric, GatewayObserver, PoolState } from '../telemetry/observer.js'
import type { StatusFacts } from '../telemetry/status.js'
import type { OptionReader } from './option-reader.js'
import type { Logger, Needs, PluginContext } from './types.js'

/** Around everything, also health, 404 and redirects; outermost first. */
export const SERVICE_OUTER_SLOTS = ['telemetry', 'cors', 'plugins'] as const
/** Around routes, 404 and 405, not around health, debug and echo. */
export const SERVICE_INNER_SLOTS = ['security', 'bot-detector', 'ratelimit', 'scripting'] as const
/** The client's whole request and the finished response. */
export const ENDPOINT_ROUTER_SLOTS = ['bot-detector', 'telemetry', 'auth', 'claims', 'scripting', 'ratelimit'] as const
/** After the endpoint's lists, outside of shadow and static; the response is data on decoded endpoints. */
export const ENDPOINT_PROXY_SLOTS = ['signer', 'scripting', 'check', 'schema'] as const
/** Outside of decoding: the response is data on decoded endpoints. */
export const BACKEND_DECODED_SLOTS = [
  'graphql',
  'modifiers',
  'telemetry',
  'circuit-breaker',
  'ratelimit',
  'scripting',
  'check'
] as const
/** Around the transport: the response is the upstream's. */
export const BACKEND_TRANSPORT_SLOTS = ['rewrite', 'plugin', 'telemetry', 'cache', 'credentials'] as const

/** Slots at service scope. */
export type ServiceSlot = `outer/${(typeof SERVICE_OUTER_SLOTS)[number]}` | `inner/${(typeof SERVICE_INNER_SLOTS)[number]}`
/** Slots at endpoint scope. */
export type EndpointSlot = `router/${(typeof ENDPOINT_ROUTER_SLOTS)[number]}` | `proxy/${(typeof ENDPOINT_PROXY_SLOTS)[number]}`
/** Slots at backend scope. */
export type BackendSlot =
  | `decoded/${(typeof BACKEND_DECODED_SLOTS)[number]}`
  | `transport/${(typeof BACKEND_TRANSPORT_SLOTS)[number]}`

/** Facts of the whole. */
export interface ServiceFacts {
  /** The root key `name`. */
  readonly name: string
  /** Sluice's version. */
  readonly version: string
  /** The `User-Agent` of requests that the gateway makes. */
  readonly userAgent: string
  /** `router.return_error_msg`. */
  readonly returnErrorMsg: boolean
  /** `router.error_status`. */
  readonly errorStatus: 'krakend' | 'http'
  /** True when the gateway was started with `--tolerant`. */
  readonly tolerant: boolean
  /** `router.health_path`; default `/__health`. */
  readonly healthPath: string
  /** Keys of the service's `extra_config`. */
  readonly namespaces: readonly string[]
  /** True when code was handed over that stands around the service or its endpoints. */
  readonly wrapped: boolean
  /** The environment variables that the gateway was given. */
  readonly env: NodeJS.ProcessEnv
}

/** State of a component that is closed when the last generation of the configuration that uses it is gone. */
export interface Keepable {
  /** Called once, when no generation keeps the state. */
  readonly close?: () => void | Promise<void>
}

/** State that each worker of `sluice run --workers` holds, the same in all of them: it is what was published, applied in order. */
export interface WorkerTopic {
  /** Called first. `ageMs`: how long ago the first of all workers joined. */
  begin(ageMs: number): void
  /** Takes a message, one after the other; it was published `ageMs` ago. */
  apply(message: Uint8Array, ageMs: number): Promise<void>
  /** Returns a message that stands for all that were applied. */
  snapshot(): Promise<Uint8Array>
}

/** A topic that a worker has joined. */
export interface JoinedTopic {
  /** Settles when all workers have applied the message, this one too. @rejects Error when some have not in time; they will */
  publish(message: Uint8Array): Promise<void>
  /** No longer hears of messages. A topic that all workers have left is forgotten. */
  leave(): void
}

/** The text of one worker. */
export interface WorkerText {
  /** The number of the worker's place, from 1. */
  readonly worker: number
  /** What the worker has made for {@link WorkerTopics.offer}. */
  readonly text: string
}

/** What the workers of one `sluice run --workers` share; the primary keeps it for those that start later. */
export interface WorkerTopics {
  /** The number of this worker's place, from 1. A worker that takes the place of another one has its number. */
  readonly place: number
  /** Names of the topics that begin with `prefix`. @rejects Error when the primary does not answer */
  names(prefix: string): Promise<readonly string[]>
  /**
   * Applies what was published until now, and hears of what follows.
   * @param name begins with the namespace
   * @rejects Error when the primary does not answer, or a message cannot be applied
   */
  join(name: string, topic: WorkerTopic): Promise<JoinedTopic>
  /**
   * Offers a text that any worker may ask for; the last offer of a name counts. Returns the end of the offer.
   * @param name begins with the namespace
   */
  offer(name: string, make: () => string | Promise<string>): () => void
  /** Returns the texts of all workers that offer it and make it within 2 s. @rejects Error when the primary does not answer */
  gather(name: string): Promise<readonly WorkerText[]>
}

/** What `compile` gets beside its options. */
export interface ComponentContext extends PluginContext {
  /** Facts of the service. */
  readonly service: ServiceFacts
  /** At endpoint and backend scope. */
  readonly endpointFacts: EndpointFacts | undefined
  /** At backend scope. */
  readonly backendFacts: BackendFacts | undefined
  /** `[SERVICE: Router]`, `[ENDPOINT: /x/:id]` or `[BACKEND: GET /x -> /y]`, as KrakenD prints it. */
  readonly tag: string
  /** One map per gateway, for what several places share; keys begin with the namespace. */
  readonly shared: Map<string, unknown>
  /**
   * Returns state that outlives this generation of the configuration: the next one gets the same object for the same key. `open` makes
   * it when there is none; its `close`, if it has one, runs when the last generation that keeps it has closed.
   * @param key begins with the namespace; names all options that the state depends on
   * @param open gets a logger that outlives this generation too
   */
  keep<T extends object>(key: string, open: (logger: Logger) => T): T
  /**
   * As {@link keep}, for state of this place alone: the same endpoint, the same backend with the same hosts.
   * @param facts what the state depends on beside its place, as JSON
   */
  keepHere<T extends object>(facts: unknown, open: (logger: Logger) => T): T
  /**
   * Names this place and all that is configured of it: the same in every gateway with the same configuration, and different in others. For
   * state that gateways share.
   */
  fingerprint(): string
  /** What all workers share; undefined in a process that serves alone. */
  readonly workers: WorkerTopics | undefined
  /**
   * Tells that what is compiled depends on a file, or will once it can be read: `--watch` reloads when it changes.
   * @param file relative to the working directory, or absolute
   */
  reads(file: string): void
  /** Runs `work` when the gateway closes. */
  onClose(work: () => void | Promise<void>): void
  /** Runs `work` when the gateway is about to open its port, in order; a rejection stops the start. Not for gateways that never listen. */
  onListen(work: () => Promise<void>): void
  /** Watches the whole gateway; at service scope only, where endpoints and backends are still to come. */
  observe(observer: GatewayObserver): void
  /**
   * Shows operators a state of this place: a breaker, a limit, a cache. `facts` is called when the status page asks, never per request.
   * @param name what it is, in a word
   */
  status(name: string, facts: () => StatusFacts): void
  /** The connections to each origin, as they are now; none until the gateway is built. */
  pools(): Iterable<PoolState>
  /** The gateway as a whole: its reloads. Read when it is needed. */
  readonly gateway: GatewayState
  /** Offers a number of the component's own to what shows metrics. */
  offerMetric(metric: ComponentMetric): void
  /** The numbers that components offer; complete in {@link onListen}. */
  offeredMetrics(): Iterable<ComponentMetric>
  /**
   * Stops the start: an option that cannot be honoured.
   * @param pointer JSON pointer within the options: `/jwk_url`
   * @throws ConfigError always
   */
  fail(pointer: string, message: string): never
  /**
   * Returns when the service's component of this namespace was compiled, or is not configured. Where it has a fault, that one is told, and
   * what builds on it stops the start without a fault of its own.
   */
  buildsOn(namespace: string): void
  /**
   * Tells that an option cannot be honoured, and goes on: the start stops when all faults are known. In tolerant mode it is an
   * ERROR line, and what the component takes in place of the option counts.
   * @param pointer JSON pointer within the options
   * @param level `warning`: never stops the start. Default `error`
   */
  report(pointer: string, message: string, level?: 'error' | 'warning'): void
}

/** One component. */
export interface Component {
  /** The `extra_config` key; equal to its folder in `plugins/`. */
  readonly namespace: string
  /** Other keys that mean the same. */
  readonly aliases?: readonly string[]
  /** Levels of the configuration at which the namespace is read. */
  readonly scopes: readonly ('service' | 'endpoint' | 'backend')[]
  /** Where it stands, per scope. A scope without a slot compiles (to share something) and adds no stage. */
  readonly slots: { readonly service?: ServiceSlot; readonly endpoint?: EndpointSlot; readonly backend?: BackendSlot }
  /** What its stages touch of a body. Default: undeclared. */
  readonly needs?: Needs
  /**
   * Protects what stands behind it: options with faults are never repaired or left out. In tolerant mode `compile` gets them as
   * they are and returns a stage that refuses every request where it cannot honour them. Default false.
   */
  readonly guard?: boolean
  /** Names of options count without regard to case, as in KrakenD where it decodes them into a structure. */
  readonly caseless?: boolean
  /** The status of a {@link guard} that refuses every request; without a body. Default: a failure of the pipe, 500. */
  readonly refusal?: number
  /** What of KrakenD's component is not there, for the table of namespaces: `traces, the key x`. Undefined = nothing is missing. */
  readonly lacks?: string
  /** JSON Schema (draft 2020-12) of the options. */
  readonly schema: object
  /**
   * Called once per place at boot. Returns undefined for no stage, and a list where the component stands in several slots of one
   * pipe. A throw stops the start.
   */
  compile(options: OptionReader, context: ComponentContext): Compiled | Promise<Compiled>
}

/** What a component compiles to. */
export type Compiled = Wrap | readonly (SlottedWrap | SlottedEdit | SlottedFollow)[] | undefined

/** A stage and its own slot. */
export interface SlottedWrap {
  /** Where it stands. */
  readonly slot: ServiceSlot | EndpointSlot | BackendSlot
  /** In place of the component's own. */
  readonly needs?: Needs
  /** Wraps the next handler. */
  readonly wrap: Wrap
}

/**
 * A stage that edits messages on their way and never looks at how a call ends. It costs no promise. Whatever its functions throw is the
 * failure of the call.
 */
export interface SlottedEdit {
  /** Where it stands. */
  readonly slot: ServiceSlot | EndpointSlot | BackendSlot
  /** In place of the component's own. */
  readonly needs?: Needs
  /**
   * Edits a request before it is sent on. A response that it returns stands for the call, and goes through {@link response}. A promise
   * is waited for; it is made only where there is something to wait for.
   */
  request?(request: GatewayRequest): GatewayResponse | undefined | Promise<GatewayResponse | undefined>
  /** Edits a response, or replaces it. */
  response?(response: GatewayResponse, request: GatewayRequest): GatewayResponse | Promise<GatewayResponse>
  /** For a stage of a transport slot that looks at header fields alone: the same as both functions. */
  readonly fields?: FieldEdits
}

/** Edits header fields. Where all stages of a pass-through endpoint do no more, no message objects are made for its requests. */
export interface FieldEdits {
  /** Edits the fields of a request before it is sent to the backend. */
  request?(headers: HeaderMap): void
  /** Edits the fields of the backend's response. */
  response?(headers: HeaderMap): void
}

/**
 * A stage that looks at a request, or edits it, and then at how its call ends. It costs no promise. Whatever its functions throw is the
 * failure of the call.
 */
export interface SlottedFollow {
  /** Where it stands. */
  readonly slot: ServiceSlot | EndpointSlot | BackendSlot
  /** In place of the component's own. */
  readonly needs?: Needs
  /**
   * Returns what follows the call, undefined when nothing does, or a response in its place, which nothing follows. A promise is waited
   * for; it is made only where there is something to wait for.
   */
  follow(request: GatewayRequest): Followed | Promise<Followed>
}

/** What {@link SlottedFollow.follow} returns. */
export type Followed = Follower | GatewayResponse | undefined

/** Follows calls to their ends; one that keeps nothing of a call may follow many. */
export interface Follower {
  /** Edits the response, or replaces it. */
  response?(response: GatewayResponse, request: GatewayRequest): GatewayResponse | Promise<GatewayResponse>
  /** Told of a failure, which goes on. */
  failure?(error: unknown): void
}

/** Gives a declaration its type; returns it as it is. */
export function defineComponent(component: Component): Component {
  return component
}
