/** Layer `global`: what clients see, by endpoint pattern, method and status. */

import { METHODS as NODE_METHODS } from 'node:http'
import type { ObservedExchange } from 'sluice/plugin'
import { SIZE_BOUNDS, TIME_BOUNDS } from './buckets.js'
import type { Distribution, Families, Labels } from './families.js'
import type { Layer } from './options.js'

/** An endpoint as the labels show it. */
export interface KnownRoute {
  /** `/x/:id` */
  readonly label: string
  readonly labels: Labels
}

export interface ServerMetricsOptions {
  readonly families: Families
  readonly layer: Layer
  /** Semantic conventions 1.27 instead of KrakenD's names. */
  readonly conventions: boolean
  /** Endpoints that are measured, by their path as configured and their method. Filled while the gateway is built. */
  readonly routes: ReadonlyMap<string, ReadonlyMap<string, KnownRoute>>
  /** For requests outside of endpoints. */
  readonly skips: (path: string) => boolean
}

/** Route of requests that no endpoint answers, as KrakenD names it. */
const NO_ROUTE = '404 Not Found'
/** Status of exchanges that ended before an answer began. */
const ABORTED = 499

interface Series {
  readonly duration: Distribution
  readonly firstByte: Distribution
  readonly responseSize: Distribution
  readonly requestSize: Distribution
}

/** Requests in flight and finished. */
export class ServerMetrics {
  /** Requests that have begun and not ended. */
  active = 0
  private readonly options: ServerMetricsOptions
  /** By route, method and status. */
  private readonly known = new Map<string, Map<string, Map<number, Series>>>()
  private readonly make: (labels: Labels) => Series

  constructor(options: ServerMetricsOptions) {
    this.options = options
    const { families, conventions } = options
    const duration = families.histogram(
      conventions ? 'http_server_request_duration_seconds' : 'http_server_duration',
      'Seconds from the request line to the end of the answer.',
      TIME_BOUNDS
    )
    const size = families.histogram(
      conventions ? 'http_server_response_body_size_bytes' : 'http_server_response_size',
      'Bytes of answers.',
      SIZE_BOUNDS
    )
    const firstByte = families.histogram(
      'sluice_http_server_first_byte_seconds',
      'Seconds from the request line to the head of the answer.',
      TIME_BOUNDS
    )
    const requestSize = families.histogram('sluice_http_server_request_size_bytes', 'Bytes of request bodies.', SIZE_BOUNDS)
    families.sampled('sluice_http_server_active_requests', 'Requests that have begun and not ended.', 'gauge', () => [
      [[], this.active]
    ])
    this.make = labels => ({
      duration: duration(labels),
      firstByte: firstByte(labels),
      responseSize: size(labels),
      requestSize: requestSize(labels)
    })
  }

  readonly started = (): void => {
    this.active++
  }

  readonly finished = (exchange: ObservedExchange): void => {
    this.active--
    const series = this.seriesOf(exchange)
    if (series === undefined) return
    const { startedAt, firstByteAt } = exchange
    series.duration.record((performance.now() - startedAt) / 1000)
    if (firstByteAt !== 0) series.firstByte.record((firstByteAt - startedAt) / 1000)
    series.responseSize.record(exchange.bytesOut)
    series.requestSize.record(exchange.bytesIn)
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
      series = this.make(this.labelsOf(route, method, status))
      statuses.set(status, series)
    }
    return series
  }

  private labelsOf(route: string, method: string, status: number): Labels {
    const endpoints = this.options.routes.get(route)
    // HEAD may be answered by the endpoint of GET
    const known = endpoints?.get(method) ?? endpoints?.get('GET')
    return [
      ['http_route', known?.label ?? NO_ROUTE],
      ['http_request_method', method],
      ['http_response_status_code', String(status)],
      ...this.options.layer.labels,
      ...(known?.labels ?? [])
    ]
  }
}

const METHODS: ReadonlySet<string> = new Set(NODE_METHODS)

/** Over HTTP/2 a method may be any word; unknown ones share one name, as the semantic conventions say. */
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
