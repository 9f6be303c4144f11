/** Records exchanges as the options of the service and of single places say. */

import type { ComponentContext, OptionReader } from 'sluice/plugin'
import type { ResourceFrame } from '../../_shared/otlp/resource.js'
import type { BackendTraces, LayerTraces } from '../../_shared/traces/layers.js'
import { startRecorder } from '../../_shared/traces/start-recorder.js'
import { readAttributes } from './options.js'
import type { OtlpExporter } from './otlp-exporter.js'
import type { Places } from './places.js'
import { readPropagators } from './propagators.js'
import { readBackendTraces, readLayerTraces } from './trace-layers.js'

export interface TracesOptions {
  readonly options: OptionReader
  readonly context: ComponentContext
  readonly frame: ResourceFrame
  readonly exporters: readonly OtlpExporter[]
  readonly places: Places
  readonly skips: (path: string) => boolean
}

/** Begins to record exchanges; returns what sends the spans that wait, or undefined when another component records them. */
export function startTraces({ options, context, frame, exporters, places, skips }: TracesOptions): (() => void) | undefined {
  const layers = options.object('layers')
  const globalOptions = layers?.object('global')
  const proxy = readLayerTraces(layers?.object('proxy'))
  const backend = readBackendTraces(layers?.object('backend'))
  return startRecorder({
    context,
    frame,
    queues: exporters.map(one => one.traces!),
    queuesOf: endpoint => {
      const names = places.override(endpoint)?.traces
      return names && exporters.filter(one => names.has(one.name)).map(one => one.traces!)
    },
    rate: options.amount('trace_sample_rate', 1),
    propagators: readPropagators(options, context.service.env),
    readsIncoming: globalOptions?.flag('disable_propagation') !== true,
    global: readLayerTraces(globalOptions),
    skips,
    places: {
      isSkipped: endpoint => skips(endpoint.path) || skips(endpoint.ginPath),
      rateOf: endpoint => places.override(endpoint)?.rate,
      ownAttributes: endpoint => readAttributes(places.endpoint(endpoint)?.object('global'), 'traces_static_attributes'),
      proxyLayer: endpoint => ownLayer(places.endpoint(endpoint)?.object('proxy'), readLayerTraces, proxy),
      backendLayer: (endpoint, one) => ownLayer(places.backendLayer(endpoint, one), readBackendTraces, backend)
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
