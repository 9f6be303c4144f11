/** One OTLP exporter at work: a queue for each of its signals, and a log line whenever something changes. */

import type { Logger } from 'sluice/plugin'
import { type ExportCounts, type ExportEvents, ExportQueue, type ExportSender } from '../../_shared/otlp/export-queue.js'
import { GrpcSender } from '../../_shared/otlp/grpc-sender.js'
import { HttpSender } from '../../_shared/otlp/http-sender.js'
import type { OtlpOptions } from './otlp-options.js'

const TAG = '[SERVICE: OpenTelemetry]'

/** Methods of gRPC. */
const SERVICES = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
} as const

/** bytes of spans that wait for a collector. */
const QUEUE_BYTES = 16 * 1024 * 1024
/** Spans that wait for a collector. */
export const QUEUE_SPANS = 65_536
/** ms that the end of the gateway waits for a collector. */
const CLOSE_MS = 5_000

export class OtlpExporter {
  readonly name: string
  /** Undefined = it takes no traces. */
  readonly traces: ExportQueue | undefined
  /** Undefined = it takes no metrics. */
  readonly metrics: ExportQueue | undefined
  private readonly options: OtlpOptions
  private readonly logger: Logger

  /** @param queueSpans most spans that wait */
  constructor(options: OtlpOptions, logger: Logger, queueSpans: number) {
    this.name = options.name
    this.options = options
    this.logger = logger
    const { timeoutMs } = options
    if (options.traces) {
      this.traces = new ExportQueue({
        sender: this.senderOf('traces'),
        events: this.eventsOf('traces', 'spans'),
        maxBytes: QUEUE_BYTES,
        maxItems: queueSpans,
        timeoutMs
      })
    }
    if (options.metrics) {
      // values are cumulative: what waits is no better than what comes next
      this.metrics = new ExportQueue({
        sender: this.senderOf('metrics'),
        events: this.eventsOf('metrics', 'data points'),
        maxBytes: 0,
        maxItems: 0,
        timeoutMs
      })
    }
  }

  private senderOf(signal: 'traces' | 'metrics'): ExportSender {
    const { address, http } = this.options
    return http ? new HttpSender(address, `/v1/${signal}`) : new GrpcSender(address, SERVICES[signal])
  }

  private eventsOf(signal: string, items: string): ExportEvents {
    const { logger, options } = this
    const { host, port } = options.address
    const who = `${TAG} The OTLP exporter '${options.name}'`
    const lossy = signal === 'traces'
    return {
      failing: message =>
        logger.error(`${who} cannot send ${signal} to ${host}:${port}: ${message}. It goes on trying; requests are not affected`),
      recovered: lost => {
        const loss = lossy ? `; ${lost} ${items} were lost in the meantime` : ''
        logger.info(`${who} sends ${signal} to ${host}:${port} again${loss}`)
      },
      rejected: (count, message) => logger.warning(`${who}: the collector rejected ${count} ${items}: ${message}`)
    }
  }

  /** Spans that arrived and that were dropped. */
  get spans(): ExportCounts | undefined {
    return this.traces
  }

  async close(): Promise<void> {
    await Promise.all([this.traces?.close(CLOSE_MS), this.metrics?.close(CLOSE_MS)])
    const dropped = this.traces?.dropped ?? 0
    if (dropped > 0) this.logger.warning(`${TAG} The OTLP exporter '${this.name}' dropped ${dropped} spans since the start`)
  }
}
