/** Decides which exchanges are recorded, and makes the spans of each place at boot. */

import type { BackendFacts, EndpointFacts, PipeTracer, ServerSpan, StagePlace, StageTracer, Tracer } from 'sluice/plugin'
import type { AttributeValue } from '../otlp/attributes.js'
import { random32 } from '../otlp/ids.js'
import { backendRoute } from './backend-route.js'
import { CallSpans } from './call-spans.js'
import type { BackendTraces, LayerTraces } from './layers.js'
import { ExchangeSpan, Trace, type TracedRequest } from './open-span.js'
import { PipeSpans, StageSpans } from './pipe-spans.js'
import { Propagation } from './propagation.js'
import { FieldReport } from './reported-fields.js'
import type { Sampler } from './sampler.js'
import type { ServerSpans } from './server-spans.js'
import type { SpanOutput } from './span-output.js'

type Attributes = readonly (readonly [name: string, value: AttributeValue])[]

/** What the options say of one place. */
export interface TracedPlaces {
  /** True for endpoints of which nothing is recorded. */
  readonly isSkipped: (endpoint: EndpointFacts) => boolean
  /** Where the spans of an endpoint go. */
  readonly outputOf: (endpoint: EndpointFacts) => SpanOutput
  /** Static attributes that an endpoint adds to the spans of its exchanges. */
  readonly ownAttributes: (endpoint: EndpointFacts) => Attributes
  readonly proxyLayer: (endpoint: EndpointFacts) => LayerTraces
  readonly backendLayer: (backend: BackendFacts) => BackendTraces
  /** What names of spans begin with. */
  readonly prefixes?: { readonly proxy: string; readonly backend: string }
}

export interface TracerOptions {
  readonly sampler: Sampler
  readonly propagation: Propagation
  /** `disable_propagation`: what clients send of their traces is not read. */
  readonly readsIncoming: boolean
  /** Undefined = exchanges have no spans of their own; those inside them do. */
  readonly server: ServerSpans | undefined
  /** True for paths of which nothing is recorded. */
  readonly skips: (path: string) => boolean
  readonly places: TracedPlaces
  /** For stages of the service. */
  readonly output: SpanOutput
}

const NO_CONTEXT = new Propagation([])

export class ExchangeTracer implements Tracer {
  private readonly options: TracerOptions
  private readonly extracting: Propagation

  constructor(options: TracerOptions) {
    this.options = options
    this.extracting = options.readsIncoming ? options.propagation : NO_CONTEXT
  }

  begin(req: TracedRequest, clientAddress: string): ServerSpan | undefined {
    const { sampler, propagation, server } = this.options
    const incoming = this.extracting.extract(req.rawHeaders)
    const { parent } = incoming
    const high = parent === undefined ? random32() : parent.trace.c
    const low = parent === undefined ? random32() : parent.trace.d
    // what the client sent goes on to upstreams as it is
    if (!sampler(parent?.sampled, high, low) || this.isSkipped(req.url)) return undefined
    const trace = new Trace(propagation, incoming, high, low)
    const span = new ExchangeSpan(trace, req, clientAddress)
    if (server === undefined) span.standForParent()
    return span
  }

  private isSkipped(url = ''): boolean {
    const mark = url.indexOf('?')
    return this.options.skips(mark < 0 ? url : url.slice(0, mark))
  }

  proxy(endpoint: EndpointFacts): PipeTracer | undefined {
    const { places, server } = this.options
    if (places.isSkipped(endpoint)) return undefined
    const { path, ginPath, method } = endpoint
    const output = places.outputOf(endpoint)
    server?.addRoute(path, ginPath, places.ownAttributes(endpoint), output)
    const layer = places.proxyLayer(endpoint)
    if (!layer.on) return undefined
    return new PipeSpans({
      output,
      name: (places.prefixes?.proxy ?? '') + ginPath,
      attributes: [['krakend.stage', 'proxy'], ['http.request.method', method], ['http.route', ginPath], ...layer.attributes],
      report: reportOf(layer),
      passthrough: endpoint.outputEncoding === 'no-op'
    })
  }

  backend(endpoint: EndpointFacts, backend: BackendFacts): PipeTracer | undefined {
    const { places } = this.options
    const layer = places.backendLayer(backend)
    if (places.isSkipped(endpoint) || !layer.stage) return undefined
    return new PipeSpans({
      output: places.outputOf(endpoint),
      name: (places.prefixes?.backend ?? '') + backendRoute(backend),
      attributes: [
        ['krakend.stage', 'backend'],
        ['http.request.method', backend.method],
        ...backendAttributes(endpoint, backend),
        ...layer.attributes
      ],
      report: reportOf(layer),
      passthrough: endpoint.outputEncoding === 'no-op'
    })
  }

  call(endpoint: EndpointFacts, backend: BackendFacts): CallSpans | undefined {
    const { places } = this.options
    const layer = places.backendLayer(backend)
    if (places.isSkipped(endpoint) || (!layer.roundTrip && !layer.readPayload)) return undefined
    const { roundTrip, readPayload, connection } = layer
    return new CallSpans({
      output: places.outputOf(endpoint),
      name: backendRoute(backend),
      attributes: [['krakend.stage', 'backend-request'], ...backendAttributes(endpoint, backend), ...layer.attributes],
      report: reportOf(layer),
      roundTrip,
      readPayload,
      connection
    })
  }

  stage(place: StagePlace, name: string): StageTracer | undefined {
    const { places, output } = this.options
    const { endpoint, backend, scope } = place
    if (endpoint !== undefined && places.isSkipped(endpoint)) return undefined
    return new StageSpans(endpoint === undefined ? output : places.outputOf(endpoint), name, [
      ['krakend.stage', 'component'],
      ['sluice.scope', scope],
      ...(endpoint === undefined ? [] : endpointAttributes(endpoint)),
      ...(backend === undefined ? [] : ([['http.route', backendRoute(backend)]] as const))
    ])
  }
}

function reportOf({ reportHeaders, skipHeaders }: LayerTraces | BackendTraces): FieldReport | undefined {
  return reportHeaders ? new FieldReport(skipHeaders) : undefined
}

function endpointAttributes({ ginPath, method }: EndpointFacts): Attributes {
  return [
    ['krakend.endpoint.route', ginPath],
    ['krakend.endpoint.method', method]
  ]
}

function backendAttributes(endpoint: EndpointFacts, backend: BackendFacts): Attributes {
  return [['http.route', backendRoute(backend)], ...endpointAttributes(endpoint)]
}
