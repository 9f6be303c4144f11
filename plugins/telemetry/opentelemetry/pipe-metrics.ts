/** Layers `proxy` and `backend`, and the time of stages: series are made at boot, a run costs a few additions. */

import type { BackendFacts, CallWatch, EndpointFacts, PipeMeter, PipeOutcome, StageMeter, StagePlace } from 'sluice/plugin'
import { backendRoute } from '../../_shared/traces/backend-route.js'
import { STAGE_BOUNDS, TIME_BOUNDS } from './buckets.js'
import { CallMetrics } from './call-metrics.js'
import type { Distribution, Families, Labels } from './families.js'
import type { BackendLayer, Layer } from './options.js'

/** Makes meters of one kind of pipe. */
export type MeterMaker = (labels: Labels) => PipeMeter

/** KrakenD's three labels of an outcome. */
function outcomeLabels(outcome: PipeOutcome): Labels {
  return [
    ['error', outcome === 'failed'],
    ['canceled', outcome === 'canceled'],
    ['complete', outcome === 'complete']
  ]
}

function compileMeters(families: Families, name: string, help: string): MeterMaker {
  const histogram = families.histogram({ name, help }, TIME_BOUNDS)
  return labels => {
    const series = new Map<PipeOutcome, Distribution>()
    return (ms, outcome, span) => {
      let one = series.get(outcome)
      if (one === undefined) {
        one = histogram([...labels, ...outcomeLabels(outcome)])
        series.set(outcome, one)
      }
      one.record(ms / 1000, span)
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
    this.proxyMeter = compileMeters(families, 'krakend.proxy.duration', 'Seconds that the pipe of an endpoint took.')
    this.backendMeter = compileMeters(
      families,
      'krakend.backend.duration',
      'Seconds that a backend took, with all that stands around it.'
    )
    this.callMetrics = new CallMetrics(families, conventions)
    this.stageSeries = families.histogram(
      {
        name: 'sluice.stage.duration',
        unit: 's',
        help: 'Seconds that a plugin or component took, without what it waited for further in.'
      },
      STAGE_BOUNDS
    )
  }

  proxy(endpoint: EndpointFacts, layer: Layer): PipeMeter | undefined {
    if (!layer.on) return undefined
    return this.proxyMeter([['http.route', endpoint.ginPath], ['http.request.method', endpoint.method], ...layer.labels])
  }

  backend(endpoint: EndpointFacts, backend: BackendFacts, layer: BackendLayer): PipeMeter | undefined {
    return layer.stage ? this.backendMeter(backendLabels(endpoint, backend, layer)) : undefined
  }

  call(endpoint: EndpointFacts, backend: BackendFacts, layer: BackendLayer): CallWatch | undefined {
    if (!layer.roundTrip && !layer.readPayload && !layer.connection) return undefined
    return this.callMetrics.watch(backendLabels(endpoint, backend, layer), backend, layer)
  }

  stage(place: StagePlace, name: string): StageMeter {
    const series = this.stageSeries([
      ['stage', name],
      ['scope', place.scope],
      ...(place.endpoint === undefined
        ? []
        : ([
            ['krakend.endpoint.route', place.endpoint.ginPath],
            ['krakend.endpoint.method', place.endpoint.method]
          ] as const)),
      ...(place.backend === undefined ? [] : ([['http.route', backendRoute(place.backend)]] as const))
    ])
    return ms => series.record(ms / 1000)
  }
}

/** Labels of a backend. Prometheus shows all its hosts. */
function backendLabels(endpoint: EndpointFacts, backend: BackendFacts, layer: BackendLayer): Labels {
  return [
    ['http.request.method', backend.method],
    ['http.route', backendRoute(backend)],
    ['krakend.endpoint.route', endpoint.ginPath],
    ['krakend.endpoint.method', endpoint.method],
    ['server.address', [...backend.hosts].sort().join('_'), 'prometheus'],
    ...layer.labels
  ]
}
