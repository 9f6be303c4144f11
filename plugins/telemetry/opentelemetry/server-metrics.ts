/** Layer `global`: what clients see, by endpoint pattern, method and status. */

import { STATUS_CODES } from 'node:http'
import type { ObservedExchange } from 'sluice/plugin'
import { SIZE_BOUNDS, TIME_BOUNDS } from './buckets.js'
import type { Audience, Distribution, Families, Labels } from './families.js'
import type { Layer } from './options.js'

/** An endpoint as the labels show it. */
export interface KnownRoute {
  /** `/x/:id` */
  readonly label: string
  readonly labels: Labels
  /** Undefined = all exporters. */
  readonly audience: Audience | undefined
}

export interface ServerMetricsOptions {
  readonly families: Families
  /** Requests that have begun and not ended, of all configurations that are alive. */
  readonly inFlight: { count: number }
  readonly layer: Layer
  /** Semantic conventions 1.27 instead of KrakenD's names. */
  readonly conventions: boolean
  /** Endpoints that are measured, by their path as configured and their method. Filled while the gateway is built. */
  readonly routes: ReadonlyMap<string, ReadonlyMap<string, KnownRoute>>
  /** For requests outside of endpoints. */
  readonly skips: (path: string) => boolean
}

/** Status of exchanges that ended before a response began. */
const ABORTED = 499

interface Series {
  readonly duration: Distribution
  readonly firstByte: Distribution
  readonly responseSize: Distribution
  readonly requestSize: Distribution
}

/** Requests in flight and finished. */
export class ServerMetrics {
  private readonly options: ServerMetricsOptions
  /** By route, method and status. */
  private readonly known = new Map<string, Map<string, Map<number, Series>>>()
  private readonly makers = new Map<Audience | undefined, (labels: Labels) => Series>()

  constructor(options: ServerMetricsOptions) {
    this.options = options
    const { families, inFlight } = options
    const active = { name: 'sluice.http.server.active_requests', help: 'Requests that have begun and not ended.' }
    families.sampled(active, 'gauge', () => [[[], inFlight.count]])
    this.makerFor(undefined)
  }

  /** What makes the series that an audience sees. */
  private makerFor(audience: Audience | undefined): (labels: Labels) => Series {
    let make = this.makers.get(audience)
    if (make === undefined) {
      make = this.compileMaker(this.options.families.for(audience))
      this.makers.set(audience, make)
    }
    return make
  }

  private compileMaker(families: Families): (labels: Labels) => Series {
    const { conventions } = this.options
    const duration = families.histogram(
      {
        ...(conventions ? { name: 'http.server.request.duration', unit: 's' } : { name: 'http.server.duration' }),
        help: 'Seconds from the request line to the end of the answer.'
      },
      TIME_BOUNDS
    )
    const size = families.histogram(
      {
        ...(conventions ? { name: 'http.server.response.body.size', unit: 'By' } : { name: 'http.server.response.size' }),
        help: 'Bytes of answers.'
      },
      SIZE_BOUNDS
    )
    const firstByte = families.histogram(
      { name: 'sluice.http.server.first_byte', unit: 's', help: 'Seconds from the request line to the head of the answer.' },
      TIME_BOUNDS
    )
    const requestSize = families.histogram(
      { name: 'sluice.http.server.request.size', unit: 'By', help: 'Bytes of request bodies.' },
      SIZE_BOUNDS
    )
    return labels => ({
      duration: duration(labels),
      firstByte: firstByte(labels),
      responseSize: size(labels),
      requestSize: requestSize(labels)
    })
  }

  readonly started = (): void => {
    this.options.inFlight.count++
  }

  readonly finished = (exchange: ObservedExchange): void => {
    this.options.inFlight.count--
    const series = this.seriesOf(exchange)
    if (series === undefined) return
    const { startedAt, firstByteAt } = exchange
    const { span } = exchange
    series.duration.record((performance.now() - startedAt) / 1000, span)
    if (firstByteAt !== 0) series.firstByte.record((firstByteAt - startedAt) / 1000, span)
    series.responseSize.record(exchange.bytesOut, span)
    series.requestSize.record(exchange.bytesIn, span)
  }

  private seriesOf(exchange: ObservedExchange): Series | undefined {
    const { route } = exchange
    if (route === '') {
      const url = exchange.req.url ?? ''
      const mark = url.indexOf('?')
      if (this.options.skips(mark < 0 ? url : url.slice(0, mark))) return undefined
    } else if (!this.options.routes.has(route)) return undefined
    const methods = inside(this.known, route)
    const method = methodLabel(exchange.req.method)
    const statuses = inside(methods, method)
    const status = exchange.error?.code === 'SLUICE_ERR_CLIENT_ABORTED' ? ABORTED : exchange.status
    let series = statuses.get(status)
    if (series === undefined) {
      const endpoints = this.options.routes.get(route)
      // HEAD may be answered by the endpoint of GET
      const known = endpoints?.get(method) ?? endpoints?.get('GET')
      series = this.makerFor(known?.audience)(this.labelsOf(known, method, status))
      statuses.set(status, series)
    }
    return series
  }

  private labelsOf(known: KnownRoute | undefined, method: string, status: number): Labels {
    return [
      // KrakenD names requests that no endpoint takes by their status
      ['http.route', known?.label ?? `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()],
      ['http.request.method', method],
      ['http.response.status_code', status],
      ['url.scheme', 'http', 'otlp'],
      ...(known?.labels ?? []),
      ...this.options.layer.labels
    ]
  }
}

/** Those of RFC 9110 and PATCH. */
const METHODS: ReadonlySet<string> = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'])

/** Clients may name any method; others share one name, as the semantic conventions say. */
function methodLabel(method: string | undefined): string {
  return method !== undefined && METHODS.has(method) ? method : '_OTHER'
}

function inside<K, V>(outer: Map<string, Map<K, V>>, key: string): Map<K, V> {
  let map = outer.get(key)
  if (map === undefined) {
    map = new Map()
    outer.set(key, map)
  }
  return map
}
