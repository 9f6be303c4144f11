/** The options of `telemetry/opentelemetry` as metrics need them: their schemas, their defaults. */

import type { Labels } from './families.js'

interface Attribute {
  readonly key: string
  readonly value: string
}

/** Layers `global` and `proxy`. */
export interface LayerOptions {
  readonly disable_metrics?: boolean
  readonly metrics_static_attributes?: readonly Attribute[]
  /** Layer `global`: `1.27` has the names of that version of the semantic conventions. */
  readonly semantic_convention?: '' | '1.27'
}

/** Layer `backend`. */
export interface BackendLayerOptions {
  readonly metrics?: {
    readonly disable_stage?: boolean
    readonly round_trip?: boolean
    readonly read_payload?: boolean
    readonly detailed_connection?: boolean
    readonly static_attributes?: readonly Attribute[]
    readonly semantic_convention?: '' | '1.27'
  }
}

export interface PrometheusOptions {
  readonly name: string
  readonly port?: number
  readonly host?: string
  readonly listen_ip?: string
  readonly process_metrics?: boolean
  readonly go_metrics?: boolean
  readonly disable_metrics?: boolean
}

/** At service level. */
export interface ServiceOptions {
  readonly service_name?: string
  readonly service_version?: string
  readonly deploy_env?: string
  readonly skip_paths?: readonly string[]
  readonly exporters: {
    readonly otlp?: readonly { readonly name?: string }[]
    readonly prometheus?: readonly PrometheusOptions[]
  }
  readonly layers?: { readonly global?: LayerOptions; readonly proxy?: LayerOptions; readonly backend?: BackendLayerOptions }
}

/** At an endpoint or a backend: a layer given here stands in for the service's as a whole. */
export interface PlaceOptions {
  readonly global?: LayerOptions
  readonly proxy?: LayerOptions
  readonly backend?: BackendLayerOptions
}

export const DEFAULT_PORT = 9090
const DEFAULT_SKIP_PATHS = ['/__health', '/__debug/', '/__echo/', '/__stats/']

/** What is measured of pipes and exchanges. */
export interface Layer {
  readonly on: boolean
  readonly labels: Labels
}

/** What is measured of backends. */
export interface BackendLayer {
  readonly stage: boolean
  readonly roundTrip: boolean
  readonly readPayload: boolean
  readonly connection: boolean
  readonly labels: Labels
}

export function layerOf(options: LayerOptions | undefined): Layer {
  return { on: options?.disable_metrics !== true, labels: labelsOf(options?.metrics_static_attributes) }
}

/** Without `metrics` everything is measured; with it what it names, and the stage. */
export function backendLayerOf(options: BackendLayerOptions | undefined): BackendLayer {
  const metrics = options?.metrics
  if (metrics === undefined) return { stage: true, roundTrip: true, readPayload: true, connection: true, labels: [] }
  return {
    stage: metrics.disable_stage !== true,
    roundTrip: metrics.round_trip === true,
    readPayload: metrics.read_payload === true,
    connection: metrics.detailed_connection === true,
    labels: labelsOf(metrics.static_attributes)
  }
}

function labelsOf(attributes: readonly Attribute[] = []): Labels {
  return attributes.filter(one => one.key !== '' && one.value !== '').map(one => [one.key, one.value] as const)
}

/** Tells whether nothing is measured of a path; an entry that ends in a slash covers what is below it. */
export function compileSkip(paths: readonly string[] | undefined): (path: string) => boolean {
  const entries = paths === undefined || paths.length === 0 ? DEFAULT_SKIP_PATHS : paths.filter(path => path !== '')
  const exact = new Set(entries.flatMap(path => (path.endsWith('/') ? [path, path.slice(0, -1)] : [path])))
  const below = entries.filter(path => path.endsWith('/') && path !== '/')
  return path => exact.has(path) || below.some(entry => path.startsWith(entry))
}

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
