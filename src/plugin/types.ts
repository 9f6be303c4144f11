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

/** Makes the handler of one place, at boot. It is called once for each place that names the plugin; a throw or a rejection stops the start. */
export type HandlerFactory = (context: PluginContext, extra: ExtraConfig, next: Next) => Handler | Promise<Handler>

/** Makes the modifier of one place, at boot. It is called once for each place that names the plugin; a throw or a rejection stops the start. */
export type ModifierFactory = (context: PluginContext, extra: ExtraConfig) => Modifier | Promise<Modifier>

/** A response that `request` returns skips the later request modifiers, all further in, and the response modifiers of this level. */
export interface Modifier {
  /** Edits a request, in place or by returning a response in its stead. */
  request?(request: GatewayRequest): void | GatewayResponse | Promise<void | GatewayResponse>
  /** Edits a response, in place or by returning another one. */
  response?(response: GatewayResponse, request: GatewayRequest): void | GatewayResponse | Promise<void | GatewayResponse>
}

/** What a plugin promises to touch at most; undeclared = anything, paid when used. */
export type Needs = 'head' | 'stream' | 'body' | 'data'

/** What a plugin says of itself when it registers. */
export interface About {
  /** Default: undeclared. */
  needs?: Needs
}

/** Where a plugin stands and what it may use. */
export interface PluginContext {
  /** The name under which the configuration uses the plugin; for a component its namespace. */
  readonly name: string
  /** Where it stands: around the router, around an endpoint, or around the call of one backend. */
  readonly scope: 'service' | 'endpoint' | 'backend'
  /** The endpoint's path as configured, `/x/{id}`; not at service scope. */
  readonly endpoint?: string
  /** The method of the endpoint, upper-case; not at service scope. */
  readonly method?: string
  /** The backend's url_pattern as configured; backend scope only. */
  readonly urlPattern?: string
  /** The log of the gateway. */
  readonly logger: Logger
  /** Aborts when the gateway, or this generation of its configuration, closes. */
  readonly signal: AbortSignal
}

interface Plugin {
  /** Called first, once per symbol. */
  registerLogger?(logger: Logger): void
}

/** The export `HandlerRegisterer`: plugins for `plugin/http-server`. */
export interface HandlerPlugin extends Plugin {
  /** Called once, after `registerLogger`. Call `register` for each name. */
  registerHandlers(register: (name: string, factory: HandlerFactory, about?: About) => void): void
}

/** The export `ClientRegisterer`: plugins for `plugin/http-client`. */
export interface ClientPlugin extends Plugin {
  /** Called once, after `registerLogger`. Call `register` for each name. */
  registerClients(register: (name: string, factory: HandlerFactory, about?: About) => void): void
}

/** The export `ModifierRegisterer`: plugins for `plugin/req-resp-modifier`. */
export interface ModifierPlugin extends Plugin {
  /** Called once, after `registerLogger`. Call `register` for each name; `on` says in which directions it runs (default: both). */
  registerModifiers(
    register: (name: string, factory: ModifierFactory, on?: { request?: boolean; response?: boolean } & About) => void
  ): void
}

/** A plugin module: any subset of the three symbols, at least one. */
export interface PluginModule {
  HandlerRegisterer?: HandlerPlugin
  ClientRegisterer?: ClientPlugin
  ModifierRegisterer?: ModifierPlugin
  /** The version of the plugin interface that the module was written for. Default 1, the only one. */
  apiVersion?: number
}
