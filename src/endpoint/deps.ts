import type { BackendDeps } from '../backend/backend.js'
import type { BackendConfig, EndpointConfig, RouterConfig } from '../config/types.js'
import type { Renderer } from '../encoding/types.js'
import type { Report } from '../exchange/exchange-report.js'
import type { OpenExchanges } from '../exchange/open-exchanges.js'
import type { Identity } from '../identity.js'
import type { BackendLayers, EndpointLayers } from '../plugin/run/layers.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import type { ListsTable } from './endpoint-lists.js'

/** What endpoints are built from; one per gateway. */
export interface EndpointDeps {
  readonly router: RouterConfig
  readonly identity: Identity
  readonly logger: GatewayLogger
  readonly backends: BackendDeps
  readonly lists: ListsTable
  /** Encodings added in code. */
  readonly renderers: ReadonlyMap<string, Renderer>
  /** Neither plugins nor components nor code stand in an endpoint or its backends, and nothing of it is opened at boot. */
  readonly isBare: (endpoint: EndpointConfig) => boolean
  /** What an endpoint says of itself and its backends; called before them. */
  readonly prepare: (endpoint: EndpointConfig) => Promise<void>
  /** What plugins, components and code put around an endpoint, and around each of its backends. */
  readonly layersOf: (endpoint: EndpointConfig) => Promise<EndpointLayers>
  readonly backendLayersOf: (endpoint: EndpointConfig, backend: BackendConfig) => Promise<BackendLayers>
  readonly report: Report | undefined
  readonly exchanges: OpenExchanges
}
