/** Puts the tracer of a gateway together, for the component whose options say what is recorded and where it goes. */

import type { ComponentContext, EndpointFacts } from 'sluice/plugin'
import { type RequestQueue, SpanBatcher } from '../otlp/batcher.js'
import { UnixClock } from '../otlp/clock.js'
import { envNumber } from '../otlp/env-number.js'
import type { ResourceFrame } from '../otlp/resource.js'
import type { LayerTraces } from './layers.js'
import { Propagation, type Propagator } from './propagation.js'
import { FieldReport } from './reported-fields.js'
import { NEVER } from './sampler.js'
import { ServerSpans } from './server-spans.js'
import { SpanOutput } from './span-output.js'
import { ExchangeTracer, type TracedPlaces } from './tracer.js'

export interface RecorderOptions {
  readonly context: ComponentContext
  readonly frame: ResourceFrame
  /** Of the exporters that take spans. */
  readonly queues: readonly RequestQueue[]
  /** Those of one endpoint where they are others; undefined = those of all. */
  readonly queuesOf: (endpoint: EndpointFacts) => readonly RequestQueue[] | undefined
  /** Share of exchanges that are recorded. */
  readonly rate: number
  readonly propagators: readonly Propagator[]
  /** False: what clients send of their traces is not read. */
  readonly readsIncoming: boolean
  /** Spans of exchanges. */
  readonly global: LayerTraces
  /** True for paths of which nothing is recorded. */
  readonly skips: (path: string) => boolean
  readonly places: Omit<TracedPlaces, 'outputOf'>
}

/** ms that spans wait for others. */
const DELAY_MS = 1_000
/** Spans in one request. */
const MAX_SPANS = 2_048

/** Key of what this gateway records with. */
const RECORDER = 'traces/recorder'

/** Begins to record exchanges; returns what sends the spans that wait, or undefined when another component records them. */
export function startRecorder(options: RecorderOptions): (() => void) | undefined {
  if (options.context.shared.has(RECORDER)) return undefined
  options.context.shared.set(RECORDER, true)
  const { context, global, propagators, places, queuesOf } = options
  const outputs = new Outputs(options)
  const { common } = outputs
  const server = global.on ? serverSpans(global, common) : undefined
  const tracer = new ExchangeTracer({
    rate: options.rate,
    propagation: new Propagation(propagators),
    readsIncoming: options.readsIncoming,
    server,
    skips: options.skips,
    output: common,
    places: {
      ...places,
      outputOf: endpoint => outputs.for(queuesOf(endpoint)),
      rateOf: endpoint => (queuesOf(endpoint)?.length === 0 ? NEVER : places.rateOf(endpoint))
    }
  })
  context.observe({ tracer })
  return () => outputs.flush()
}

function serverSpans({ attributes, reportHeaders, skipHeaders }: LayerTraces, output: SpanOutput): ServerSpans {
  return new ServerSpans({ output, attributes, report: reportHeaders ? new FieldReport(skipHeaders) : undefined })
}

/** Where spans are written: one output for each set of exporters. */
class Outputs {
  readonly common: SpanOutput
  private readonly clock = new UnixClock()
  private readonly options: RecorderOptions
  private readonly made: {
    readonly queues: readonly RequestQueue[]
    readonly batcher: SpanBatcher
    readonly output: SpanOutput
  }[] = []

  constructor(options: RecorderOptions) {
    this.options = options
    this.common = this.for(options.queues)
  }

  for(queues: readonly RequestQueue[] | undefined): SpanOutput {
    if (queues === undefined) return this.common
    const known = this.made.find(one => one.queues.length === queues.length && one.queues.every(queue => queues.includes(queue)))
    if (known !== undefined) return known.output
    const { context, frame } = this.options
    const { env } = context.service
    const batcher = new SpanBatcher({
      frame,
      clock: this.clock,
      queues,
      delayMs: envNumber(env, 'OTEL_BSP_SCHEDULE_DELAY', DELAY_MS),
      maxSpans: envNumber(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', MAX_SPANS)
    })
    const output = new SpanOutput(batcher, this.clock)
    this.made.push({ queues, batcher, output })
    return output
  }

  flush(): void {
    for (const { batcher } of this.made) batcher.flush()
  }
}
