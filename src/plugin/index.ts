/** The public plugin interface, `sluice/plugin`. */

export { type ErrorCode, GatewayError, type GatewayErrorInit } from '../errors.js'
export { type QueryPair, queryPairs, sortedQuery } from '../http/query.js'
export { cipherName } from '../http/tls-names.js'
export { connectFailure, omitConnection } from '../http/undici-quirks.js'
export { parseJsonValue as parseJson, stringifyJsonValue as stringifyJson } from '../message/json/exact-json.js'
export { forgetNumberText, numberText } from '../message/json/json-numbers.js'
export type {
  Body,
  ByteStage,
  GatewayResponseConstructor,
  HeaderMapConstructor,
  HeadersLike,
  Init,
  LazyArrayConstructor,
  LazyJson,
  LazyObjectConstructor,
  Observer,
  StoredResponse,
  Token,
  TokenStage
} from '../message/public.js'
export type { CallWatch } from '../telemetry/call-trace.js'
export type { BackendFacts, EndpointFacts, StagePlace } from '../telemetry/facts.js'
export type { FinishedExchange } from '../telemetry/finished-exchange.js'
export type { CertificateFacts, GatewayState, ReloadRecord } from '../telemetry/gateway-state.js'
export type {
  ComponentMetric,
  GatewayObserver,
  ObservedExchange,
  PipeMeter,
  PoolState,
  StageMeter,
  Tracer
} from '../telemetry/observer.js'
export type {
  Admission,
  CallTrace,
  CallTracer,
  PipeOutcome,
  PipeResult,
  PipeTracer,
  ServerSpan,
  Span,
  StageTracer
} from '../telemetry/span.js'
export type { StatusFacts } from '../telemetry/status.js'
export {
  type BackendSlot,
  type Compiled,
  type Component,
  type ComponentContext,
  defineComponent,
  type EndpointSlot,
  type FieldEdits,
  type Followed,
  type Follower,
  type JoinedTopic,
  type ServiceFacts,
  type ServiceSlot,
  type SlottedEdit,
  type SlottedFollow,
  type SlottedWrap,
  type WorkerText,
  type WorkerTopic,
  type WorkerTopics
} from './component.js'
export { defineHandler, defineModifier, type HandlerDefinition, type ModifierDefinition, optionsOf } from './define.js'
export { DurationError, parseDuration } from './duration.js'
export { type ItemsOptions, items } from './items.js'
export { GatewayRequest, GatewayResponse, HeaderMap, isGatewayResponse, LazyArray, LazyObject } from './messages.js'
export { testPlugin } from './moved.js'
export { OptionReader } from './option-reader.js'
export { type OwnCall, type OwnCallRequest, traceCall, tracedFetch } from './own-call.js'
export { traceFields } from './trace-fields.js'
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
  Next,
  PluginContext,
  PluginModule,
  Wrap
} from './types.js'
