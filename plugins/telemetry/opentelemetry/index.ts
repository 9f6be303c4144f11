/**
 * `telemetry/opentelemetry`: traces to collectors by OTLP, metrics for Prometheus on a port of their own.
 *
 * In: what the gateway lets itself be watched by: exchanges, the pipes of endpoints and backends, calls, stages, pools. Out: requests to
 * collectors, and `GET /metrics`. Nothing stands in the pipes; what a layer leaves out is not measured. At endpoints and backends the
 * options of a layer stand in for the service's.
 */

import cluster from 'node:cluster'
import {
  type BackendFacts,
  type ComponentContext,
  defineComponent,
  type EndpointFacts,
  type OptionReader,
  type PoolState
} from 'sluice/plugin'
import { showStats } from '../../_shared/kept-stats-port.js'
import { ResourceFrame } from '../../_shared/otlp/resource.js'
import { readExporters } from './exporters.js'
import { Families, type Labels, SeriesMemory } from './families.js'
import { sampleGateway } from './gateway-metrics.js'
import { sampleOffered } from './offered-metrics.js'
import { compileSkip, type PrometheusOptions, readBackendLayer, readLayer, readsConventions } from './options.js'
import { OtlpExporter, QUEUE_SPANS } from './otlp-exporter.js'
import type { OtlpOptions } from './otlp-options.js'
import { PipeMetrics } from './pipe-metrics.js'
import { openProcessMetrics } from './process-metrics.js'
import { SCHEMA } from './schema.js'
import { type KnownRoute, ServerMetrics } from './server-metrics.js'
import { startTraces } from './traces/start.js'

const TAG = '[SERVICE: OpenTelemetry]'
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
/** Options of single endpoints and backends, by their facts, until the gateway is built. */
const PLACES = 'telemetry/opentelemetry'

type Places = WeakMap<EndpointFacts | BackendFacts, OptionReader>

export default defineComponent({
  namespace: 'telemetry/opentelemetry',
  scopes: ['service', 'endpoint', 'backend'],
  slots: {},
  needs: 'head',
  schema: SCHEMA,
  lacks: 'metrics over OTLP; the times of name look-ups and TLS handshakes',
  compile(options, context) {
    if (context.scope === 'service') return compileService(options, context)
    const places = context.shared.get(PLACES) as Places | undefined
    if (places === undefined)
      context.logger.debug(`${context.tag}[OpenTelemetry] does nothing without the component at service level`)
    places?.set((context.backendFacts ?? context.endpointFacts)!, options)
    return undefined
  }
})

async function compileService(options: OptionReader, context: ComponentContext): Promise<undefined> {
  const { env, userAgent } = context.service
  const { prometheus, otlp } = readExporters(options, env, userAgent)
  if (prometheus.length + otlp.length === 0) {
    context.logger.warning(`${TAG} no exporter: nothing is measured`)
    return
  }
  const places: Places = new WeakMap()
  context.shared.set(PLACES, places)
  exportByOtlp(otlp, places, options, context)
  if (prometheus.length === 0) return
  // workers answer on one port, in turn: the number tells their series apart
  const common: Labels = cluster.worker === undefined ? [] : [['worker', String(cluster.worker.id)]]
  const families = new Families(
    common,
    context.keep('telemetry/opentelemetry series', () => new SeriesMemory())
  )
  families.sampled('target_info', 'The service.', 'gauge', () => [[targetLabels(options, context), 1]])
  if (prometheus.some(exporter => exporter.gatewayMetrics)) watch(options, context, families, places)
  for (const exporter of prometheus) await prepareExporter(exporter, families, context)
}

function exportByOtlp(all: readonly OtlpOptions[], places: Places, options: OptionReader, context: ComponentContext): void {
  const queueSpans = Number(context.service.env.OTEL_BSP_MAX_QUEUE_SIZE) || QUEUE_SPANS
  const exporters = all.filter(one => one.traces || one.metrics).map(one => new OtlpExporter(one, context.logger, queueSpans))
  if (exporters.length === 0) return
  const flushes: (() => void)[] = []
  context.onClose(async () => {
    for (const flush of flushes) flush()
    await Promise.all(exporters.map(one => one.close()))
  })
  const tracing = exporters.filter(one => one.traces !== undefined)
  if (tracing.length > 0) {
    const own = { endpoint: (at: EndpointFacts) => places.get(at), backend: (at: BackendFacts) => places.get(at) }
    const skips = compileSkip(options.texts('skip_paths'))
    flushes.push(startTraces({ options, context, frame: frameOf(options, context), exporters: tracing, own, skips }))
  }
}

const SCOPE = 'io.krakend.krakend-otel'
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.21.0'

function frameOf(options: OptionReader, context: ComponentContext): ResourceFrame {
  const attributes: [string, string][] = [
    ['service.name', options.text('service_name') || context.service.name || 'KrakenD'],
    ['service.version', options.text('service_version') || context.service.version]
  ]
  if (options.has('deploy_env')) attributes.push(['deployment.environment', options.text('deploy_env')])
  return new ResourceFrame({ attributes, schemaUrl: SCHEMA_URL, scope: SCOPE })
}

