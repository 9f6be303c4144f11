/** Reads the options of `telemetry/opentelemetry` as metrics need them. */

import type { OptionReader } from 'sluice/plugin'
import type { Labels } from './families.js'

export const DEFAULT_PORT = 9090
export const DEFAULT_SKIP_PATHS = ['/__health', '/__debug/', '/__echo/', '/__stats/']

/** A Prometheus exporter. */
export interface PrometheusOptions {
  readonly name: string
  /** Address to listen on; '' = all. */
  readonly host: string
  readonly port: number
  /** Of the port, among the options. */
  readonly pointer: string
  readonly processMetrics: boolean
  readonly runtimeMetrics: boolean
  /** False leaves out the metrics of the gateway. */
  readonly gatewayMetrics: boolean
}

/** Reads `exporters.prometheus`. */
export function readPrometheus(exporters: OptionReader | undefined): readonly PrometheusOptions[] {
  return (exporters?.objects('prometheus') ?? []).map((options, index) => ({
    name: options.text('name'),
    host: options.text('host') || options.text('listen_ip'),
    port: options.count('port', 0) || DEFAULT_PORT,
    pointer: `/exporters/prometheus/${index}/port`,
    processMetrics: options.flag('process_metrics'),
    runtimeMetrics: options.flag('go_metrics'),
    gatewayMetrics: !options.flag('disable_metrics')
  }))
}

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

/** Reads the layer `global` or `proxy`. */
export function readLayer(options: OptionReader | undefined): Layer {
  return { on: options?.flag('disable_metrics') !== true, labels: readAttributes(options, 'metrics_static_attributes') }
}

/** Reads the layer `backend`. Without `metrics` everything is measured; with it what it names, and the stage. */
export function readBackendLayer(options: OptionReader | undefined): BackendLayer {
  const metrics = options?.object('metrics')
  if (metrics === undefined) return { stage: true, roundTrip: true, readPayload: true, connection: true, labels: [] }
  return {
    stage: !metrics.flag('disable_stage'),
    roundTrip: metrics.flag('round_trip'),
    readPayload: metrics.flag('read_payload'),
    // part of the round trip, as in KrakenD
    connection: metrics.flag('round_trip') && metrics.flag('detailed_connection'),
    labels: readAttributes(metrics, 'static_attributes')
  }
}

/** True when metrics have the names of the semantic conventions 1.27, false for those of KrakenD. */
export function readsConventions(options: OptionReader | undefined): boolean {
  return options?.text('semantic_convention') === '1.27'
}

/** Reads a list of static attributes; those without a key or a value are passed over. */
export function readAttributes(
  options: OptionReader | undefined,
  key: string
): readonly (readonly [name: string, value: string])[] {
  return (options?.objects(key) ?? [])
    .map(one => [one.text('key'), one.text('value')] as const)
    .filter(([name, value]) => name !== '' && value !== '')
}

/** Returns a test for paths of which nothing is measured; an entry that ends in a slash covers what is below it. */
export function compileSkip(paths: readonly string[]): (path: string) => boolean {
  const entries = paths.length === 0 ? DEFAULT_SKIP_PATHS : paths.filter(path => path !== '')
  const exact = new Set(entries.flatMap(path => (path.endsWith('/') ? [path, path.slice(0, -1)] : [path])))
  const below = entries.filter(path => path.endsWith('/') && path !== '/')
  return path => exact.has(path) || below.some(entry => path.startsWith(entry))
}
