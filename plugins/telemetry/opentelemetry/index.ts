/**
 * `telemetry/opentelemetry`: metrics for Prometheus, on a port of their own.
 *
 * In: what the gateway lets itself be watched by: exchanges, the pipes of endpoints and backends, calls, stages, pools. Out:
 * `GET /metrics`. Nothing stands in the pipes; what a layer leaves out is not measured. At endpoints and backends the options
 * of a layer stand in for the service's.
 */

import cluster from 'node:cluster'
import { type BackendFacts, type ComponentContext, defineComponent, type EndpointFacts, type PoolState } from 'sluice/plugin'
import { closeStatsListener, openStatsListener } from '../../_shared/stats-listener.js'
import { Families, type Labels } from './families.js'
import {
  backendLayerOf,
  compileSkip,
  DEFAULT_PORT,
  layerOf,
  type PlaceOptions,
  type PrometheusOptions,
  SCHEMA,
  type ServiceOptions
} from './options.js'
import { PipeMetrics } from './pipe-metrics.js'
import { openProcessMetrics } from './process-metrics.js'
import { type KnownRoute, ServerMetrics } from './server-metrics.js'

const TAG = '[SERVICE: OpenTelemetry]'
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
/** Options of single places, by their facts, until the gateway is built. */
const PLACES = 'telemetry/opentelemetry'

type Places = WeakMap<EndpointFacts | BackendFacts, PlaceOptions>

export default defineComponent<ServiceOptions | PlaceOptions>({
  namespace: 'telemetry/opentelemetry',
  scopes: ['service', 'endpoint', 'backend'],
  slots: {},
  needs: 'head',
  schema: SCHEMA,
  lacks: 'OTLP exporters and so traces; the times of name look-ups and TLS handshakes',
  compile(options, context) {
    if (context.scope === 'service') return compileService(options as ServiceOptions, context)
    const places = context.shared.get(PLACES) as Places | undefined
    if (places === undefined)
      context.logger.debug(`${context.tag}[OpenTelemetry] does nothing without the component at service level`)
    places?.set((context.backendFacts ?? context.endpointFacts)!, options as PlaceOptions)
    return undefined
  }
})

async function compileService(options: ServiceOptions, context: ComponentContext): Promise<undefined> {
  const exporters = checkedExporters(options, context)
  if (exporters.length === 0) {
    context.logger.warning(`${TAG} no exporter: nothing is measured`)
    return
  }
  // workers answer on one port, in turn: the number tells their series apart
  const families = new Families(cluster.worker === undefined ? [] : [['worker', String(cluster.worker.id)]])
  families.sampled('target_info', 'The service.', 'gauge', () => [[targetLabels(options, context), 1]])
  if (exporters.some(exporter => exporter.disable_metrics !== true)) watch(options, context, families)
  for (const exporter of exporters) await prepareExporter(exporter, families, context)
}

/** OTLP is not there: what only watches is left out with a warning. */
function checkedExporters(options: ServiceOptions, context: ComponentContext): readonly PrometheusOptions[] {
  const { otlp = [], prometheus = [] } = options.exporters ?? {}
  if (otlp.length > 0) {
    const message = `OTLP exporters are not supported, only Prometheus: ${otlp.length} left out; the Prometheus exporter has the same metrics, a collector can read it`
    context.report('/exporters/otlp/0', message, 'warning')
  }
  const names = new Set<string>()
  const ports = new Set<string>()
  for (const [index, exporter] of prometheus.entries()) {
    if (names.has(exporter.name))
      context.fail(`/exporters/prometheus/${index}/name`, `two exporters are named '${exporter.name}'`)
    names.add(exporter.name)
    const address = `${hostOf(exporter)}:${exporter.port || DEFAULT_PORT}`
    if (ports.has(address)) context.fail(`/exporters/prometheus/${index}/port`, `two exporters listen on ${address}`)
    ports.add(address)
  }
  return prometheus
}

