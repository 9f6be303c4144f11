/** The status of one gateway, from its first generation to its end: puts what was counted into a {@link StatusReport}. */

import cluster from 'node:cluster'
import type { ServiceConfig } from '../../config/types.js'
import type { ConfigProblem } from '../../errors.js'
import { SLUICE_VERSION } from '../../identity.js'
import type { PipeDescription, PipeTree } from '../../pipe/description.js'
import type { WorkerTopics } from '../../plugin/component.js'
import type { GatewayState, ReloadRecord } from '../../telemetry/gateway-state.js'
import type { GatewayObserver, PoolState } from '../../telemetry/observer.js'
import type { StatusSource } from '../../telemetry/status.js'
import type { Phase } from '../phase.js'
import { StatusCollector, WatchedGeneration } from './collector.js'
import { StatusEvents } from './events.js'
import { joinReports } from './join-reports.js'
import { type LatencyWindow, latencyCounts, quantilesOf, reportOf } from './latency.js'
import { mask } from './mask.js'
import { ProcessWatch } from './process-facts.js'
import type {
  BackendReport,
  ComponentReport,
  EndpointReport,
  EndpointShape,
  ExchangesReport,
  FindingReport,
  LatencyReport,
  LiveReport,
  ReloadReport,
  StageReport,
  StatusReport
} from './report.js'
import type { ExchangeSeries } from './series.js'

/** What serves, as its composition root knows it. */
export interface ServingFacts {
  readonly config: ServiceConfig
  readonly pipes: readonly PipeDescription[]
  readonly pools: () => Iterable<PoolState>
  readonly sources: readonly StatusSource[]
}

/** A generation that is being built. */
export interface GenerationStatus {
  readonly observer: GatewayObserver
  /** Shows it from now on. */
  serve(facts: ServingFacts): void
}

/** What workers ask each other for. */
const OFFER = 'sluice/status'
/** s after its last request that an endpoint is still part of the events. */
const LIVELY_SECONDS = 75

/** What is made when the first generation with an admin port is built. */
interface Running {
  readonly collector: StatusCollector
  readonly process: ProcessWatch
}

export class GatewayStatus {
  private readonly startedAt = Date.now()
  private readonly phase: Phase
  private readonly state: GatewayState
  private readonly workers: WorkerTopics | undefined
  private withdraw: (() => void) | undefined
  private made: Running | undefined
  private serving: ServingFacts | undefined
  private shapes: readonly EndpointShape[] = []
  private loadedAt = Date.now()
  /** Counts configurations that served. */
  generation = 0
  /** For pages that are open. */
  readonly events = new StatusEvents(this)

  /** @param workers undefined = the process serves alone */
  constructor(phase: Phase, state: GatewayState, workers?: WorkerTopics) {
    this.phase = phase
    this.state = state
    this.workers = workers
  }

  private get running(): Running {
    this.made ??= { collector: new StatusCollector(), process: new ProcessWatch() }
    return this.made
  }

  /** Begins to watch a generation that is being built. */
  watch(): GenerationStatus {
    const generation = new WatchedGeneration()
    const { collector } = this.running
    return {
      observer: collector.watch(generation),
      serve: facts => {
        collector.current = generation
        this.serving = facts
        this.shapes = facts.pipes.map(shapeOf)
        this.loadedAt = Date.now()
        this.generation++
        this.withdraw ??= this.workers?.offer(OFFER, () => JSON.stringify(this.liveReport(() => true, countsOf)))
        // the new configuration may have another token
        this.events.end()
      }
    }
  }

  /** Everything, with all endpoints. */
  async report(): Promise<StatusReport> {
    return { ...(await this.joined(() => true)), pipes: this.shapes }
  }

  /** What changes; of endpoints those that had requests lately. */
  live(): Promise<LiveReport> {
    return this.joined(series => series.rate.within(LIVELY_SECONDS))
  }

  /** What all workers tell; of a process that serves alone, what it tells. */
  private async joined(isWanted: (series: ExchangeSeries) => boolean): Promise<LiveReport> {
    const own = this.liveReport(isWanted, latencyOf)
    if (this.workers === undefined) return own
    const texts = await this.workers.gather(OFFER)
    return joinReports(
      own,
      texts.map(({ worker, text }) => ({ worker, report: JSON.parse(text) as LiveReport }))
    )
  }

  close(): void {
    this.withdraw?.()
    this.events.end()
    this.made?.collector.close()
    this.made?.process.close()
  }

