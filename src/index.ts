/** The public face of the library. */

export type { BackendInput, ConfigInput, Duration, EndpointInput, ExtraConfigInput } from './config/input.js'
export type {
  BackendConfig,
  EndpointConfig,
  RouterConfig,
  ServerConfig,
  ServiceConfig,
  TransportConfig
} from './config/types.js'
export type { CustomEncoding } from './encoding/custom.js'
export { ConfigError, type ConfigProblem, ERRORS, type ErrorCode, formatProblem, GatewayError } from './errors.js'
export { createGateway } from './gateway.js'
export type { GatewayOptions } from './generation/gateway-options.js'
export type { ReloadResult } from './generation/reload-result.js'
export { SLUICE_VERSION } from './identity.js'
export type { PipeBackend, PipeDescription, PipeStage, PipeTree } from './pipe/description.js'
export { formatPipes } from './pipe/print.js'
export type { Handler, HandlerWrap, Next, PluginModule, Wrap } from './plugin/types.js'
export type { Gateway } from './running-gateway.js'
export type { InProcessRequest, InProcessResponse } from './server/in-process.js'
export type { GatewayState, ReloadRecord } from './telemetry/gateway-state.js'
export type { GatewayLogger, Logger } from './telemetry/logger.js'
