/** The forms in which the status leaves the admin port: `status.json`, and the events of the page. */

import type { PipeDescription } from '../../pipe/description.js'
import type { PoolState } from '../../telemetry/observer.js'
import type { ProcessFacts } from './process-facts.js'
import type { RecentError } from './recent-errors.js'

/** How many runs were in which bucket of latencies, in turn: number of the bucket, count. */
export type LatencyCounts = readonly number[]

/** Latencies of the last minute, ms; absent when there were none. */
export interface LatencyReport {
  readonly p50_ms?: number
  readonly p95_ms?: number
  readonly p99_ms?: number
  /** What workers tell each other in place of them. */
  readonly latencies?: LatencyCounts
}

export interface ExchangesReport extends LatencyReport {
  readonly requests: number
  /** Over the last ten seconds. */
  readonly per_second: number
  readonly client_errors: number
  readonly server_errors: number
  /** Responses below 400 that lack a part, or broke off. */
  readonly incomplete: number
  /** The client went away first. */
  readonly aborted: number
  readonly bytes_in: number
  readonly bytes_out: number
}

export interface EndpointReport extends ExchangesReport {
  readonly method: string
  readonly path: string
}

/** What does not change while a configuration serves. */
export interface EndpointShape extends Omit<PipeDescription, 'stages' | 'backends'> {
  readonly stages: PipeDescription['stages']
  readonly backends: PipeDescription['backends']
  /** Names of the stages that hold a body. */
  readonly holds: readonly string[]
  /** Names of those that do when they ask for one. */
  readonly may_hold: readonly string[]
}

export interface BackendReport extends LatencyReport {
  readonly endpoint: string
  readonly backend: string
  readonly calls: number
  readonly per_second: number
  readonly failed: number
  /** Another call was faster, or the client went away. */
  readonly canceled: number
}

export interface StageReport extends LatencyReport {
  readonly name: string
  readonly scope: string
  readonly runs: number
  readonly per_second: number
  /** Runs that ended with an error of their own: those that came from further in are not counted. */
  readonly failed: number
}

export interface ComponentReport {
  readonly component: string
  readonly name: string
  /** Where it stands: `service`, `GET /x`, `GET /x → GET /y`. */
  readonly place: string
  /** Whose state it is, with `--workers`. */
  readonly worker?: number
  readonly facts: Readonly<Record<string, string | number | boolean>>
}

/** One of `--workers`. */
export interface WorkerReport {
  /** The number of its place, from 1. */
  readonly worker: number
  readonly pid: number
  readonly ready: boolean
  readonly uptime_seconds: number
  /** Of its configuration. */
  readonly generation: number
  readonly requests: number
  readonly per_second: number
  readonly in_flight: number
  readonly rss_bytes: number
  readonly heap_used_bytes: number
  readonly event_loop_utilization: number
  readonly event_loop_delay_p99_ms: number
}

export interface FindingReport {
  readonly level: 'error' | 'warning'
  readonly place: string
  readonly message: string
}

/** What came of the last attempt to load a configuration again. */
export interface ReloadReport {
  readonly at: string
  /** `failed`: the configuration before it serves on. */
  readonly outcome: 'done' | 'failed'
  readonly findings: readonly FindingReport[]
}

export interface GatewayReport {
  readonly name: string
  readonly version: string
  readonly node: string
  readonly pid: number
  /** Of `--workers`; absent without. */
  readonly worker?: number
  readonly ready: boolean
  readonly started_at: string
  readonly uptime_seconds: number
}

export interface ConfigurationReport {
  readonly file: string
  readonly loaded_at: string
  /** 1 = that of the start. */
  readonly generation: number
  readonly findings: readonly FindingReport[]
  readonly reloads: number
  readonly failed_reloads: number
  /** Configurations that are alive: the one that serves, and those whose exchanges still run. */
  readonly alive: number
  readonly last_reload?: ReloadReport
}

/** What changes from second to second. */
export interface LiveReport {
  readonly gateway: GatewayReport
  readonly process: ProcessFacts
  readonly in_flight: number
  readonly traffic: ExchangesReport
  /** Exchanges that no endpoint took. */
  readonly others: ExchangesReport
  readonly endpoints: readonly EndpointReport[]
  readonly backends: readonly BackendReport[]
  readonly pools: readonly PoolState[]
  readonly components: readonly ComponentReport[]
  readonly plugins: readonly StageReport[]
  readonly errors: readonly RecentError[]
  readonly configuration: ConfigurationReport
  /** With `--workers`: all else is of them together, memory is their sum, the event loop that of the busiest. */
  readonly workers?: readonly WorkerReport[]
}

/** All of it: the body of `status.json`. */
export interface StatusReport extends LiveReport {
  readonly pipes: readonly EndpointShape[]
}
