/** Layers `proxy` and `backend`, and the time of stages: series are made at boot, a run costs a few additions. */

import type { BackendFacts, CallWatch, EndpointFacts, PipeMeter, PipeOutcome, StageMeter, StagePlace } from 'sluice/plugin'
import { STAGE_BOUNDS, TIME_BOUNDS } from './buckets.js'
import { CallMetrics } from './call-metrics.js'
import type { Distribution, Families, Labels } from './families.js'
import type { BackendLayer, Layer } from './options.js'

/** Makes meters of one kind of pipe. */
export type MeterMaker = (labels: Labels) => PipeMeter

/** KrakenD's three labels of an outcome. */
function outcomeLabels(outcome: PipeOutcome): Labels {
  return [
    ['error', String(outcome === 'failed')],
    ['canceled', String(outcome === 'canceled')],
    ['complete', String(outcome === 'complete')]
  ]
}

function compileMeters(families: Families, name: string, help: string): MeterMaker {
  const histogram = families.histogram(name, help, TIME_BOUNDS)
  return labels => {
    const series = new Map<PipeOutcome, Distribution>()
    return (ms, outcome) => {
      let one = series.get(outcome)
      if (one === undefined) {
        one = histogram([...labels, ...outcomeLabels(outcome)])
        series.set(outcome, one)
      }
      one.record(ms / 1000)
    }
  }
}

/** All metrics of pipes and calls. */
export class PipeMetrics {
  private readonly proxyMeter: MeterMaker
  private readonly backendMeter: MeterMaker
  private readonly callMetrics: CallMetrics
  private readonly stageSeries: (labels: Labels) => Distribution

  constructor(families: Families, conventions: boolean) {
    this.proxyMeter = compileMeters(families, 'krakend_proxy_duration', 'Seconds that the pipe of an endpoint took.')
    this.backendMeter = compileMeters(
      families,
      'krakend_backend_duration',
      'Seconds that a backend took, with all that stands around it.'
    )
    this.callMetrics = new CallMetrics(families, conventions)
    this.stageSeries = families.histogram(
      'sluice_stage_duration_seconds',
      'Seconds that a plugin or component took, without what it waited for further in.',
      STAGE_BOUNDS
    )
  }

  proxy(endpoint: EndpointFacts, layer: Layer): PipeMeter | undefined {
    if (!layer.on) return undefined
    return this.proxyMeter([['http_route', endpoint.ginPath], ['http_request_method', endpoint.method], ...layer.labels])
  }

  backend(endpoint: EndpointFacts, backend: BackendFacts, layer: BackendLayer): PipeMeter | undefined {
    return layer.stage ? this.backendMeter(backendLabels(endpoint, backend, layer)) : undefined
  }

  call(endpoint: EndpointFacts, backend: BackendFacts, layer: BackendLayer): CallWatch | undefined {
    if (!layer.roundTrip && !layer.readPayload && !layer.connection) return undefined
    return this.callMetrics.watch(backendLabels(endpoint, backend, layer), layer)
  }

  stage(place: StagePlace, name: string): StageMeter {
    const series = this.stageSeries([
      ['stage', name],
      ['scope', place.scope],
      ...(place.endpoint === undefined
        ? []
        : ([
            ['krakend_endpoint_route', place.endpoint.ginPath],
            ['krakend_endpoint_method', place.endpoint.method]
          ] as const)),
      ...(place.backend === undefined ? [] : ([['http_route', routeOf(place.backend)]] as const))
    ])
    return ms => series.record(ms / 1000)
  }
}

/** `/users/{{.Id}}` → `/users/:id` */
function routeOf(backend: BackendFacts): string {
  return backend.goPattern.replace(/\{\{\.(.*?)\}\}/g, (_, name: string) => `:${name.toLowerCase()}`)
}

function backendLabels(endpoint: EndpointFacts, backend: BackendFacts, layer: BackendLayer): Labels {
  return [
    ['http_request_method', backend.method],
    ['http_route', routeOf(backend)],
    ['krakend_endpoint_route', endpoint.ginPath],
    ['krakend_endpoint_method', endpoint.method],
    ['server_address', [...backend.hosts].sort().join('_')],
    ...layer.labels
  ]
}
