import type { Balancer } from '../backend/balancer.js'
import type { BackendWraps } from '../backend/call.js'
import type { UpstreamPools } from '../client/pools.js'
import type { BackendConfig, EndpointConfig, ServiceConfig } from '../config/types.js'
import type { Decoder, Renderer } from '../encoding/types.js'
import type { Report } from '../exchange/report.js'
import type { Identity } from '../identity.js'
import type { StepWrap } from '../pipe/step.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import type { PipeMeter } from '../telemetry/observer.js'

/** Stages of an endpoint, joined per place, outermost first (components document §1). */
export interface EndpointWraps {
  /** Auth and limits: they see the client's whole request and the finished answer. */
  readonly router: StepWrap | undefined
  /** Handler plugins: the request after the endpoint's lists, the finished answer. */
  readonly handlers: StepWrap | undefined
  /** Checks outside of shadow and static. */
  readonly proxy: StepWrap | undefined
  /** Request and response modifiers, inside static, outside the merge. */
  readonly modifiers: StepWrap | undefined
  /** Measures the pipe; undefined where nobody watches. */
  readonly meter?: PipeMeter | undefined
}

/** What endpoints are built from; one per gateway. */
export interface EndpointDeps {
  readonly config: ServiceConfig
  readonly pools: UpstreamPools
  readonly identity: Identity
  readonly logger: GatewayLogger
  /** Made once per backend; kept by the gateway to be closed. */
  readonly balancerFor: (backend: BackendConfig) => Balancer
  readonly decoders: ReadonlyMap<string, Decoder>
  readonly renderers: ReadonlyMap<string, Renderer>
  readonly wrapsOf: (endpoint: EndpointConfig) => Promise<EndpointWraps>
  readonly backendWrapsOf: (endpoint: EndpointConfig, backend: BackendConfig) => Promise<BackendWraps>
  readonly report: Report | undefined
}
