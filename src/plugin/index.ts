/** The public plugin interface, `sluice/plugin`. */

export { type ErrorCode, GatewayError, type GatewayErrorInit } from '../errors.js'
export { type QueryPair, queryPairs, sortedQuery } from '../http/query.js'
export { connectFailure, omitConnection } from '../http/undici-quirks.js'
export { Body } from '../message/body.js'
export { HeaderMap, type HeadersLike } from '../message/header-map.js'
export { numberText } from '../message/json-numbers.js'
export { parseJsonValue as parseJson, stringifyJsonValue as stringifyJson } from '../message/json-value.js'
export { GatewayRequest } from '../message/request.js'
export { GatewayResponse, type Init, isGatewayResponse } from '../message/response.js'
export type { ByteStage, Observer } from '../message/stages.js'
export type { Token, TokenStage } from '../message/token-pipe.js'
export type { Next, Wrap } from '../pipe/next.js'
export type { CallTrace, CallWatch } from '../telemetry/call-trace.js'
export type { BackendFacts, EndpointFacts } from '../telemetry/facts.js'
export type {
  GatewayObserver,
  ObservedExchange,
  PipeMeter,
  PipeOutcome,
  PoolState,
  StageMeter,
  StagePlace
} from '../telemetry/observer.js'
export {
  type BackendSlot,
  type Compiled,
  type Component,
  type ComponentContext,
  defineComponent,
  type EndpointSlot,
  type ServiceFacts,
  type ServiceSlot,
  type SlottedEdit,
  type SlottedWrap
} from './component.js'
export { defineHandler, defineModifier, type HandlerDefinition, type ModifierDefinition, optionsOf } from './define.js'
export { DurationError, parseDuration } from './duration.js'
export { type ItemsOptions, items } from './items.js'
export { testPlugin } from './moved.js'
export { OptionReader } from './option-reader.js'
export type {
  About,
  ClientPlugin,
  ExtraConfig,
  Handler,
  HandlerFactory,
  HandlerPlugin,
  HandlerWrap,
  Logger,
  Modifier,
  ModifierFactory,
  ModifierPlugin,
  Needs,
  PluginContext,
  PluginModule
} from './types.js'
