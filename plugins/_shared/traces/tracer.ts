/** Decides which exchanges are recorded, and makes the spans of each place at boot. */

import type {
  Admission,
  BackendFacts,
  EndpointFacts,
  FinishedExchange,
  PipeTracer,
  ServerSpan,
  StagePlace,
  StageTracer,
  Tracer
} from 'sluice/plugin'
import type { AttributeValue } from '../otlp/attributes.js'
import { random32 } from '../otlp/ids.js'
import { backendRoute } from './backend-route.js'
import { ByEndpoint } from './by-endpoint.js'
import { CallSpans } from './call-spans.js'
import type { BackendTraces, LayerTraces } from './layers.js'
import { type ExchangeCloser, ExchangeSpan, Trace, type TracedRequest } from './open-span.js'
import { PipeSpans, ServiceStageSpans, StageSpans } from './pipe-spans.js'
import { NO_CONTEXT, type Propagation } from './propagation.js'
import { FieldReport } from './reported-fields.js'
import { compileSampler, type Sampler } from './sampler.js'
import type { ServerSpans } from './server-spans.js'
import type { SpanOutput } from './span-output.js'
import { joinStatics } from './static-attributes.js'

type Attributes = readonly (readonly [name: string, value: AttributeValue])[]

/** What the options say of one place. */
export interface TracedPlaces {
  /** True for endpoints of which nothing is recorded. */
  readonly isSkipped: (endpoint: EndpointFacts) => boolean
  /** Where the spans of an endpoint go. */
  readonly outputOf: (endpoint: EndpointFacts) => SpanOutput
  /** Share of the exchanges of an endpoint that is recorded; undefined = the service's. */
  readonly rateOf: (endpoint: EndpointFacts) => number | undefined
  /** Static attributes that an endpoint adds to the spans of its exchanges. */
  readonly ownAttributes: (endpoint: EndpointFacts) => LayerTraces['attributes']
  readonly proxyLayer: (endpoint: EndpointFacts) => LayerTraces
  /** Of one backend; without one, of calls that stages of the endpoint or of the service make by themselves. */
  readonly backendLayer: (endpoint: EndpointFacts | undefined, backend: BackendFacts | undefined) => BackendTraces
  /** What names of spans begin with. */
  readonly prefixes?: { readonly proxy: string; readonly backend: string }
}

export interface TracerOptions {
  /** Share of exchanges that is recorded. */
  readonly rate: number
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

export class ExchangeTracer implements Tracer, ExchangeCloser {
  private readonly options: TracerOptions
  /** Of endpoints that say nothing, and of what no endpoint serves. */
  private readonly sampler: Sampler
  /** Decides before the endpoint is known, by the highest rate of all: those with lower ones decide again. */
  private candidates: Sampler
  private highestRate: number
  /** Endpoints have rates or exporters of their own. */
  private hasOwn = false
  private readonly outputs = new ByEndpoint<SpanOutput>()

  constructor(options: TracerOptions) {
    this.options = options
    this.sampler = compileSampler(options.rate)
    this.candidates = this.sampler
    this.highestRate = options.rate
  }

  begin(req: TracedRequest, clientAddress: string): ServerSpan | undefined {
    const { propagation, server, readsIncoming } = this.options
    const { rawHeaders } = req
    if (readsIncoming && this.highestRate < 1 && propagation.isDeclined(rawHeaders)) return undefined
    const incoming = readsIncoming ? propagation.extract(rawHeaders) : NO_CONTEXT
    const { parent } = incoming
    const high = parent === undefined ? random32() : parent.trace.c
    const low = parent === undefined ? random32() : parent.trace.d
    // what the client sent goes on to upstreams as it is
    if (!this.candidates(incoming.sampled, high, low) || this.isSkipped(req.url)) return undefined
    const trace = new Trace(propagation, incoming, high, low)
    const span = new ExchangeSpan(trace, req, clientAddress, this)
    if (server === undefined) span.standForParent()
    return span
  }

  admission(endpoint: EndpointFacts): Admission | undefined {
    const { places, output } = this.options
    // its path may hold parameters: `begin` cannot tell
    if (places.isSkipped(endpoint)) return () => false
    const ownOutput = places.outputOf(endpoint)
    if (ownOutput !== output) this.hasOwn = true
    this.outputs.set(endpoint, ownOutput)
    const rate = places.rateOf(endpoint)
    // another endpoint may have a rate that is higher
    if (rate === undefined) return span => this.candidates === this.sampler || admitted(this.sampler, span)
    this.hasOwn = true
    const own = compileSampler(rate)
    if (rate > this.highestRate) {
      this.highestRate = rate
      this.candidates = own
    }
    return span => admitted(own, span)
  }

