/** Traces for Jaeger and Zipkin: the recorder of `telemetry/opentelemetry`, and senders that speak their protocols. */

import type { ComponentContext, OptionReader } from 'sluice/plugin'
import { ExportQueue } from '../../_shared/otlp/export-queue.js'
import { HttpSender } from '../../_shared/otlp/http-sender.js'
import { ResourceFrame } from '../../_shared/otlp/resource.js'
import { startRecorder } from '../../_shared/traces/start-recorder.js'
import type { TraceExporterOptions } from './trace-exporters.js'

const TAG = '[SERVICE: OpenCensus]'
/** bytes of spans that wait for a collector. */
const QUEUE_BYTES = 16 * 1024 * 1024
/** ms for one attempt. */
const TIMEOUT_MS = 10_000
/** ms that the end of the gateway waits for a collector. */
const CLOSE_MS = 5_000

export interface TraceOptions {
  readonly exporters: readonly TraceExporterOptions[]
  /** Share of exchanges that are recorded, more than 0. */
  readonly rate: number
  /** `enabled_layers`; undefined = all. */
  readonly layers: OptionReader | undefined
}

/** Begins to record and to send. */
export function startTraces({ exporters, rate, layers }: TraceOptions, context: ComponentContext): void {
  const { name, version } = context.service
  const queues = exporters.map(one => queueFor(one, context))
  const isOn = (layer: string): boolean => layers?.flag(layer) ?? true
  const common = { reportHeaders: false, skipHeaders: [], attributes: [] }
  const backend = isOn('backend')
  const flush = startRecorder({
    context,
    frame: new ResourceFrame({
      attributes: [
        ['service.name', name || 'KrakenD'],
        ['service.version', version]
      ],
      schemaUrl: '',
      scope: ''
    }),
    queues,
    queuesOf: () => undefined,
    rate,
    // B3 is what OpenCensus has; of several that a client sends the last one counts
    propagators: ['tracecontext', 'baggage', 'b3multi'],
    readsIncoming: true,
    global: { on: isOn('router'), ...common },
    skips: path => path.startsWith('/__'),
    places: {
      isSkipped: () => false,
      rateOf: () => undefined,
      ownAttributes: () => [],
      proxyLayer: () => ({ on: isOn('pipe'), ...common }),
      backendLayer: () => ({ stage: backend, roundTrip: backend, readPayload: false, connection: backend, ...common }),
      prefixes: { proxy: 'pipe-', backend: 'backend-' }
    }
  })
  if (flush === undefined) {
    const message = 'no traces are sent to these exporters: `telemetry/opentelemetry` records them'
    context.report('/exporters', message, 'warning')
  }
  context.onClose(async () => {
    flush?.()
    await Promise.all(queues.map(queue => queue.close(CLOSE_MS)))
  })
}

function queueFor({ name, address, path, format, room }: TraceExporterOptions, { logger }: ComponentContext): ExportQueue {
  const to = `${address.host}:${address.port}`
  return new ExportQueue({
    sender: new HttpSender(address, path, format),
    events: {
      failing: message =>
        logger.error(
          `${TAG} Traces cannot be sent to ${name} at ${to}: ${message}. It goes on trying; requests are not affected`
        ),
      recovered: lost => logger.info(`${TAG} Traces are sent to ${name} at ${to} again; ${lost} spans were lost in the meantime`),
      rejected: (count, message) => logger.warning(`${TAG} ${name} rejected ${count} spans: ${message}`)
    },
    room: { bytes: QUEUE_BYTES, items: room },
    timeoutMs: TIMEOUT_MS
  })
}
