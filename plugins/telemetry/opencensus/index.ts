/**
 * `telemetry/opencensus`: the Prometheus exporter of OpenCensus, on a port of its own, under the names that dashboards know; traces for
 * Jaeger and Zipkin.
 *
 * In: exchanges and calls. Out: `GET /metrics`, and requests to collectors. KrakenD has deprecated OpenCensus; its other exporters are left
 * out with one warning that says what takes their place. Nothing of it stops a start.
 */

import { type ComponentContext, defineComponent, type OptionReader } from 'sluice/plugin'
import { showStats } from '../../_shared/kept-stats-port.js'
import { flag } from '../../_shared/option-types.js'

const SCHEMA = {
  type: 'object',
  description: 'The Prometheus exporter of OpenCensus, on a port of its own; traces for Jaeger and Zipkin',
  properties: {
    sample_rate: { type: 'number', default: 0, description: 'Percentage of exchanges that are recorded for Jaeger and Zipkin' },
    reporting_period: { type: 'number', description: 'Of exporters that send metrics; Prometheus fetches' },
    enabled_layers: {
      type: 'object',
      description: 'When given, what is not named is off',
      properties: {
        router: flag('Exchanges with endpoints'),
        pipe: flag('Pipes of endpoints, in traces'),
        backend: flag('Calls to backends')
      }
    },
    path_aggregation: { type: 'string', description: 'Paths are always those of the configuration' },
    exporters: {
      type: 'object',
      properties: {
        prometheus: {
          type: ['object', 'null'],
          properties: {
            port: { type: 'integer', minimum: 0, maximum: 65535, default: 9091 },
            namespace: { type: 'string', description: 'What names of metrics begin with' },
            tag_host: flag('Backends by their host'),
            tag_path: flag('The path as configured'),
            tag_method: flag('The method'),
            tag_statuscode: flag('The status')
          }
        },
        jaeger: {
          type: ['object', 'null'],
          properties: {
            endpoint: { type: 'string', description: 'Where the collector takes Thrift: http://HOST:14268/api/traces' },
            agent_endpoint: { type: 'string', description: 'Nothing is sent to agents' },
            service_name: { type: 'string', description: 'Default: the name of the configuration' },
            buffer_max_count: { type: 'integer', minimum: 0, description: 'Most spans that wait' }
          }
        },
        zipkin: {
          type: ['object', 'null'],
          properties: {
            collector_url: { type: 'string', description: 'http://HOST:9411/api/v2/spans' },
            service_name: { type: 'string', description: 'Default: the name of the configuration' },
            ip: { type: 'string', description: 'Address of the gateway, as Zipkin shows it' },
            port: { type: 'integer', minimum: 0, maximum: 65535 }
          }
        }
      }
    }
  },
  additionalProperties: false
} as const

const TAG = '[SERVICE: OpenCensus]'
const DEFAULT_PORT = 9091
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** What takes the place of exporters that are not there. */
const INSTEAD: Readonly<Record<string, string>> = {
  influxdb: '`telemetry/influx` sends to InfluxDB',
  logger: 'the JSON access log has a line for each request'
}
const COLLECTOR = '`telemetry/opentelemetry` sends traces and metrics by OTLP, which a collector hands on'
/** What is honoured. */
const HONOURED: ReadonlySet<string> = new Set(['prometheus', 'jaeger', 'zipkin'])

export default defineComponent({
  namespace: 'telemetry/opencensus',
  scopes: ['service', 'endpoint', 'backend'],
  slots: {},
  needs: 'head',
  schema: SCHEMA,
  lacks: 'exporters but Prometheus, Jaeger and Zipkin',
  async compile(options, context) {
    if (context.scope !== 'service') return undefined
    const exporters = options.object('exporters')
    tellLeftOut(exporters?.keys().filter(name => !HONOURED.has(name)) ?? [], context)
    await startTracing(options, context)
    const prometheus = exporters?.object('prometheus')
    return prometheus === undefined ? undefined : expose(prometheus, options.object('enabled_layers'), context)
  }
})

function tellLeftOut(names: readonly string[], context: ComponentContext): void {
  if (names.length === 0) return
  const hints = new Set(names.map(name => INSTEAD[name] ?? COLLECTOR))
  context.report('/exporters', `nothing is sent to ${names.join(', ')}: ${[...hints].join('; ')}`, 'warning')
}

/** Loads what traces need where an exporter takes some. */
async function startTracing(options: OptionReader, context: ComponentContext): Promise<void> {
  const exporters = options.object('exporters')
  if (exporters?.object('jaeger') === undefined && exporters?.object('zipkin') === undefined) return
  const { readTraceExporters } = await import('./trace-exporters.js')
  const targets = readTraceExporters(exporters, context)
  const rate = options.amount('sample_rate', 0) / 100
  if (targets.length === 0) return
  if (rate === 0) return context.report('/sample_rate', 'no traces are sent: 0 percent of exchanges are recorded', 'warning')
  const { startTraces } = await import('./traces.js')
  startTraces({ exporters: targets, rate, layers: options.object('enabled_layers') }, context)
}

async function expose(options: OptionReader, layers: OptionReader | undefined, context: ComponentContext): Promise<undefined> {
  const [prometheus, { clientViews, serverViews }] = await Promise.all([import('prom-client'), import('./views.js')])
  const tags = {
    host: options.flag('tag_host'),
    path: options.flag('tag_path'),
    method: options.flag('tag_method'),
    status: options.flag('tag_statuscode')
  }
  const namespace = options.text('namespace').replace(/[^a-zA-Z0-9_]/g, '_')
  const router = layers?.flag('router') ?? true
  const backend = layers?.flag('backend') ?? true
  // counts go on under a new configuration
  const { registry, observer } = context.keep(
    `telemetry/opencensus ${JSON.stringify([namespace, tags, router, backend])}`,
    () => {
      const made = new prometheus.Registry()
      // workers answer on one port, in turn: the number tells their series apart
      if (context.workers !== undefined) made.setDefaultLabels({ worker: String(context.workers.place) })
      const settings = { prometheus, registry: made, namespace, tags }
      const views = {
        ...(router ? { finished: serverViews(settings) } : {}),
        ...(backend ? { call: clientViews(settings) } : {})
      }
      return { registry: made, observer: views }
    }
  )
  context.observe(observer)
  const port = options.integer('port', DEFAULT_PORT)
  context.onListen(async () => {
    try {
      const page = {
        path: '/metrics',
        contentType: CONTENT_TYPE,
        render: () => registry.metrics(),
        failed: (error: unknown) => context.logger.error(`${TAG} The Prometheus exporter failed: ${(error as Error).message}`)
      }
      const shown = await showStats(context, 'telemetry/opencensus', { host: '', port }, page)
      context.logger.info(`${TAG} The Prometheus exporter listens on port: ${shown}`)
    } catch (error) {
      context.logger.error(`${TAG} The Prometheus exporter cannot listen on port ${port}: ${(error as Error).message}`)
    }
  })
}
