/**
 * `telemetry/opentelemetry`: traces and metrics to collectors by OTLP, metrics for Prometheus on a port of their own.
 *
 * In: what the gateway lets itself be watched by: exchanges, the pipes of endpoints and backends, calls, stages, pools. Out: requests to
 * collectors, and `GET /metrics`. Nothing stands in the pipes; what a layer leaves out is not measured. At endpoints and backends the
 * options of a layer stand in for the service's.
 */

import { type ComponentContext, defineComponent, type OptionReader } from 'sluice/plugin'
import { showStats } from '../../_shared/kept-stats-port.js'
import { envNumber } from '../../_shared/otlp/env-number.js'
import { joinExpositions } from '../../_shared/stats/join-expositions.js'
import { readExporters } from './exporters.js'
import { Families, SeriesMemory } from './families.js'
import { reaches, startPushes } from './metric-push.js'
import { compileSkip, type PrometheusOptions } from './options.js'
import { OtlpExporter, QUEUE_SPANS } from './otlp-exporter.js'
import { Places } from './places.js'
import { openProcessMetrics } from './process-metrics.js'
import { renderPrometheus } from './prometheus-text.js'
import { frameOf, targetLabels } from './resource.js'
import { SCHEMA } from './schema.js'
import { startMetrics } from './service-metrics.js'
import { startTraces } from './start-traces.js'

const TAG = '[SERVICE: OpenTelemetry]'
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
/** Seconds between two pushes of metrics. */
const DEFAULT_PERIOD_S = 30
/** Options of single endpoints and backends, by their facts, until the gateway is built. */
const PLACES = 'telemetry/opentelemetry'

export default defineComponent({
  namespace: 'telemetry/opentelemetry',
  scopes: ['service', 'endpoint', 'backend'],
  slots: {},
  needs: 'head',
  schema: SCHEMA,
  compile(options, context) {
    if (context.scope === 'service') return compileService(options, context)
    const places = context.shared.get(PLACES) as Places | undefined
    if (places === undefined)
      context.logger.debug(`${context.tag}[OpenTelemetry] does nothing without the component at service level`)
    places?.take(options, context)
    return undefined
  }
})

async function compileService(options: OptionReader, context: ComponentContext): Promise<undefined> {
  const { env } = context.service
  const { prometheus, otlp } = readExporters(options, context)
  const periodMs = (options.count('metric_reporting_period', 0) || DEFAULT_PERIOD_S) * 1000
  if (prometheus.length + otlp.length === 0) {
    context.logger.warning(`${TAG} no exporter: nothing is measured`)
    return
  }
  const places = new Places({
    traces: new Set(otlp.filter(one => one.traces !== undefined).map(one => one.name)),
    metrics: new Set(
      [...otlp.filter(one => one.metrics !== undefined), ...prometheus.filter(one => one.gatewayMetrics)].map(one => one.name)
    )
  })
  context.shared.set(PLACES, places)
  if (options.has('exporters_override')) {
    const message = 'does nothing here: it belongs to endpoints'
    context.report('/exporters_override', message, 'warning')
  }
  const skips = compileSkip(options.texts('skip_paths'))
  const queueSpans = envNumber(env, 'OTEL_BSP_MAX_QUEUE_SIZE', QUEUE_SPANS)
  const exporters = otlp.filter(one => one.traces ?? one.metrics).map(one => new OtlpExporter(one, context, queueSpans))
  const frame = frameOf(options, context)
  const flushes: (() => void)[] = []
  context.onClose(async () => {
    for (const flush of flushes) flush()
    await Promise.all(exporters.map(one => one.close()))
  })
  const tracing = exporters.filter(one => one.traces !== undefined)
  const flushTraces = tracing.length > 0 ? startTraces({ options, context, frame, exporters: tracing, places, skips }) : undefined
  if (flushTraces !== undefined) flushes.push(flushTraces)
  else if (tracing.length > 0) context.report('/exporters/otlp', 'no traces are sent: another component records them', 'warning')

  const pushing = exporters.filter(one => one.metrics !== undefined)
  // workers answer on one port, in turn: the number tells their series apart
  const { workers } = context
  const worker = workers === undefined ? [] : ([['worker', String(workers.place)]] as const)
  const memory = context.keep('telemetry/opentelemetry series', () => new SeriesMemory())
  memory.keepsExemplars = tracing.length > 0 && pushing.length > 0
  const families = new Families(worker, memory)
  families.sampled({ name: 'target_info', help: 'The service.', only: 'prometheus' }, 'gauge', () => [
    [targetLabels(options, context), 1]
  ])
  if (pushing.length > 0 || prometheus.some(exporter => exporter.gatewayMetrics))
    startMetrics({ options, context, families, places, skips })
  if (pushing.length > 0) {
    const pushes = { exporters: pushing, families, frame, periodMs, endpointPeriods: places.periods }
    flushes.push(startPushes(pushes, context))
  }
  for (const exporter of prometheus) await prepareExporter(exporter, families, context)
}

/** With workers, a scrape reaches one of them: its page has what all of them have counted. */
function offerToWorkers(name: string, render: () => Promise<string>, context: ComponentContext): () => Promise<string> {
  const { workers } = context
  if (workers === undefined) return render
  context.onClose(workers.offer(name, render))
  return async () => joinExpositions(await workers.gather(name))
}

async function prepareExporter(exporter: PrometheusOptions, families: Families, context: ComponentContext): Promise<void> {
  const { name, host, port, pointer, gatewayMetrics } = exporter
  const wanted = { process: exporter.processMetrics, runtime: exporter.runtimeMetrics }
  const renderProcess = await openProcessMetrics(wanted, context.workers?.place)
  const renderOwn = async (): Promise<string> =>
    (gatewayMetrics ? renderPrometheus(families, audience => reaches(audience, name)) : '') + (await renderProcess())
  context.onListen(async () => {
    const page = {
      path: '/metrics',
      contentType: CONTENT_TYPE,
      render: offerToWorkers(`telemetry/opentelemetry ${name}`, renderOwn, context),
      failed: (error: unknown) =>
        context.logger.error(`${TAG} The Prometheus exporter '${name}' failed: ${(error as Error).message}`)
    }
    await showStats(context, 'telemetry/opentelemetry', { host, port, pointer }, page)
    context.logger.info(`${TAG} The Prometheus exporter '${name}' listens on port: ${port}`)
  })
}