  /** Closes the span of an exchange that has ended. */
  close(exchange: FinishedExchange, span: ExchangeSpan): void {
    const { server, output } = this.options
    if (this.hasOwn) {
      if (exchange.route === '' && !admitted(this.sampler, span)) return
      const own = this.outputs.of(exchange) ?? output
      for (const held of span.trace.held ?? []) held.writeTo(own)
    }
    server?.finished(exchange, span)
  }

  private isSkipped(url = ''): boolean {
    const mark = url.indexOf('?')
    return this.options.skips(mark < 0 ? url : url.slice(0, mark))
  }

  proxy(endpoint: EndpointFacts): PipeTracer | undefined {
    const { places, server } = this.options
    if (places.isSkipped(endpoint)) return undefined
    const { ginPath, method } = endpoint
    const output = places.outputOf(endpoint)
    server?.addRoute(endpoint, places.ownAttributes(endpoint), output)
    const layer = places.proxyLayer(endpoint)
    if (!layer.on) return undefined
    return new PipeSpans({
      output,
      name: (places.prefixes?.proxy ?? '') + ginPath,
      attributes: [
        ['krakend.stage', 'proxy'],
        ['http.request.method', method],
        ['http.route', ginPath],
        ...joinStatics(layer.attributes)
      ],
      report: pipeReportOf(layer),
      passthrough: endpoint.outputEncoding === 'no-op'
    })
  }

  backend(endpoint: EndpointFacts, backend: BackendFacts): PipeTracer | undefined {
    const { places } = this.options
    const layer = places.backendLayer(endpoint, backend)
    if (places.isSkipped(endpoint) || !layer.stage) return undefined
    return new PipeSpans({
      output: places.outputOf(endpoint),
      name: (places.prefixes?.backend ?? '') + backendRoute(backend),
      attributes: [
        ['krakend.stage', 'backend'],
        ['http.request.method', backend.method],
        ...backendAttributes(endpoint, backend),
        ...joinStatics(layer.attributes)
      ],
      report: pipeReportOf(layer),
      passthrough: endpoint.outputEncoding === 'no-op'
    })
  }

  call(endpoint: EndpointFacts, backend: BackendFacts): CallSpans | undefined {
    const { places } = this.options
    const layer = places.backendLayer(endpoint, backend)
    if (places.isSkipped(endpoint) || (!layer.roundTrip && !layer.readPayload)) return undefined
    const { roundTrip, readPayload, connection } = layer
    return new CallSpans({
      output: places.outputOf(endpoint),
      name: backendRoute(backend),
      attributes: [
        ['krakend.stage', 'backend-request'],
        ...backendAttributes(endpoint, backend),
        ...joinStatics(layer.attributes)
      ],
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
    const own: Attributes = [['sluice.scope', scope], ...(endpoint === undefined ? [] : endpointAttributes(endpoint))]
    const attributes: Attributes = [
      ['krakend.stage', 'component'],
      ...own,
      ...(backend === undefined ? [] : ([['http.route', backendRoute(backend)]] as const))
    ]
    const calls = (): CallSpans | undefined => this.ownCalls(place, own)
    if (endpoint !== undefined) return new StageSpans({ output: places.outputOf(endpoint), name, attributes, calls })
    return new ServiceStageSpans({ output, name, attributes, calls }, () => this.hasOwn)
  }

  /** Spans of the calls that a stage makes by itself. */
  private ownCalls({ endpoint, backend }: StagePlace, own: Attributes): CallSpans | undefined {
    const { places, output } = this.options
    const layer = places.backendLayer(endpoint, backend)
    const { roundTrip, readPayload, connection } = layer
    if (!roundTrip && !readPayload) return undefined
    return new CallSpans({
      output: endpoint === undefined ? output : places.outputOf(endpoint),
      name: undefined,
      attributes: [['krakend.stage', 'component-request'], ...own, ...joinStatics(layer.attributes)],
      report: reportOf(layer),
      roundTrip,
      readPayload,
      connection,
      ...(endpoint === undefined ? { waits: () => this.hasOwn } : {})
    })
  }
}

function admitted(sampler: Sampler, span: ServerSpan): boolean {
  const { incoming, c, d } = (span as ExchangeSpan).trace
  return sampler(incoming.sampled, c, d)
}

function reportOf({ reportHeaders, skipHeaders }: LayerTraces | BackendTraces): FieldReport | undefined {
  return reportHeaders ? new FieldReport(skipHeaders) : undefined
}

/** Without the fields that the gateway adds to what comes out of pipes. */
function pipeReportOf({ reportHeaders, skipHeaders }: LayerTraces | BackendTraces): FieldReport | undefined {
  return reportHeaders ? new FieldReport([...skipHeaders, 'X-Krakend', 'X-Krakend-Completed']) : undefined
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
