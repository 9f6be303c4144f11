/** The status of one gateway, from its first generation to its end: puts what was counted into a {@link StatusReport}. */

import type { ServiceConfig } from '../../config/types.js'
import type { ConfigProblem } from '../../errors.js'
import { SLUICE_VERSION } from '../../identity.js'
import type { PipeDescription } from '../../pipe/description.js'
import type { WorkerTopics } from '../../plugin/component.js'
import type { GatewayState, ReloadRecord } from '../../telemetry/gateway-state.js'
import type { GatewayObserver, PoolState } from '../../telemetry/observer.js'
import type { StatusSource } from '../../telemetry/status.js'
import type { Phase } from '../phase.js'
import { StatusCollector, WatchedGeneration } from './collector.js'
import { StatusEvents } from './events.js'
import { joinReports, numberedBackends } from './join-reports.js'
import { mask } from './mask.js'
import { type PageState, PageStates } from './page-state.js'
import { ProcessWatch } from './process-facts.js'
import type { EndpointReport, EndpointShape, FindingReport, LiveReport, ReloadReport, StatusReport } from './report.js'
import { componentOf, countsOf, inTurns, latencyOf, poolOf, ReportRows } from './rows.js'
import { shapeOf } from './shapes.js'

/** What serves, as its composition root knows it. */
export interface ServingFacts {
  readonly config: ServiceConfig
  readonly pipes: () => readonly PipeDescription[]
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

/** What is made when the first generation with an admin port is built. */
interface Running {
  readonly collector: StatusCollector
  readonly process: ProcessWatch
}

export class GatewayStatus {
  /** What operators get, and what other workers get. */
  private readonly rows = new ReportRows(latencyOf)
  private readonly countedRows = new ReportRows(countsOf)
  private states = new PageStates([])
  private readonly startedAt = Date.now()
  /** On the clock that is never set. */
  private readonly startedMs = performance.now()
  private readonly phase: Phase
  private readonly reloads: GatewayState
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
    this.reloads = state
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
        this.shapes = facts.pipes().map(shapeOf)
        this.loadedAt = Date.now()
        this.generation++
        this.states = new PageStates(this.shapes)
        this.withdraw ??= this.workers?.offer(OFFER, () =>
          this.liveReport(this.countedRows).then(report => JSON.stringify(countedOnly(report)))
        )
        // the new configuration may have another token
        this.events.end()
      }
    }
  }

  /** Everything: the body of `status.json`. */
  async report(): Promise<StatusReport> {
    return { ...(await this.live()), pipes: this.shapes }
  }

  /** What pages show. */
  async state(): Promise<PageState> {
    const { states } = this
    return states.of(await this.live())
  }

  /** The compiled pipe of an endpoint, by `GET /path`. */
  pipe(endpoint: string): EndpointShape | undefined {
    return this.shapes.find(({ method, path }) => `${method} ${path}` === endpoint)
  }

  /** What changes. Of all workers; of a process that serves alone, what it tells. */
  private async live(): Promise<LiveReport> {
    const own = await this.liveReport(this.rows)
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

  private async liveReport(rows: ReportRows): Promise<LiveReport> {
    const { collector, process: watch } = this.running
    const { current } = collector
    const { config } = this.serving ?? {}
    const { reloads: state } = this
    return {
      gateway: {
        name: config?.name ?? '',
        version: SLUICE_VERSION,
        node: process.version,
        pid: process.pid,
        ...(this.workers === undefined ? {} : { worker: this.workers.place }),
        ready: this.phase.ready,
        started_at: new Date(this.startedAt).toISOString(),
        uptime_seconds: Math.floor((performance.now() - this.startedMs) / 1000)
      },
      process: watch.facts(),
      in_flight: collector.inFlight,
      traffic: rows.total([collector.others, ...[...current.endpoints.values()].flatMap(methods => [...methods.values()])]),
      others: rows.total([collector.others]),
      endpoints: await this.endpoints(rows),
      backends: await inTurns(current.backends.values(), watched => rows.backend(watched)),
      pools: [...(this.serving?.pools() ?? [])].map(poolOf),
      components: await inTurns(this.serving?.sources ?? [], componentOf),
      plugins: await inTurns(current.stages.values(), watched => rows.stage(watched)),
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

  private async endpoints(rows: ReportRows): Promise<EndpointReport[]> {
    const { endpoints } = this.running.collector.current
    const reports = await inTurns(this.shapes, ({ method, path }) => {
      const series = endpoints.get(path)?.get(method)
      return series && rows.endpoint(series, method, path)
    })
    return reports.filter(report => report !== undefined)
  }
}

/** What other workers need to know: rows that have counted nothing add nothing to theirs. */
function countedOnly(report: LiveReport): LiveReport {
  return {
    ...report,
    endpoints: report.endpoints.filter(({ requests }) => requests > 0),
    backends: numberedBackends(report.backends).filter(({ calls }) => calls > 0),
    plugins: report.plugins.filter(({ runs }) => runs > 0)
  }
}

function reloadOf({ at, ok, findings }: ReloadRecord): ReloadReport {
  return { at: new Date(at).toISOString(), outcome: ok ? 'done' : 'failed', findings: findings.map(findingOf) }
}

function findingOf({ level, file, line, pointer, message }: ConfigProblem): FindingReport {
  const where = line === undefined ? file : `${file}:${line}`
  return { level, place: pointer === '' ? where : `${where} ${pointer}`, message: mask(message) }
}
