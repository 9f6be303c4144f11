/**
 * Counts what the status page shows. In: what a gateway lets itself be watched by. Out: series of endpoints, backends and plugins of
 * the configuration that serves. A reload keeps those that are in both configurations.
 */

import type { BackendFacts, EndpointFacts } from '../../telemetry/facts.js'
import type { GatewayObserver, ObservedExchange } from '../../telemetry/observer.js'
import { StatusClock } from './clock.js'
import { RecentErrors } from './recent-errors.js'
import { BackendSeries, ExchangeSeries, StageSeries } from './series.js'

/** A backend of an endpoint and what was counted of it. */
export interface WatchedBackend {
  readonly endpoint: EndpointFacts
  readonly backend: BackendFacts
  readonly series: BackendSeries
}

/** A plugin or component in one scope. */
export interface WatchedStage {
  readonly name: string
  readonly scope: string
  readonly series: StageSeries
}

/** Series of one generation of the configuration, by their keys. */
export class WatchedGeneration {
  /** By path, then by method. */
  readonly endpoints = new Map<string, Map<string, ExchangeSeries>>()
  readonly backends = new Map<string, WatchedBackend>()
  readonly stages = new Map<string, WatchedStage>()
}

export class StatusCollector {
  readonly clock = new StatusClock()
  readonly errors = new RecentErrors()
  /** Exchanges that no endpoint took: 404, health, redirects. */
  readonly others = new ExchangeSeries(this.clock)
  inFlight = 0
  /** What serves. */
  current = new WatchedGeneration()

  /** Watches a generation that is being built. It is shown once it is {@link current}. */
  watch(generation: WatchedGeneration): GatewayObserver {
    const { clock } = this
    return {
      started: () => {
        this.inFlight++
      },
      finished: exchange => this.finished(exchange, generation),
      proxy: endpoint => {
        const methods = generation.endpoints.get(endpoint.path) ?? new Map<string, ExchangeSeries>()
        const known = this.current.endpoints.get(endpoint.path)?.get(endpoint.method)
        generation.endpoints.set(endpoint.path, methods.set(endpoint.method, known ?? new ExchangeSeries(clock)))
        return undefined
      },
      backend: (endpoint, backend) => {
        const key = freeKey(generation.backends, `${endpoint.method} ${endpoint.path} ${backend.method} ${backend.urlPattern}`)
        const series = this.current.backends.get(key)?.series ?? new BackendSeries(clock)
        generation.backends.set(key, { endpoint, backend, series })
        return series.meter
      },
      stage: ({ scope }, name) => {
        const key = `${scope} ${name}`
        const stage = generation.stages.get(key) ??
          this.current.stages.get(key) ?? { name, scope, series: new StageSeries(clock) }
        generation.stages.set(key, stage)
        return stage.series.meter
      }
    }
  }

  close(): void {
    this.clock.close()
  }

  private finished(exchange: ObservedExchange, { endpoints }: WatchedGeneration): void {
    this.inFlight--
    const { error, route, status } = exchange
    const method = exchange.req.method ?? ''
    const methods = route === '' ? undefined : endpoints.get(route)
    // HEAD may be the GET endpoint's (`auto_head`)
    const series = methods?.get(method) ?? methods?.get('GET') ?? this.others
    series.rate.record()
    series.bytesIn += exchange.bytesIn
    series.bytesOut += exchange.bytesOut
    if (error?.code === 'SLUICE_ERR_CLIENT_ABORTED') series.aborted++
    else {
      series.latency.record((exchange.firstByteAt || performance.now()) - exchange.startedAt)
      if (status >= 500) series.serverErrors++
      else if (status >= 400) series.clientErrors++
      else if (error !== undefined) series.incomplete++
    }
    if (error !== undefined) this.errors.add(error, methods === undefined ? '' : method, route, status)
  }
}

/** Backends of one endpoint may be alike. */
function freeKey(taken: ReadonlyMap<string, unknown>, key: string): string {
  let free = key
  for (let n = 2; taken.has(free); n++) free = `${key} ${n}`
  return free
}
