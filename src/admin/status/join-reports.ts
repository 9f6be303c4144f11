/** The reports of all workers as one: counts are sums, latencies are those of all requests together. */

import { latencyReport } from './latency.js'
import type { RecentError } from './recent-errors.js'
import type {
  BackendReport,
  ComponentReport,
  ConfigurationReport,
  LatencyCounts,
  LatencyReport,
  LiveReport,
  WorkerReport
} from './report.js'

/** What a worker tells the others. */
export interface OfWorker {
  /** The number of the worker's place, from 1. */
  readonly worker: number
  readonly report: LiveReport
}

/** @param own the report of the worker that was asked: it tells of the configuration */
export function joinReports(own: LiveReport, all: readonly OfWorker[]): LiveReport {
  const reports = all.map(({ report }) => report)
  const delays = reports.map(({ process }) => process.event_loop_delay_ms)
  const most = (values: readonly number[]): number => Math.max(...values)
  return {
    ...own,
    process: {
      ...added(reports.map(({ process }) => process)),
      event_loop_utilization: most(reports.map(({ process }) => process.event_loop_utilization)),
      event_loop_delay_ms: {
        p50: most(delays.map(({ p50 }) => p50)),
        p99: most(delays.map(({ p99 }) => p99)),
        max: most(delays.map(({ max }) => max))
      }
    },
    in_flight: reports.reduce((sum, one) => sum + one.in_flight, 0),
    traffic: added(reports.map(({ traffic }) => traffic)),
    others: added(reports.map(({ others }) => others)),
    endpoints: addedBy(
      own.endpoints,
      reports.flatMap(one => one.endpoints),
      ({ method, path }) => `${method} ${path}`
    ),
    backends: addedBy(
      numberedBackends(own.backends),
      reports.flatMap(one => numberedBackends(one.backends)),
      ({ key }) => key
    ).map(({ key: _, ...one }) => one),
    pools: addedBy(
      own.pools,
      reports.flatMap(one => one.pools),
      ({ origin, settingsName }) => `${origin} ${settingsName}`
    ),
    plugins: addedBy(
      own.plugins,
      reports.flatMap(one => one.plugins),
      ({ scope, name }) => `${scope} ${name}`
    ),
    components: all.flatMap(({ worker, report }) => report.components.map((one): ComponentReport => ({ ...one, worker }))),
    errors: joinErrors(reports.map(({ errors }) => errors)),
    configuration: joinReloads(
      own.configuration,
      reports.map(({ configuration }) => configuration)
    ),
    workers: all.map(workerReport)
  }
}

/** A configuration with a fault is tried by one worker alone: the last reload is that of any. */
function joinReloads(own: ConfigurationReport, all: readonly ConfigurationReport[]): ConfigurationReport {
  const [last] = all.flatMap(({ last_reload }) => last_reload ?? []).sort((a, b) => (a.at < b.at ? 1 : -1))
  return {
    ...own,
    reloads: Math.max(...all.map(({ reloads }) => reloads)),
    failed_reloads: Math.max(...all.map(({ failed_reloads }) => failed_reloads)),
    ...(last === undefined ? {} : { last_reload: last })
  }
}

/** A backend of one report, told from those of its endpoint that look alike. */
type NumberedBackend = BackendReport & { readonly key: string }

/** Backends of one endpoint may be alike: the second of them is another key. Those that have one keep it. */
export function numberedBackends(backends: readonly (BackendReport & { readonly key?: string })[]): NumberedBackend[] {
  const seen = new Map<string, number>()
  return backends.map(one => {
    const name = `${one.endpoint} ${one.backend}`
    const number = (seen.get(name) ?? 0) + 1
    seen.set(name, number)
    return { ...one, key: one.key ?? `${name} ${number}` }
  })
}

/** @param own the rows in their order: workers leave out those that have counted nothing */
function addedBy<T extends object>(own: readonly T[], rows: readonly T[], keyOf: (row: T) => string): T[] {
  const groups = new Map<string, T[]>(own.map(row => [keyOf(row), []]))
  for (const row of rows) {
    const key = keyOf(row)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  const known = new Map(own.map(row => [keyOf(row), row]))
  return [...groups].map(([key, group]) => (group.length === 0 ? known.get(key)! : added(group)))
}

/** Numbers are added up, latencies are counted together, all else is that of the first. */
function added<T extends object>(rows: readonly T[]): T {
  const { p50_ms: _50, p95_ms: _95, p99_ms: _99, latencies: _counts, ...sum } = rows[0] as Record<string, unknown>
  for (const row of rows.slice(1)) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === 'number' && !LATENCIES.has(name)) sum[name] = ((sum[name] as number | undefined) ?? 0) + value
    }
  }
  const counts = rows.flatMap(row => (row as { latencies?: LatencyCounts }).latencies ?? [])
  return { ...sum, ...(latencyReport(counts) satisfies LatencyReport) } as T
}

const LATENCIES: ReadonlySet<string> = new Set(['p50_ms', 'p95_ms', 'p99_ms'])

/** One entry for each code at each endpoint, the newest first. */
function joinErrors(lists: readonly (readonly RecentError[])[]): RecentError[] {
  const found = new Map<string, RecentError>()
  for (const error of lists.flat()) {
    const key = `${error.code} ${error.endpoint}`
    const known = found.get(key)
    if (known === undefined) found.set(key, error)
    else found.set(key, { ...(known.at > error.at ? known : error), count: known.count + error.count })
  }
  return [...found.values()].sort((a, b) => (a.at < b.at ? 1 : -1))
}

function workerReport({ worker, report }: OfWorker): WorkerReport {
  const { gateway, process, traffic, in_flight, configuration } = report
  return {
    worker,
    pid: gateway.pid,
    ready: gateway.ready,
    uptime_seconds: gateway.uptime_seconds,
    generation: configuration.generation,
    requests: traffic.requests,
    per_second: traffic.per_second,
    in_flight,
    rss_bytes: process.rss_bytes,
    heap_used_bytes: process.heap_used_bytes,
    event_loop_utilization: process.event_loop_utilization,
    event_loop_delay_p99_ms: process.event_loop_delay_ms.p99
  }
}
