/** The JSON Schema of `telemetry/opentelemetry`. */

import { flag, texts } from '../../_shared/option-types.js'
import { DEFAULT_PROPAGATORS, PROPAGATORS } from '../../_shared/traces/propagation.js'
import { DEFAULT_PORT, DEFAULT_SKIP_PATHS } from './options.js'
import { DEFAULT_OTLP_PORT } from './otlp-options.js'

const count = (description: string) => ({ type: 'integer', minimum: 0, description }) as const

const ATTRIBUTES = {
  type: 'array',
  description: 'Attributes that every series, or every span, of the layer gets',
  items: {
    type: 'object',
    required: ['key', 'value'],
    properties: { key: { type: 'string' }, value: { type: 'string' } },
    additionalProperties: false
  }
} as const

const SKIP_HEADERS = { type: 'array', items: { type: 'string' }, description: 'Header fields that are not shown' } as const
const CONVENTION = {
  enum: ['', '1.27'],
  default: '',
  description: 'Names of metrics: of KrakenD, or of the semantic conventions 1.27'
}

const LAYER = {
  type: 'object',
  properties: {
    disable_metrics: flag('Measures nothing of this layer'),
    disable_traces: flag('Makes no spans of this layer'),
    disable_propagation: flag('Does not read what clients send of their traces (layer global)'),
    report_headers: flag('Shows header fields on spans, never credentials'),
    skip_headers: SKIP_HEADERS,
    metrics_static_attributes: ATTRIBUTES,
    traces_static_attributes: ATTRIBUTES,
    semantic_convention: CONVENTION
  },
  additionalProperties: false
} as const

const BACKEND_PART = {
  disable_stage: flag('Leaves out the backend with all that stands around it'),
  round_trip: flag('Calls: time to the head, sizes, failures'),
  read_payload: flag("The reading of responses' bodies"),
  detailed_connection: flag('The wait for a connection'),
  static_attributes: ATTRIBUTES,
  semantic_convention: CONVENTION
} as const

const BACKEND = {
  type: 'object',
  properties: {
    metrics: { type: 'object', properties: BACKEND_PART, additionalProperties: false },
    traces: {
      type: 'object',
      properties: {
        ...BACKEND_PART,
        report_headers: flag('Shows header fields on spans, never credentials'),
        skip_headers: SKIP_HEADERS
      },
      additionalProperties: false
    }
  },
  additionalProperties: false
} as const

const NAME = { type: 'string', default: '', description: 'For log lines and counters; unique among all exporters' } as const
const PORT = { type: 'integer', minimum: 0, maximum: 65535 } as const

const TLS = {
  type: 'object',
  description: 'TLS of a host with https://',
  properties: {
    ca_certs: { type: 'array', items: { type: 'string' }, description: 'Files with authorities besides those of Node.js' },
    disable_system_ca_pool: flag('Trusts `ca_certs` alone'),
    client_certs: {
      type: 'array',
      items: {
        type: 'object',
        required: ['certificate', 'private_key'],
        properties: { certificate: { type: 'string' }, private_key: { type: 'string' } },
        additionalProperties: false
      }
    },
    allow_insecure_connections: flag('Takes any certificate')
  },
  additionalProperties: false
} as const

const OTLP = {
  type: 'object',
  properties: {
    name: NAME,
    host: { type: 'string', default: 'localhost', description: 'Name or address; with https:// in front: TLS' },
    port: { ...PORT, default: DEFAULT_OTLP_PORT, description: '0 = 4317, also over HTTP' },
    use_http: flag('HTTP with protobuf bodies in place of gRPC'),
    disable_metrics: flag('Sends no metrics'),
    disable_traces: flag('Sends no traces'),
    custom_metric_reporting_period: count('Seconds between two pushes of metrics, in place of the one of the service'),
    headers: { type: 'object', additionalProperties: { type: 'string' }, description: 'Fields of every request' },
    compression: { enum: ['none', 'gzip'], default: 'none' },
    timeout: { type: 'string', default: '10s', description: 'For one request' },
    client_tls: TLS
  },
  additionalProperties: false
} as const

const OVERRIDE = {
  type: 'object',
  description: 'At an endpoint: what stands in place of the exporters, the rate and the period of the service',
  properties: {
    trace_exporters: texts('Names of the exporters that get its traces; an empty list: none'),
    metric_exporters: texts('Names of the exporters that get its metrics; an empty list: none'),
    trace_sample_rate: { type: 'number', minimum: 0, maximum: 1, description: 'Share of its exchanges that are recorded' },
    metric_reporting_period: count('Seconds between two pushes of its metrics; 0 = as the service')
  },
  additionalProperties: false
} as const

/** One schema for all levels; what belongs to which is told by `compile`. */
export const SCHEMA = {
  type: 'object',
  description: 'Traces and metrics to OpenTelemetry collectors; metrics for Prometheus on a port of their own',
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
    metric_reporting_period: { ...count('Seconds between two pushes of metrics'), default: 30 },
    trace_sample_rate: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 1,
      description: 'Share of exchanges that are recorded; below 1 the decision of the client counts'
    },
    propagators: {
      type: 'array',
      items: { enum: [...PROPAGATORS, 'none'] },
      default: DEFAULT_PROPAGATORS,
      description: 'Formats in which traces go on to backends'
    },
    exporters: {
      type: 'object',
      properties: {
        prometheus: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: NAME,
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
        otlp: { type: 'array', items: OTLP }
      },
      additionalProperties: false
    },
    layers: { type: 'object', properties: { global: LAYER, proxy: LAYER, backend: BACKEND }, additionalProperties: false },
    global: LAYER,
    proxy: LAYER,
    backend: BACKEND,
    exporters_override: OVERRIDE
  },
  additionalProperties: false
} as const
