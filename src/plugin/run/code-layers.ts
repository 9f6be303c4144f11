/** Layers that code hands over in place of plugins: around the service, an endpoint, a backend. */

import type { BackendConfig, EndpointConfig } from '../../config/types.js'
import type { Layer } from '../../pipe/layer.js'
import { aroundStep, type Wrap } from '../../pipe/next.js'
import type { Logger } from '../../telemetry/logger.js'
import type { HandlerWrap } from '../types.js'
import { HandlerPlace } from './chain.js'

/** The hooks of `createGateway`. */
export interface CodeWraps {
  /** Wraps everything: each request before routing, each response. Outermost. */
  readonly wrapService?: HandlerWrap
  /** Adds a stage to an endpoint: sees the client's request and the finished response. Called once per endpoint at boot. */
  readonly wrapEndpoint?: (endpoint: EndpointConfig) => HandlerWrap | undefined
  /** Adds a stage to, or replaces, a backend's transport: sees the call and the upstream's bytes. Called once per backend at boot. */
  readonly wrapBackend?: (backend: BackendConfig, endpoint: EndpointConfig) => HandlerWrap | undefined
}

export class CodeLayers {
  private readonly wraps: CodeWraps
  private readonly logger: Logger

  constructor(wraps: CodeWraps, logger: Logger) {
    this.wraps = wraps
    this.logger = logger
  }

  /** Code hands over no layer for endpoints and backends. */
  get isEmpty(): boolean {
    return this.wraps.wrapEndpoint === undefined && this.wraps.wrapBackend === undefined
  }

  service(): Layer | undefined {
    return betweenSteps(this.guarded('wrapService', 'service/outer', '[SERVICE: Router]', this.wraps.wrapService))
  }

  endpoint(config: EndpointConfig): Layer | undefined {
    const wrap = this.wraps.wrapEndpoint?.(config)
    return betweenSteps(this.guarded('wrapEndpoint', 'endpoint/router', `[ENDPOINT: ${config.ginPath}]`, wrap))
  }

  backend(endpoint: EndpointConfig, config: BackendConfig): Layer | undefined {
    const wrap = this.wraps.wrapBackend?.(config, endpoint)
    return betweenSteps(this.guarded('wrapBackend', 'backend/transport', `[BACKEND: ${config.goPattern}]`, wrap))
  }

  /** Contains the wrap as a plugin's handler is contained: what it throws is a failure of its own. */
  private guarded(name: string, at: string, tag: string, wrap: HandlerWrap | undefined): Layer<Wrap> | undefined {
    if (wrap === undefined) return undefined
    const { logger } = this
    return {
      wrap: next => {
        const place = new HandlerPlace({ name, file: '(code)', tag, logger, needs: undefined })
        place.inner = next
        place.handler = wrap(place.next)
        return place.enter
      },
      stages: [{ name, place: at, holdsBody: 'may' }]
    }
  }
}

function betweenSteps(layer: Layer<Wrap> | undefined): Layer | undefined {
  return layer && { wrap: aroundStep(layer.wrap), stages: layer.stages }
}
