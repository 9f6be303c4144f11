/**
 * `sluice run --workers N|auto`: one process per worker, all behind one port (node:cluster).
 *
 * The primary serves nothing: it starts workers, starts those that die again with growing pauses, and stops all of them
 * together. Workers share the port and nothing else: limits, caches and counters are per worker.
 */

import cluster, { type Worker } from 'node:cluster'
import { constants } from 'node:os'
import type { ServiceConfig } from '../../config/types.js'
import type { ToTextHub } from '../../plugin/run/text-messages.js'
import type { ToHub } from '../../plugin/run/topic-messages.js'
import { createLogger } from '../../telemetry/create-logger.js'
import type { GatewayLogger, LogFilter } from '../../telemetry/logger.js'
import { openReloads } from '../control/open-reloads.js'
import { endByHangUp, type ReloadOutcome, type ReloadRequest } from '../control/reload-requests.js'
import type { ServiceManager } from '../control/service-manager.js'
import { type PrimaryMessage, SIGNALS, type StopCause, type StopRequests, type WorkerMessage } from '../control/stop-requests.js'
import { LifeSigns } from './life-signs.js'
import { reloadWorkers, type WorkerHands } from './rolling.js'
import { TextHub } from './text-hub.js'
import { TopicHub } from './topic-hub.js'
import { afterDeath } from './worker-deaths.js'
import { forkWorker, tell } from './worker-process.js'

/** What a signal asks the primary for: a line of memory per worker. */
const MEMORY_SIGNAL = 'SIGUSR2'

/** What workers serve. */
export interface WorkerPlan {
  readonly count: number
  readonly config: ServiceConfig
  /** Files and folders of the configuration. */
  readonly files: readonly string[]
  /** True with `--watch`. */
  readonly watches: boolean
  /** Is told when all workers serve, and when they stop. */
  readonly service: ServiceManager | undefined
  /** Chooses the lines of the log; undefined = all. */
  readonly logFilter: LogFilter | undefined
}

/** A worker that has not ended. */
interface WorkerState {
  readonly place: number
  readonly since: number
  readonly deaths: number
  /** Its port is open. */
  up: boolean
  /** Told when it serves, or has ended before, in place of a worker that serves still. */
  replacing?: ((serves: boolean) => void) | undefined
  /** Another worker has its place. */
  retired?: boolean
  /** Takes what came of a reload; undefined = the worker has ended. */
  reloaded?: ((outcome: ReloadOutcome | undefined) => void) | undefined
}

/** Serves with `count` workers until a signal comes; returns the exit code. The configuration was loaded before, to find its faults once. */
export async function runWorkers(
  { count, config, files, watches, service, logFilter: filter }: WorkerPlan,
  requests: StopRequests
): Promise<number> {
  const { logger } = createLogger(config.extra['telemetry/logging'], {
    filter,
    logstash: config.extra['telemetry/logstash'],
    tolerant: config.tolerant,
    file: config.source
  })
  const primary = new Primary(count, logger, files, service)
  const close = await openReloads({ files: () => primary.files, logger: () => logger, watches }, requests.reloads)
  return primary.run(requests).finally(close)
}

class Primary implements WorkerHands {
  /** What a watch looks at. */
  files: readonly string[]
  private reloading: Promise<unknown> = Promise.resolve()
  private readonly count: number
  private readonly logger: GatewayLogger
  private readonly places = new Map<number, WorkerState>()
  private readonly restarts = new Set<NodeJS.Timeout>()
  private readonly topics = new TopicHub()
  private readonly texts = new TextHub()
  private readonly signs = new LifeSigns({
    workers: () => [...this.places.keys()],
    ask: id => this.ask(id, { kind: 'sign' }),
    lost: id => this.kill(id)
  })
  private readonly service: ServiceManager | undefined
  private stopping = false
  /** The terminal was closed. */
  private hungUp = false
  private code = 0
  private done!: (code: number) => void

  constructor(count: number, logger: GatewayLogger, files: readonly string[], service: ServiceManager | undefined) {
    this.service = service
    this.files = files
    this.count = count
    this.logger = logger
  }

