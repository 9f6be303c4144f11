/** Reads which spans there are. */

import type { OptionReader } from 'sluice/plugin'
import type { BackendTraces, LayerTraces } from '../../_shared/traces/layers.js'
import { readAttributes } from './options.js'

/** Reads the layer `global` or `proxy`. */
export function readLayerTraces(options: OptionReader | undefined): LayerTraces {
  return {
    on: options?.flag('disable_traces') !== true,
    reportHeaders: options?.flag('report_headers') === true,
    skipHeaders: options?.texts('skip_headers') ?? [],
    attributes: readAttributes(options, 'traces_static_attributes')
  }
}

const ALL: BackendTraces = {
  stage: true,
  roundTrip: true,
  readPayload: true,
  connection: true,
  reportHeaders: false,
  skipHeaders: [],
  attributes: []
}

/** Reads the layer `backend`. Without `traces` there are all spans; with it those that it names, and the stage. */
export function readBackendTraces(options: OptionReader | undefined): BackendTraces {
  const traces = options?.object('traces')
  if (traces === undefined) return ALL
  return {
    stage: !traces.flag('disable_stage'),
    roundTrip: traces.flag('round_trip'),
    readPayload: traces.flag('read_payload'),
    connection: traces.flag('detailed_connection'),
    reportHeaders: traces.flag('report_headers'),
    skipHeaders: traces.texts('skip_headers'),
    attributes: readAttributes(traces, 'static_attributes')
  }
}
