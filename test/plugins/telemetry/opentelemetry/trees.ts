/** Traces as lines, for tests that compare whole trees. */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { PluginModule } from '../../../../src/plugin/index.js'
import { openGateway } from '../../../support/open-gateway.js'
import { type ReceivedSpan, type Receiver, startReceiver } from '../../../support/otlp-receiver.js'
import { fetch } from '../../../support/waiting.js'

const KINDS = ['', 'internal', 'server', 'client']
const STATUSES = ['unset', 'ok', 'error']

/** The kind of spans of exchanges. */
export const SERVER = 2

/** What a test says of its gateway beside its endpoints. */
interface TracedOptions {
  readonly root?: object
  readonly plugins?: readonly PluginModule[]
  /** Options of `telemetry/opentelemetry` beside its exporter. */
  readonly telemetry?: object
  /** Takes the spans; default: one of this gateway alone. */
  readonly receiver?: Receiver
}

/** Opens a gateway that records all exchanges and sends them at once. */
export async function openTraced(t: TestContext, endpoints: readonly object[], options: TracedOptions = {}) {
  const { root = {}, plugins = [], telemetry = {}, receiver = await startReceiver(t) } = options
  const otlp = { name: 'local', host: '127.0.0.1', port: receiver.port, use_http: true }
  const extra_config = {
    ...(root as { extra_config?: object }).extra_config,
    'telemetry/opentelemetry': { exporters: { otlp: [otlp] }, ...telemetry }
  }
  const config = { ...root, endpoints, extra_config }
  return { ...(await openGateway(t, config, { env: { OTEL_BSP_SCHEDULE_DELAY: '10' }, plugins })), config, receiver }
}

/** `kind name: status, HTTP status, error.type` of a span. */
export function lineOf({ kind, name, status, attributes }: ReceivedSpan): string {
  const short = name === 'http.client.response.read.tracker' ? 'read' : name
  const parts = [STATUSES[status], attributes['http.response.status_code'], attributes['error.type']]
  return `${KINDS[kind]} ${short}: ${parts.filter(part => part !== undefined).join(', ')}`
}

/** One trace as lines, a child two characters further in than its parent. */
export function treeOf(spans: readonly ReceivedSpan[]): string[] {
  const ids = new Set(spans.map(one => one.spanId))
  assert.equal(ids.size, spans.length, 'ids differ')
  assert.equal(new Set(spans.map(one => one.traceId)).size, 1, 'one trace')
  const below = (parentId: string, indent: string): string[] =>
    spans
      .filter(one => one.parentId === parentId)
      .sort((a, b) => (lineOf(a) < lineOf(b) ? -1 : 1))
      .flatMap(one => [indent + lineOf(one), ...below(one.spanId, `${indent}  `)])
  const lines = below('', '')
  assert.equal(lines.length, spans.length, 'all hang together')
  for (const span of spans) assert.ok(span.end >= span.start, `${span.name} ends after it begins`)
  return lines
}

/** Asks, reads the response, and returns its status. */
export const get = async (url: string): Promise<number> => {
  const response = await fetch(url)
  await response.text().catch(() => {})
  return response.status
}
