/** Puts the tracer of a gateway together from its options. */

import type { BackendFacts, ComponentContext, EndpointFacts, OptionReader } from 'sluice/plugin'
import { SpanBatcher } from '../../../_shared/otlp/batcher.js'
import { UnixClock } from '../../../_shared/otlp/clock.js'
import type { ResourceFrame } from '../../../_shared/otlp/resource.js'
import { readAttributes } from '../options.js'
import type { OtlpExporter } from '../otlp-exporter.js'
import { type BackendTraces, type LayerTraces, readBackendTraces, readLayerTraces } from './layers.js'
import { Propagation } from './propagation.js'
import { readPropagators } from './propagators.js'
import { FieldReport } from './reported-fields.js'
import { compileSampler } from './sampler.js'
import { ServerSpans } from './server-spans.js'
import { SpanOutput } from './span-output.js'
import { ExchangeTracer } from './tracer.js'

/** What places say for themselves. */
export interface OwnOptions {
  readonly endpoint: (endpoint: EndpointFacts) => OptionReader | undefined
  readonly backend: (backend: BackendFacts) => OptionReader | undefined
}

export interface TracesOptions {
  readonly options: OptionReader
  readonly context: ComponentContext
  readonly frame: ResourceFrame
  readonly exporters: readonly OtlpExporter[]
  readonly own: OwnOptions
  readonly skips: (path: string) => boolean
}

/** ms that spans wait for others. */
const DELAY_MS = 1_000
/** Spans in one request. */
const MAX_SPANS = 2_048

/** Begins to record exchanges; returns what sends the spans that wait. */
export function startTraces(all: TracesOptions): () => void {
  const { options, context, frame, exporters, own, skips } = all
  const { env } = context.service
  const clock = new UnixClock()
  const batcherOf = (names: readonly OtlpExporter[]): SpanBatcher =>
    new SpanBatcher({
      frame,
      clock,
      queues: names.map(one => one.traces!),
      delayMs: Number(env.OTEL_BSP_SCHEDULE_DELAY) || DELAY_MS,
      maxSpans: Number(env.OTEL_BSP_MAX_EXPORT_BATCH_SIZE) || MAX_SPANS
    })
  const batcher = batcherOf(exporters)
  const output = new SpanOutput(batcher, clock)
  const layers = options.object('layers')
  const globalOptions = layers?.object('global')
  const global = readLayerTraces(globalOptions)
  const proxy = readLayerTraces(layers?.object('proxy'))
  const backend = readBackendTraces(layers?.object('backend'))
  const server = global.on ? serverSpans(global, output) : undefined
  const tracer = new ExchangeTracer({
    sampler: compileSampler(options.amount('trace_sample_rate', 1)),
    propagation: new Propagation(readPropagators(options, env)),
    readsIncoming: globalOptions?.flag('disable_propagation') !== true,
    server,
    skips,
    output,
    places: {
      isSkipped: endpoint => skips(endpoint.path) || skips(endpoint.ginPath),
      outputOf: () => output,
      ownAttributes: endpoint => readAttributes(own.endpoint(endpoint)?.object('global'), 'traces_static_attributes'),
      proxyLayer: endpoint => ownLayer(own.endpoint(endpoint)?.object('proxy'), readLayerTraces, proxy),
      backendLayer: one => ownLayer(own.backend(one)?.object('backend'), readBackendTraces, backend)
    }
  })
  context.observe({ tracer, ...(server === undefined ? {} : { finished: server.finished }) })
  return () => batcher.flush()
}

function serverSpans({ attributes, reportHeaders, skipHeaders }: LayerTraces, output: SpanOutput): ServerSpans {
  return new ServerSpans({ output, attributes, report: reportHeaders ? new FieldReport(skipHeaders) : undefined })
}

/** A layer of a place stands in for the service's. */
function ownLayer<L extends LayerTraces | BackendTraces>(
  own: OptionReader | undefined,
  read: (options: OptionReader) => L,
  service: L
): L {
  return own === undefined ? service : read(own)
}
