/**
 * Rows of the status: what was counted of an endpoint, a backend, a plugin, and the states of pools and components. A row of what had
 * nothing to do lately stays the same object, so that thousands of endpoints cost what those with traffic cost.
 */

import type { PoolState } from '../../telemetry/observer.js'
import type { StatusSource } from '../../telemetry/status.js'
import type { WatchedBackend, WatchedStage } from './collector.js'
import { type LatencyWindow, latencyCounts, quantilesOf, reportOf } from './latency.js'
import { mask } from './mask.js'
import type { Rate } from './rate.js'
import type { BackendReport, ComponentReport, EndpointReport, ExchangesReport, LatencyReport, StageReport } from './report.js'
import type { ExchangeSeries } from './series.js'

/** What is told of latencies: quantiles to operators, counts to other workers. */
export type Latencies = (windows: readonly LatencyWindow[]) => LatencyReport

export const latencyOf: Latencies = windows => reportOf(quantilesOf(windows))

export const countsOf: Latencies = windows => ({ latencies: latencyCounts(windows) })

/** A row that was made, and when it is still right. */
interface MadeRow {
  readonly row: object
  readonly total: number
  readonly stamp: number
}

/** Makes the rows of one kind of reader. */
export class ReportRows {
  private readonly latencies: Latencies
  private readonly made = new WeakMap<object, MadeRow>()

  constructor(latencies: Latencies) {
    this.latencies = latencies
  }

  endpoint(series: ExchangeSeries, method: string, path: string): EndpointReport {
    return this.row(series, series.rate, () => ({
      method,
      path,
      requests: series.rate.total,
      per_second: series.rate.perSecond(),
      client_errors: series.clientErrors,
      server_errors: series.serverErrors,
      incomplete: series.incomplete,
      aborted: series.aborted,
      bytes_in: series.bytesIn,
      bytes_out: series.bytesOut,
      ...this.latencies([series.latency])
    }))
  }

  backend(watched: WatchedBackend): BackendReport {
    const { endpoint, backend, series } = watched
    return this.row(watched, series.rate, () => ({
      endpoint: `${endpoint.method} ${endpoint.path}`,
      backend: mask(`${backend.method} ${backend.hosts.join(' | ')}${backend.urlPattern}`),
      calls: series.rate.total,
      per_second: series.rate.perSecond(),
      failed: series.failed,
      canceled: series.canceled,
      ...this.latencies([series.latency])
    }))
  }

  stage(watched: WatchedStage): StageReport {
    const { name, scope, series } = watched
    return this.row(watched, series.rate, () => ({
      name,
      scope,
      runs: series.rate.total,
      per_second: series.rate.perSecond(),
      failed: series.failed,
      ...this.latencies([series.latency])
    }))
  }

  /** All series together. */
  total(all: readonly ExchangeSeries[]): ExchangesReport {
    const sum = {
      requests: 0,
      per_second: 0,
      client_errors: 0,
      server_errors: 0,
      incomplete: 0,
      aborted: 0,
      bytes_in: 0,
      bytes_out: 0
    }
    for (const series of all) {
      sum.requests += series.rate.total
      sum.per_second += series.rate.perSecond()
      sum.client_errors += series.clientErrors
      sum.server_errors += series.serverErrors
      sum.incomplete += series.incomplete
      sum.aborted += series.aborted
      sum.bytes_in += series.bytesIn
      sum.bytes_out += series.bytesOut
    }
    sum.per_second = Math.round(sum.per_second * 10) / 10
    return { ...sum, ...this.latencies(all.map(series => series.latency)) }
  }

  private row<T extends object>(key: object, rate: Rate, make: () => T): T {
    const { total, stamp } = rate
    const known = this.made.get(key)
    if (known !== undefined && known.stamp === stamp && known.total === total) return known.row as T
    const row = make()
    if (stamp !== undefined) this.made.set(key, { row, total, stamp })
    return row
  }
}

/** Pools are asked for their values now: these are getters there. */
export function poolOf(pool: PoolState): PoolState {
  const { origin, settingsName, connections, maxConnections, maxQueued } = pool
  const { pending, tunnels, total, refused } = pool
  return { origin, settingsName, connections, maxConnections, maxQueued, pending, tunnels, total, refused }
}

export function componentOf({ namespace, name, place, facts }: StatusSource): ComponentReport {
  const { endpoint, backend } = place
  const places = [
    ...(endpoint === undefined ? [] : [`${endpoint.method} ${endpoint.path}`]),
    ...(backend === undefined ? [] : [mask(`${backend.method} ${backend.urlPattern}`)])
  ]
  return { component: namespace, name, place: places.join(' → ') || 'service', facts: facts() }
}

/** Rows that are made in one turn of the event loop. */
const AT_ONCE = 200

/** Makes the rows of all items; requests are served between. */
export async function inTurns<T, R>(items: Iterable<T>, rowOf: (item: T) => R): Promise<R[]> {
  const rows: R[] = []
  for (const item of items) {
    rows.push(rowOf(item))
    if (rows.length % AT_ONCE === 0) await new Promise(setImmediate)
  }
  return rows
}
