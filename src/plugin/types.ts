/** The public plugin interface, version 1. Shapes and rules: docs/plugins.md. */

import type { GatewayRequest, GatewayResponse } from '../message/public.js'
import type { Next, Wrap } from '../pipe/next.js'
import type { Logger } from '../telemetry/logger.js'

export type { Logger, Next, Wrap }

/** The `extra_config` object of the namespace, frozen: `{"name": ["a"], "a": {…}}`. */
export type ExtraConfig = { readonly [key: string]: unknown }

/** Takes a request, returns a response. */
export type Handler = (request: GatewayRequest) => GatewayResponse | Promise<GatewayResponse>

/** Wraps the next handler by another one, at boot. */
export type HandlerWrap = (next: Next) => Handler

export type HandlerFactory = (context: PluginContext, extra: ExtraConfig, next: Next) => Handler | Promise<Handler>

export type ModifierFactory = (context: PluginContext, extra: ExtraConfig) => Modifier | Promise<Modifier>

/** A response that `request` returns skips the later request modifiers, all further in, and the response modifiers of this level. */
export interface Modifier {
  request?(request: GatewayRequest): void | GatewayResponse | Promise<void | GatewayResponse>
  response?(response: GatewayResponse, request: GatewayRequest): void | GatewayResponse | Promise<void | GatewayResponse>
}

/** What a plugin promises to touch at most; undeclared = anything, paid when used. */
export type Needs = 'head' | 'stream' | 'body' | 'data'

export interface About {
  needs?: Needs
}

/** Where a plugin stands and what it may use. */
export interface PluginContext {
  readonly name: string
  readonly scope: 'service' | 'endpoint' | 'backend'
  /** The endpoint's path as configured, `/x/{id}`; not at service scope. */
  readonly endpoint?: string
  readonly method?: string
  /** The backend's url_pattern as configured; backend scope only. */
  readonly urlPattern?: string
  readonly logger: Logger
  /** Aborts when the gateway, or this generation of its configuration, closes. */
  readonly signal: AbortSignal
}

interface Plugin {
  /** Called first, once per symbol. */
  registerLogger?(logger: Logger): void
}

export interface HandlerPlugin extends Plugin {
  registerHandlers(register: (name: string, factory: HandlerFactory, about?: About) => void): void
}

export interface ClientPlugin extends Plugin {
  registerClients(register: (name: string, factory: HandlerFactory, about?: About) => void): void
}

export interface ModifierPlugin extends Plugin {
  registerModifiers(
    register: (name: string, factory: ModifierFactory, on?: { request?: boolean; response?: boolean } & About) => void
  ): void
}

/** A plugin module: any subset of the three symbols, at least one. */
export interface PluginModule {
  HandlerRegisterer?: HandlerPlugin
  ClientRegisterer?: ClientPlugin
  ModifierRegisterer?: ModifierPlugin
  apiVersion?: number
}
