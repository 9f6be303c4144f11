/** The JSON Schema of `telemetry/opentelemetry`. */

import { DEFAULT_PORT, DEFAULT_SKIP_PATHS } from './options.js'

const flag = (description: string, byDefault = false) => ({ type: 'boolean', default: byDefault, description }) as const
const count = (description: string) => ({ type: 'integer', minimum: 0, description }) as const

const ATTRIBUTES = {
  type: 'array',
  description: 'Labels that every series of the layer gets',
  items: {
    type: 'object',
    required: ['key', 'value'],
    properties: { key: { type: 'string' }, value: { type: 'string' } },
    additionalProperties: false
  }
} as const

const TRACES = 'For traces, which are not sent anywhere'
const CONVENTION = {
  enum: ['', '1.27'],
  default: '',
  description: 'Names of metrics: of KrakenD, or of the semantic conventions 1.27'
}

const LAYER = {
  type: 'object',
  properties: {
    disable_metrics: flag('Measures nothing of this layer'),
    disable_traces: flag(TRACES),
    disable_propagation: flag(TRACES),
    report_headers: flag(TRACES),
    skip_headers: { type: 'array', items: { type: 'string' }, description: TRACES },
    metrics_static_attributes: ATTRIBUTES,
    traces_static_attributes: { ...ATTRIBUTES, description: TRACES },
    semantic_convention: CONVENTION
  },
  additionalProperties: false
} as const

const BACKEND_PART = {
  disable_stage: flag('Leaves out krakend_backend_duration'),
  round_trip: flag('Measures calls: time to the head, sizes, failures'),
  read_payload: flag("Measures the reading of answers' bodies"),
  detailed_connection: flag('Measures the wait for a connection'),
  static_attributes: ATTRIBUTES,
  semantic_convention: CONVENTION
} as const

const BACKEND = {
  type: 'object',
  properties: {
    metrics: { type: 'object', properties: BACKEND_PART, additionalProperties: false },
    traces: {
      type: 'object',
      description: TRACES,
      properties: { ...BACKEND_PART, report_headers: flag(TRACES), skip_headers: { type: 'array', items: { type: 'string' } } },
      additionalProperties: false
    }
  },
  additionalProperties: false
} as const

const PORT = { type: 'integer', minimum: 0, maximum: 65535 } as const

/** One schema for all levels; what belongs to which is told by `compile`. */
export const SCHEMA = {
  type: 'object',
  description: 'Metrics for Prometheus on a port of their own',
  properties: {
    service_name: { type: 'string', description: 'Default: the name of the configuration, or KrakenD' },
    service_version: { type: 'string' },
    deploy_env: { type: 'string' },
    skip_paths: {
      type: 'array',
      items: { type: 'string' },
      default: DEFAULT_SKIP_PATHS,
      description: 'Endpoints and paths of which nothing is measured'
    },
    metric_reporting_period: count('For exporters that push'),
    trace_sample_rate: { type: 'number', minimum: 0, maximum: 1, description: TRACES },
    exporters: {
      type: 'object',
      properties: {
        prometheus: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string', minLength: 1 },
              port: { ...PORT, default: DEFAULT_PORT, description: '0 = 9090' },
              host: { type: 'string', default: '', description: 'Address to listen on; empty = all' },
              listen_ip: { type: 'string', default: '', description: 'The same' },
              process_metrics: flag('Adds processor time, memory and files of the process'),
              go_metrics: flag('Adds the runtime: event loop, heap, garbage collection'),
              disable_metrics: flag('Leaves out the metrics of the gateway')
            },
            additionalProperties: false
          }
        },
        otlp: { type: 'array', items: { type: 'object' }, description: 'Not supported: an entry is a warning' }
      },
      additionalProperties: false
    },
    layers: { type: 'object', properties: { global: LAYER, proxy: LAYER, backend: BACKEND }, additionalProperties: false },
    global: LAYER,
    proxy: LAYER,
    backend: BACKEND
  },
  additionalProperties: false
} as const