/** Measures what the layers want. */
function watch(options: OptionReader, context: ComponentContext, families: Families, places: Places): void {
  const layers = options.object('layers')
  const skips = compileSkip(options.texts('skip_paths'))
  const globalOptions = layers?.object('global')
  const global = readLayer(globalOptions)
  const routes = new Map<string, Map<string, KnownRoute>>()
  const isSkipped = (endpoint: EndpointFacts): boolean => skips(endpoint.path) || skips(endpoint.ginPath)
  if (global.on) {
    const conventions = readsConventions(globalOptions)
    const server = new ServerMetrics({ families, layer: global, conventions, routes, skips })
    context.observe({ started: server.started, finished: server.finished })
  }
  const pipes = new PipeMetrics(families, readsConventions(layers?.object('backend')?.object('metrics')))
  const backendLayer = (backend: BackendFacts) =>
    readBackendLayer(places.get(backend)?.object('backend') ?? layers?.object('backend'))
  context.observe({
    proxy(endpoint) {
      if (isSkipped(endpoint)) return undefined
      const own = places.get(endpoint)
      const ownGlobal = own?.object('global')
      const added = ownGlobal === undefined ? undefined : readLayer(ownGlobal)
      if (added?.on !== false) {
        const methods = routes.get(endpoint.path) ?? new Map<string, KnownRoute>()
        routes.set(endpoint.path, methods.set(endpoint.method, { label: endpoint.ginPath, labels: added?.labels ?? [] }))
      }
      return pipes.proxy(endpoint, readLayer(own?.object('proxy') ?? layers?.object('proxy')))
    },
    backend: (endpoint, backend) => (isSkipped(endpoint) ? undefined : pipes.backend(endpoint, backend, backendLayer(backend))),
    call: (endpoint, backend) => (isSkipped(endpoint) ? undefined : pipes.call(endpoint, backend, backendLayer(backend))),
    stage: (place, name) => (place.endpoint !== undefined && isSkipped(place.endpoint) ? undefined : pipes.stage(place, name))
  })
  samplePools(families, () => context.pools())
  sampleGateway(families, context.gateway)
  context.onListen(async () => sampleOffered(families, context.offeredMetrics()))
}

const POOL_METRICS: readonly [name: string, help: string, type: 'gauge' | 'counter', value: (pool: PoolState) => number][] = [
  ['sluice_upstream_connections', 'Open connections.', 'gauge', pool => pool.connections],
  ['sluice_upstream_connections_limit', 'Most connections.', 'gauge', pool => pool.maxConnections],
  ['sluice_upstream_queue_limit', 'Most calls that may wait for a connection.', 'gauge', pool => pool.maxQueued],
  ['sluice_upstream_pending', 'Calls under way or waiting for a connection.', 'gauge', pool => pool.pending],
  ['sluice_upstream_tunnels', 'Open connections that changed their protocol.', 'gauge', pool => pool.tunnels],
  ['sluice_upstream_calls_total', 'Calls begun.', 'counter', pool => pool.total],
  ['sluice_upstream_refused_total', 'Calls refused because too many waited.', 'counter', pool => pool.refused]
]

function samplePools(families: Families, pools: () => Iterable<PoolState>): void {
  for (const [name, help, type, value] of POOL_METRICS) {
    families.sampled(name, help, type, () => [...pools()].map((pool): readonly [Labels, number] => [labelsOf(pool), value(pool)]))
  }
}

/** Connections with settings of their own have one label more: an origin has several pools then. */
function labelsOf({ origin, settingsName }: PoolState): Labels {
  return settingsName === ''
    ? [['server_address', origin]]
    : [
        ['server_address', origin],
        ['client_settings', settingsName]
      ]
}

/** The labels of `target_info`. */
function targetLabels(options: OptionReader, context: ComponentContext): Labels {
  return [
    ['service_name', options.text('service_name', context.service.name || 'KrakenD')],
    ...(options.has('service_version') ? ([['service_version', options.text('service_version')]] as const) : []),
    ...(options.has('deploy_env') ? ([['deployment_environment', options.text('deploy_env')]] as const) : [])
  ]
}

async function prepareExporter(exporter: PrometheusOptions, families: Families, context: ComponentContext): Promise<void> {
  const { name, host, port, gatewayMetrics } = exporter
  const renderProcess = await openProcessMetrics({ process: exporter.processMetrics, runtime: exporter.runtimeMetrics })
  context.onListen(async () => {
    const page = {
      path: '/metrics',
      contentType: CONTENT_TYPE,
      render: async () => (gatewayMetrics ? families.render() : '') + (await renderProcess()),
      failed: (error: unknown) =>
        context.logger.error(`${TAG} The Prometheus exporter '${name}' failed: ${(error as Error).message}`)
    }
    await showStats(context, 'telemetry/opentelemetry', { host, port }, page)
    context.logger.info(`${TAG} The Prometheus exporter '${name}' listens on port: ${port}`)
  })
}
