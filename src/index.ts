/** The public face of the library. */

export type {
  BackendInput,
  ClientTlsInput,
  ConfigInput,
  Duration,
  EndpointInput,
  ExtraConfigInput,
  ServerTlsInput
} from './config/input.js'
export type {
  BackendConfig,
  EndpointConfig,
  RouterConfig,
  ServerConfig,
  ServiceConfig,
  TransportConfig
} from './config/types.js'
export type { CustomEncoding } from './encoding/custom.js'
export {
  ConfigError,
  type ConfigProblem,
  ERRORS,
  type ErrorCode,
  type ErrorEntry,
  formatProblem,
  GatewayError,
  type GatewayErrorInit
} from './errors.js'
export { createGateway } from './gateway.js'
export type { GatewayOptions } from './generation/gateway-options.js'
export type { ReloadResult } from './generation/reload-result.js'
export { SLUICE_VERSION } from './identity.js'
export type { PipeBackend, PipeDescription, PipeStage, PipeTree } from './pipe/description.js'
export type { PipeFormat } from './pipe/formats.js'
export { formatPipes, type TreeStyle } from './pipe/print.js'
export type { Handler, HandlerWrap, Next, PluginModule, Wrap } from './plugin/types.js'
export type { CloseOptions, Gateway, Listening } from './running-gateway.js'
export type { InProcessRequest, InProcessResponse } from './server/in-process.js'
export type { GatewayState, ReloadRecord } from './telemetry/gateway-state.js'
export type { GatewayLogger, LogFilter, Logger, LogLevel } from './telemetry/logger.js'
