/** One OTLP exporter at work: a queue for each of its signals, and a log line whenever something changes. */

import type { ComponentContext, Logger } from 'sluice/plugin'
import { type ExportCounts, type ExportEvents, ExportQueue, type ExportSender } from '../../_shared/otlp/export-queue.js'
import { GrpcSender } from '../../_shared/otlp/grpc-sender.js'
import { HttpSender } from '../../_shared/otlp/http-sender.js'
import type { OtlpOptions, SignalTarget } from './otlp-options.js'

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
  /** ms between two pushes of metrics; undefined = the service's. */
  readonly periodMs: number | undefined
  /** Undefined = it takes no traces. */
  readonly traces: ExportQueue | undefined
  /** Undefined = it takes no metrics. */
  readonly metrics: ExportQueue | undefined
  private readonly options: OtlpOptions
  private readonly logger: Logger

  /** @param queueSpans most spans that wait */
  constructor(options: OtlpOptions, context: ComponentContext, queueSpans: number) {
    this.name = options.name
    this.options = options
    this.logger = context.logger
    const { traces, metrics } = options
    this.periodMs = options.periodMs
    if (traces !== undefined) {
      const counts = context.keep(`telemetry/opentelemetry spans of ${options.name}`, () => ({ sent: 0, dropped: 0 }))
      this.traces = new ExportQueue({
        sender: this.senderOf('traces', traces),
        events: this.eventsOf('traces', 'spans', traces),
        room: { bytes: QUEUE_BYTES, items: queueSpans },
        timeoutMs: traces.timeoutMs,
        counts
      })
      this.offerCounts(counts, context)
    }
    if (metrics !== undefined) {
      this.metrics = new ExportQueue({
        sender: this.senderOf('metrics', metrics),
        events: this.eventsOf('metrics', 'data points', metrics),
        room: 'latest',
        timeoutMs: metrics.timeoutMs
      })
    }
  }

  private senderOf(signal: 'traces' | 'metrics', { address }: SignalTarget): ExportSender {
    return this.options.http ? new HttpSender(address, `/v1/${signal}`) : new GrpcSender(address, SERVICES[signal])
  }

  private eventsOf(signal: string, items: string, { address }: SignalTarget): ExportEvents {
    const { logger, options } = this
    const { host, port } = address
    const who = `${TAG} The OTLP exporter '${options.name}'`
    const lossy = signal === 'traces'
    const hide = hider(Object.values(address.headers))
    return {
      failing: message =>
        logger.error(
          `${who} cannot send ${signal} to ${host}:${port}: ${hide(message)}${adviceFor(message)}. It goes on trying; requests are not affected`
        ),
      recovered: lost => {
        const loss = lossy ? `; ${lost} ${items} were lost in the meantime` : ''
        logger.info(`${who} sends ${signal} to ${host}:${port} again${loss}`)
      },
      rejected: (count, message) => logger.warning(`${who}: the collector rejected ${count} ${items}: ${hide(message)}`)
    }
  }

  private offerCounts(counts: ExportCounts, context: ComponentContext): void {
    const labels = [['exporter', this.name]] as const
    const offer = (name: string, help: string, read: () => number): void =>
      context.offerMetric({ name: `sluice_otlp_${name}_spans_total`, help, type: 'counter', labels, read })
    offer('sent', 'Spans that a collector has taken.', () => counts.sent)
    offer('dropped', 'Spans that found no room, were refused or could not be sent in time.', () => counts.dropped)
  }

  async close(): Promise<void> {
    await Promise.all([this.traces?.close(CLOSE_MS), this.metrics?.close(CLOSE_MS)])
    const dropped = this.traces?.dropped ?? 0
    if (dropped > 0) this.logger.warning(`${TAG} The OTLP exporter '${this.name}' dropped ${dropped} spans since the start`)
  }
}

/** What to do about a certificate whose authority is not known. */
const adviceFor = (message: string): string =>
  /self.signed|unable to (?:verify|get)/.test(message) ? ' (name its authority in `client_tls.ca_certs` of the exporter)' : ''

/** Shortest value of a header that counts as a secret. */
const SHORTEST_SECRET = 6

/** Takes the values of the exporter's headers out of what a collector says: some repeat a key that they refuse. */
function hider(values: readonly string[]): (message: string) => string {
  const secrets = values
    .flatMap(value => [value, ...value.split(' ')])
    .filter(value => value.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length)
  return message => secrets.reduce((text, secret) => text.replaceAll(secret, 'REDACTED'), message)
}