  private liveReport(isWanted: (series: ExchangeSeries) => boolean, latencies: Latencies): LiveReport {
    const { collector, process: watch } = this.running
    const { current } = collector
    const { config } = this.serving ?? {}
    const { state } = this
    return {
      gateway: {
        name: config?.name ?? '',
        version: SLUICE_VERSION,
        node: process.version,
        pid: process.pid,
        ...(cluster.worker === undefined ? {} : { worker: cluster.worker.id }),
        ready: this.phase.ready,
        started_at: new Date(this.startedAt).toISOString(),
        uptime_seconds: Math.floor((Date.now() - this.startedAt) / 1000)
      },
      process: watch.facts(),
      in_flight: collector.inFlight,
      traffic: totalOf(
        [collector.others, ...[...current.endpoints.values()].flatMap(methods => [...methods.values()])],
        latencies
      ),
      others: exchangesOf(collector.others, latencies),
      endpoints: this.endpoints(isWanted, latencies),
      backends: [...current.backends.values()].map(
        ({ endpoint, backend, series }): BackendReport => ({
          endpoint: `${endpoint.method} ${endpoint.path}`,
          backend: mask(`${backend.method} ${backend.hosts.join(' | ')}${backend.urlPattern}`),
          calls: series.rate.total,
          per_second: series.rate.perSecond(),
          failed: series.failed,
          canceled: series.canceled,
          ...latencies([series.latency])
        })
      ),
      pools: [...(this.serving?.pools() ?? [])].map(poolOf),
      components: (this.serving?.sources ?? []).map(componentOf),
      plugins: [...current.stages.values()].map(
        ({ name, scope, series }): StageReport => ({
          name,
          scope,
          runs: series.rate.total,
          per_second: series.rate.perSecond(),
          ...latencies([series.latency])
        })
      ),
      errors: collector.errors.list(),
      configuration: {
        file: config?.source ?? '',
        loaded_at: new Date(this.loadedAt).toISOString(),
        generation: this.generation,
        findings: (config?.problems ?? []).map(findingOf),
        reloads: state.reloads,
        failed_reloads: state.failedReloads,
        alive: state.generations,
        ...(state.lastReload === undefined ? {} : { last_reload: reloadOf(state.lastReload) })
      }
    }
  }

  private endpoints(isWanted: (series: ExchangeSeries) => boolean, latencies: Latencies): EndpointReport[] {
    const { endpoints } = this.running.collector.current
    const reports: EndpointReport[] = []
    for (const { method, path } of this.shapes) {
      const series = endpoints.get(path)?.get(method)
      if (series !== undefined && isWanted(series)) reports.push({ method, path, ...exchangesOf(series, latencies) })
    }
    return reports
  }
}

/** What is told of latencies: quantiles to operators, counts to other workers. */
type Latencies = (windows: readonly LatencyWindow[]) => LatencyReport

function exchangesOf(series: ExchangeSeries, latencies: Latencies): ExchangesReport {
  return {
    requests: series.rate.total,
    per_second: series.rate.perSecond(),
    client_errors: series.clientErrors,
    server_errors: series.serverErrors,
    incomplete: series.incomplete,
    aborted: series.aborted,
    bytes_in: series.bytesIn,
    bytes_out: series.bytesOut,
    ...latencies([series.latency])
  }
}

function totalOf(all: readonly ExchangeSeries[], latencies: Latencies): ExchangesReport {
  const sum = (value: (series: ExchangeSeries) => number): number => all.reduce((total, series) => total + value(series), 0)
  return {
    requests: sum(series => series.rate.total),
    per_second: sum(series => series.rate.perSecond()),
    client_errors: sum(series => series.clientErrors),
    server_errors: sum(series => series.serverErrors),
    incomplete: sum(series => series.incomplete),
    aborted: sum(series => series.aborted),
    bytes_in: sum(series => series.bytesIn),
    bytes_out: sum(series => series.bytesOut),
    ...latencies(all.map(series => series.latency))
  }
}

const latencyOf: Latencies = windows => reportOf(quantilesOf(windows))

const countsOf: Latencies = windows => ({ latencies: latencyCounts(windows) })

/** Pools are asked for their values now: these are getters there. */
function poolOf(pool: PoolState): PoolState {
  const { origin, settingsName, connections, maxConnections, maxQueued } = pool
  const { pending, tunnels, total, refused } = pool
  return { origin, settingsName, connections, maxConnections, maxQueued, pending, tunnels, total, refused }
}

function componentOf({ namespace, name, place, facts }: StatusSource): ComponentReport {
  const { endpoint, backend } = place
  const places = [
    ...(endpoint === undefined ? [] : [`${endpoint.method} ${endpoint.path}`]),
    ...(backend === undefined ? [] : [mask(`${backend.method} ${backend.urlPattern}`)])
  ]
  return { component: namespace, name, place: places.join(' → ') || 'service', facts: facts() }
}

function reloadOf({ at, ok, findings }: ReloadRecord): ReloadReport {
  return { at: new Date(at).toISOString(), outcome: ok ? 'done' : 'failed', findings: findings.map(findingOf) }
}

function findingOf({ level, file, line, pointer, message }: ConfigProblem): FindingReport {
  const where = line === undefined ? file : `${file}:${line}`
  return { level, place: pointer === '' ? where : `${where} ${pointer}`, message: mask(message) }
}

function shapeOf(pipe: PipeDescription): EndpointShape {
  const holds = new Set<string>()
  const mayHold = new Set<string>()
  visit(pipe, holds, mayHold)
  const { stages, backends } = masked(pipe)
  return { ...pipe, stages, backends, holds: [...holds], may_hold: [...mayHold] }
}

function visit(tree: PipeTree, holds: Set<string>, mayHold: Set<string>): void {
  for (const stage of [...tree.stages, ...tree.backends.flatMap(backend => backend.stages)]) {
    if (stage.holdsBody === 'yes') holds.add(stage.name)
    if (stage.holdsBody === 'may') mayHold.add(stage.name)
    if (stage.copy !== undefined) visit(stage.copy, holds, mayHold)
  }
}

/** Without credentials in the targets of its backends. */
function masked(tree: PipeTree): PipeTree {
  const stagesOf = (stages: PipeTree['stages']): PipeTree['stages'] =>
    stages.map(stage => (stage.copy === undefined ? stage : { ...stage, copy: masked(stage.copy) }))
  return {
    stages: stagesOf(tree.stages),
    backends: tree.backends.map(({ method, target, stages }) => ({ method, target: mask(target), stages: stagesOf(stages) }))
  }
}
