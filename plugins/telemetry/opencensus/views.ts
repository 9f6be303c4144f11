/** The views of OpenCensus: what is measured of exchanges and calls, under the names that dashboards know. */

import type { Counter, Histogram, Registry } from 'prom-client'
import type { BackendFacts, CallWatch, EndpointFacts, ObservedExchange } from 'sluice/plugin'

/** Which labels views have besides their own. */
export interface Tags {
  readonly host: boolean
  readonly path: boolean
  readonly method: boolean
  readonly status: boolean
}

type Prometheus = typeof import('prom-client')
type Labels = Record<string, string>

const SIZES = [1024, 2048, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864, 268435456, 1073741824, 4294967296]
const TIMES = [
  1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 65, 80, 100, 130, 160, 200, 250, 300, 400, 500, 650, 800, 1000, 2000, 5000,
  10000, 20000, 50000, 100000
]
const ABORTED = '499'
/** The status of a call without a response, as OpenCensus tells it. */
const NO_ANSWER = '500'

/** Makes views in a registry. */
class Views {
  private readonly prometheus: Prometheus
  private readonly registry: Registry
  private readonly prefix: string

  constructor(prometheus: Prometheus, registry: Registry, prefix: string) {
    this.prometheus = prometheus
    this.registry = registry
    this.prefix = prefix
  }

  count(name: string, help: string, labelNames: readonly string[]): Counter<string> {
    return new this.prometheus.Counter({ name: `${this.prefix}_${name}`, help, labelNames, registers: [this.registry] })
  }

  distribution(name: string, help: string, labelNames: readonly string[], buckets: readonly number[]): Histogram<string> {
    const settings = { name: `${this.prefix}_${name}`, help, labelNames, buckets: [...buckets], registers: [this.registry] }
    return new this.prometheus.Histogram(settings)
  }
}

/** What views are made in. */
export interface ViewSettings {
  readonly prometheus: Prometheus
  readonly registry: Registry
  /** `krakend` makes `krakend_opencensus_io_http_…`. */
  readonly namespace: string
  readonly tags: Tags
}

const viewsOf = ({ prometheus, registry, namespace }: ViewSettings, side: 'server' | 'client'): Views =>
  new Views(prometheus, registry, `${namespace === '' ? '' : `${namespace}_`}opencensus_io_http_${side}`)

/** Views of exchanges with endpoints. Paths are those of the configuration. */
export function serverViews(settings: ViewSettings): (exchange: ObservedExchange) => void {
  const { tags } = settings
  const views = viewsOf(settings, 'server')
  const common = [
    ...(tags.path ? ['http_path'] : []),
    ...(tags.method ? ['http_method'] : []),
    ...(tags.status ? ['http_status'] : [])
  ]
  const withLabel = (name: string): string[] => [...new Set([name, ...common])]
  const requests = views.count('request_count', 'Count of HTTP requests started', common)
  const requestBytes = views.distribution('request_bytes', 'Size distribution of HTTP request body', common, SIZES)
  const responseBytes = views.distribution('response_bytes', 'Size distribution of HTTP response body', common, SIZES)
  const latency = views.distribution('latency', 'Latency distribution of HTTP requests, ms', common, TIMES)
  const byMethod = views.count('request_count_by_method', 'Requests by HTTP method', withLabel('http_method'))
  const byStatus = views.count('response_count_by_status_code', 'Responses by status code', withLabel('http_status'))
  return exchange => {
    if (exchange.route === '') return
    const all: Labels = {
      http_path: exchange.route,
      http_method: exchange.req.method ?? '',
      http_status: exchange.error?.code === 'SLUICE_ERR_CLIENT_ABORTED' ? ABORTED : String(exchange.status)
    }
    const labels = pick(all, common)
    requests.inc(labels)
    requestBytes.observe(labels, exchange.bytesIn)
    responseBytes.observe(labels, exchange.bytesOut)
    latency.observe(labels, performance.now() - exchange.startedAt)
    byMethod.inc(pick(all, withLabel('http_method')))
    byStatus.inc(pick(all, withLabel('http_status')))
  }
}

/** Views of calls to backends. */
export function clientViews(settings: ViewSettings): (endpoint: EndpointFacts, backend: BackendFacts) => CallWatch {
  const { tags } = settings
  const views = viewsOf(settings, 'client')
  const names = [
    'http_client_method',
    'http_client_status',
    ...(tags.host ? ['http_client_host'] : []),
    ...(tags.path ? ['http_client_path'] : [])
  ]
  const sent = views.distribution('sent_bytes', 'Total bytes sent in request body', names, SIZES)
  const received = views.distribution('received_bytes', 'Total bytes received in response bodies', names, SIZES)
  const latency = views.distribution('roundtrip_latency', 'End-to-end latency, ms', names, TIMES)
  const completed = views.count('completed_count', 'Count of completed requests', names)
  return (_, { urlPattern }) => ({
    ended(trace) {
      const labels = pick(
        {
          http_client_method: trace.method,
          http_client_status: trace.status === 0 ? NO_ANSWER : String(trace.status),
          http_client_host: trace.origin.replace(/^https?:\/\//, ''),
          http_client_path: urlPattern
        },
        names
      )
      sent.observe(labels, Math.max(0, trace.requestBytes))
      received.observe(labels, trace.bytes)
      latency.observe(labels, trace.endedAt - trace.startedAt)
      completed.inc(labels)
    }
  })
}

const pick = (all: Labels, names: readonly string[]): Labels => Object.fromEntries(names.map(name => [name, all[name]!]))