/** Measures what the layers want. */
function watch(options: ServiceOptions, context: ComponentContext, families: Families): void {
  const { layers } = options
  const skips = compileSkip(options.skip_paths)
  const places: Places = new WeakMap()
  context.shared.set(PLACES, places)
  const global = layerOf(layers?.global)
  const routes = new Map<string, Map<string, KnownRoute>>()
  const isSkipped = (endpoint: EndpointFacts): boolean => skips(endpoint.path) || skips(endpoint.ginPath)
  if (global.on) {
    const conventions = layers?.global?.semantic_convention === '1.27'
    const server = new ServerMetrics({ families, layer: global, conventions, routes, skips })
    context.observe({ started: server.started, finished: server.finished })
  }
  const pipes = new PipeMetrics(families, layers?.backend?.metrics?.semantic_convention === '1.27')
  const backendLayer = (backend: BackendFacts) => backendLayerOf(places.get(backend)?.backend ?? layers?.backend)
  context.observe({
    proxy(endpoint) {
      if (isSkipped(endpoint)) return undefined
      const own = places.get(endpoint)
      const added = own?.global === undefined ? undefined : layerOf(own.global)
      if (added?.on !== false) {
        const methods = routes.get(endpoint.path) ?? new Map<string, KnownRoute>()
        routes.set(endpoint.path, methods.set(endpoint.method, { label: endpoint.ginPath, labels: added?.labels ?? [] }))
      }
      return pipes.proxy(endpoint, layerOf(own?.proxy ?? layers?.proxy))
    },
    backend: (endpoint, backend) => (isSkipped(endpoint) ? undefined : pipes.backend(endpoint, backend, backendLayer(backend))),
    call: (endpoint, backend) => (isSkipped(endpoint) ? undefined : pipes.call(endpoint, backend, backendLayer(backend))),
    stage: (place, name) => (place.endpoint !== undefined && isSkipped(place.endpoint) ? undefined : pipes.stage(place, name))
  })
  samplePools(families, () => context.pools())
}

const POOL_METRICS: readonly [name: string, help: string, type: 'gauge' | 'counter', value: (pool: PoolState) => number][] = [
  ['sluice_upstream_connections', 'Open connections.', 'gauge', pool => pool.connections],
  ['sluice_upstream_pending', 'Calls under way or waiting for a connection.', 'gauge', pool => pool.pending],
  ['sluice_upstream_tunnels', 'Open connections that changed their protocol.', 'gauge', pool => pool.tunnels],
  ['sluice_upstream_calls_total', 'Calls begun.', 'counter', pool => pool.total],
  ['sluice_upstream_refused_total', 'Calls refused because too many waited.', 'counter', pool => pool.refused]
]

function samplePools(families: Families, pools: () => Iterable<PoolState>): void {
  for (const [name, help, type, value] of POOL_METRICS) {
    families.sampled(name, help, type, () =>
      [...pools()].map((pool): readonly [Labels, number] => [[['server_address', pool.origin]], value(pool)])
    )
  }
}

/** The labels of `target_info`. */
function targetLabels(options: ServiceOptions, context: ComponentContext): Labels {
  const { service_name: name = context.service.name || 'KrakenD', service_version: version, deploy_env: environment } = options
  return [
    ['service_name', name],
    ...(version === undefined ? [] : ([['service_version', version]] as const)),
    ...(environment === undefined ? [] : ([['deployment_environment', environment]] as const))
  ]
}

function hostOf(exporter: PrometheusOptions): string {
  return exporter.host || exporter.listen_ip || ''
}

async function prepareExporter(exporter: PrometheusOptions, families: Families, context: ComponentContext): Promise<void> {
  const { name, process_metrics: ofProcess = false, go_metrics: ofRuntime = false } = exporter
  const renderProcess = await openProcessMetrics({ process: ofProcess, runtime: ofRuntime })
  const port = exporter.port || DEFAULT_PORT
  const withGateway = exporter.disable_metrics !== true
  context.onListen(async () => {
    const server = await openStatsListener(hostOf(exporter), port, {
      path: '/metrics',
      contentType: CONTENT_TYPE,
      render: async () => (withGateway ? families.render() : '') + (await renderProcess()),
      failed: error => context.logger.error(`${TAG} The Prometheus exporter '${name}' failed: ${(error as Error).message}`)
    })
    context.onClose(() => closeStatsListener(server))
    context.logger.info(`${TAG} The Prometheus exporter '${name}' listens on port: ${port}`)
  })
}