  run(requests: StopRequests): Promise<number> {
    // advanced: what workers share are bytes
    cluster.setupPrimary({ args: process.argv.slice(2), serialization: 'advanced' })
    cluster.on('exit', (worker, code, signal) => this.died(worker, code, signal))
    cluster.on('message', (worker, message: WorkerMessage) => this.heard(worker, message))
    process.on(MEMORY_SIGNAL, () => this.askMemory())
    requests.take(cause => this.asked(cause))
    requests.reloads.take(request => this.reloadAll(request))
    this.logger.info(`[SERVICE: Workers] Starting ${this.count} worker(s)`)
    for (let place = 1; place <= this.count; place++) this.start(place, 0)
    return new Promise(resolve => {
      this.done = resolve
    })
  }

  private start(place: number, deaths: number, replacing?: WorkerState['replacing']): void {
    const worker = forkWorker(
      place,
      failed => this.died(failed, 1, null),
      ({ id }) => [...this.places].some(([other, { up }]) => up && other !== id)
    )
    this.places.set(worker.id, { place, since: performance.now(), deaths, up: false, replacing })
  }

  // --- reload -----------------------------------------------------------------------------------------------------

  private reloadAll(request: ReloadRequest): Promise<ReloadOutcome> {
    const done = this.reloading.then(async () => {
      const outcome = await this.signs.during(reloadWorkers(this, request))
      if (this.stopping) return outcome
      if (outcome.files.length > 0) this.files = outcome.files
      const text = outcome.lines.join('; ')
      if (outcome.ok) this.logger.info(`[SERVICE: Reload] All workers: ${text}`)
      else this.logger.error(`[SERVICE: Reload] Workers: the new configuration is not used: ${text}`)
      return outcome
    })
    this.reloading = done
    return done
  }

  serving(): readonly number[] {
    return [...this.places].filter(([, { up, retired }]) => up && retired !== true).map(([id]) => id)
  }

  reload(id: number, cause: ReloadRequest['cause']): Promise<ReloadOutcome | undefined> {
    return new Promise(resolve => {
      const state = this.places.get(id)
      if (state === undefined || !this.ask(id, { kind: 'reload', cause })) return resolve(undefined)
      state.reloaded = resolve
    })
  }

  replace(id: number): Promise<boolean> {
    const place = this.places.get(id)?.place
    if (place === undefined || this.stopping) return Promise.resolve(false)
    return new Promise(resolve => this.start(place, 0, resolve))
  }

  retire(id: number): void {
    const state = this.places.get(id)
    if (state === undefined || !this.ask(id, { kind: 'retire' })) return
    state.retired = true
    this.logger.info(`[SERVICE: Reload] Worker ${state.place} (pid ${cluster.workers![id]!.process.pid}) was replaced and ends`)
  }

  /** Returns false when the worker has ended. */
  private ask(id: number, message: PrimaryMessage): boolean {
    const worker = cluster.workers?.[id]
    if (worker !== undefined) tell(worker, message)
    return worker !== undefined
  }

  /** Ends a worker that does nothing any more. */
  private kill(id: number): void {
    const worker = cluster.workers?.[id]
    const place = this.places.get(id)?.place
    this.logger.error(`[SERVICE: Workers] Worker ${place} (pid ${worker?.process.pid}) gives no sign of life, and is killed`)
    worker?.process.kill('SIGKILL')
  }

  // --- life -------------------------------------------------------------------------------------------------------

