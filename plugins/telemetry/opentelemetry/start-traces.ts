/** Records exchanges as the options of the service and of single places say. */

import type { BackendFacts, ComponentContext, EndpointFacts, OptionReader } from 'sluice/plugin'
import type { ResourceFrame } from '../../_shared/otlp/resource.js'
import type { BackendTraces, LayerTraces } from '../../_shared/traces/layers.js'
import { startRecorder } from '../../_shared/traces/start-recorder.js'
import { readAttributes } from './options.js'
import type { OtlpExporter } from './otlp-exporter.js'
import { readPropagators } from './propagators.js'
import { readBackendTraces, readLayerTraces } from './trace-layers.js'

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

/** Begins to record exchanges; returns what sends the spans that wait, or undefined when another component records them. */
export function startTraces({ options, context, frame, exporters, own, skips }: TracesOptions): (() => void) | undefined {
  const layers = options.object('layers')
  const globalOptions = layers?.object('global')
  const proxy = readLayerTraces(layers?.object('proxy'))
  const backend = readBackendTraces(layers?.object('backend'))
  return startRecorder({
    context,
    frame,
    queues: exporters.map(one => one.traces!),
    queuesOf: () => undefined,
    rate: options.amount('trace_sample_rate', 1),
    propagators: readPropagators(options, context.service.env),
    readsIncoming: globalOptions?.flag('disable_propagation') !== true,
    global: readLayerTraces(globalOptions),
    skips,
    places: {
      isSkipped: endpoint => skips(endpoint.path) || skips(endpoint.ginPath),
      ownAttributes: endpoint => readAttributes(own.endpoint(endpoint)?.object('global'), 'traces_static_attributes'),
      proxyLayer: endpoint => ownLayer(own.endpoint(endpoint)?.object('proxy'), readLayerTraces, proxy),
      backendLayer: one => ownLayer(own.backend(one)?.object('backend'), readBackendTraces, backend)
    }
  })
}

/** A layer of a place stands in for the service's. */
function ownLayer<L extends LayerTraces | BackendTraces>(
  own: OptionReader | undefined,
  read: (options: OptionReader) => L,
  service: L
): L {
  return own === undefined ? service : read(own)
}