  private died(worker: Worker, code: number, signal: string | null): void {
    const state = this.places.get(worker.id)
    this.places.delete(worker.id)
    this.topics.gone(worker.id)
    this.texts.gone(worker.id)
    if (state === undefined) return
    state.reloaded?.(undefined)
    state.replacing?.(false)
    // Some supervisors send SIGTERM to every process of a service; a worker that does not listen to its primary yet ends by it.
    const stopped = !state.up && (signal === 'SIGINT' || signal === 'SIGTERM')
    if (this.stopping) {
      if (code !== 0 && !stopped) this.code = 1
      this.finishWhenEmpty()
      return
    }
    if (state.retired === true || state.replacing !== undefined) return
    const how = signal === null ? `code ${code}` : signal
    if (!state.up && state.deaths === 0 && !stopped) {
      // it never listened: the next one would not either
      this.logger.critical(`[SERVICE: Workers] Worker ${state.place} could not start (${how})`)
      this.code = code || 1
      this.stop()
      return
    }
    const lives = [...this.places.values()].filter(one => one.up).map(one => performance.now() - one.since)
    const { deaths, pause } = afterDeath(state.deaths, performance.now() - state.since, lives)
    if (pause === undefined) {
      this.logger.critical(`[SERVICE: Workers] Worker ${state.place} died (${how}) for the ${deaths}th time in a row, giving up`)
      this.code = code || 1
      this.stop()
      return
    }
    this.logger.error(
      `[SERVICE: Workers] Worker ${state.place} (pid ${worker.process.pid}) died (${how}), starting another one in ${pause} ms`
    )
    const timer = setTimeout(() => {
      this.restarts.delete(timer)
      if (!this.stopping) this.start(state.place, deaths)
    }, pause)
    this.restarts.add(timer)
  }

  private asked(cause: StopCause): void {
    if (cause === 'SIGINT' || cause === 'SIGTERM') {
      this.logger.info('Signal intercepted:', SIGNALS[cause])
      if (this.stopping) {
        this.logger.warning('Second signal: ending at once, open exchanges are cut')
        for (const worker of this.workers()) worker.process.kill('SIGKILL')
        process.exit(128 + constants.signals[cause])
      }
    } else if (cause === 'terminal') {
      this.hungUp = true
      this.logger.info('The terminal of the gateway was closed')
    } else if (cause === 'parent') this.logger.info('The shell in which npm ran the gateway has ended')
    if (!this.stopping) this.stop()
  }

  private stop(): void {
    if (!this.stopping) {
      this.service?.stopping()
      this.signs.begin()
    }
    this.stopping = true
    for (const timer of this.restarts) clearTimeout(timer)
    this.restarts.clear()
    for (const worker of this.workers()) tell(worker, { kind: 'stop' })
    this.finishWhenEmpty()
  }

  private finishWhenEmpty(): void {
    if (this.places.size > 0) return
    this.signs.end()
    this.logger.info('[SERVICE: Workers] All workers ended')
    void this.logger.close().then(() => {
      if (this.hungUp) endByHangUp()
      this.done(this.code)
    })
  }

  private workers(): Worker[] {
    return Object.values(cluster.workers ?? {}).filter(worker => worker !== undefined)
  }

  private askMemory(): void {
    for (const worker of this.workers()) tell(worker, { kind: 'memory' })
  }

  private heard(worker: Worker, message: WorkerMessage | ToHub | ToTextHub): void {
    if (message?.kind === 'topic') return this.topics.heard({ id: worker.id, send: reply => tell(worker, reply) }, message)
    if (message?.kind === 'text') {
      const place = this.places.get(worker.id)?.place ?? 0
      return this.texts.heard({ id: worker.id, place, send: reply => tell(worker, reply) }, message)
    }
    // What a worker was told before it listened is lost.
    if (message?.kind === 'hears' && this.stopping) tell(worker, { kind: 'stop' })
    if (message?.kind === 'sign') return this.signs.heard(worker.id)
    const state = this.places.get(worker.id)
    // components open ports of their own before: one of those is no sign that the gateway serves
    if (message?.kind === 'serves' && state !== undefined) {
      state.up = true
      if (!this.stopping && this.serving().length >= this.count) this.service?.ready(`${this.count} workers serve`)
      state.replacing?.(true)
      state.replacing = undefined
    }
    if (message?.kind === 'reloaded' && state !== undefined) {
      state.reloaded?.(message.outcome)
      state.reloaded = undefined
    }
    if (message?.kind !== 'memory') return
    const place = state?.place
    const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
    this.logger.info(
      `[SERVICE: Workers] Worker ${place} (pid ${worker.process.pid}): rss ${mebibytes(message.rss)}, heap ${mebibytes(message.heapUsed)}`
    )
  }
}
