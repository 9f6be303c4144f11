/**
 * The life of one Go module in one gateway: one instance, shared by all places that name its plugins. An instance that dies is started
 * again, with all its factories; what it held in memory is lost. KrakenD would end the whole process.
 */

import type { GatewayResponse } from '../../../message/public.js'
import type { RequestMessage } from '../../../message/request.js'
import type { ResponseMessage } from '../../../message/response.js'
import type { Next } from '../../../pipe/next.js'
import { BusyLines } from './busy-lines.js'
import { type GoCode, GoGeneration, type GoPlace } from './go-generation.js'
import { HandlerExchange } from './go-handler.js'
import type { GoCounts } from './go-handles.js'
import type { InstanceOwner } from './go-instance.js'
import { OP } from './go-messages.js'
import { ModifierExchange } from './go-modifier.js'

/** Deaths in a row of {@link DEATH_WINDOW_MS} after which the module stays down for {@link DOWN_MS}. */
const MOST_DEATHS = 5
const DEATH_WINDOW_MS = 60_000
const DOWN_MS = 30_000
/** ms that requests may take in an instance that has grown too large. */
const DRAIN_MS = 5_000
const DRAIN_LOOK_MS = 50

/** What telemetry is told about a module. */
export interface GoModuleState {
  readonly file: string
  readonly counts: Readonly<GoCounts>
  readonly restarts: number
  readonly memoryBytes: number
  readonly openExchanges: number
  readonly goroutines: number
  /** Bodies and connections that Go has open. */
  readonly openHandles: number
}

export class GoModule implements GoModuleState {
  readonly counts: GoCounts = { toGo: 0, fromGo: 0, requests: 0, errors: 0, busyMs: 0 }
  restarts = 0
  private readonly code: GoCode
  private readonly busyLines: BusyLines
  private current: GoGeneration | undefined
  private starting: Promise<GoGeneration> | undefined
  private readonly places = new Map<number, GoPlace>()
  private lastToken = 0
  private deaths: number[] = []
  private downUntil = 0
  private closed = false
  private replacing = false
  /** Factories that run. */
  private factories = 0

  constructor(code: GoCode) {
    this.code = code
    this.busyLines = new BusyLines(code.services.logger, code.file)
  }

  get file(): string {
    return this.code.file
  }

  get memoryBytes(): number {
    return this.current?.instance.memoryBytes ?? 0
  }

  get openExchanges(): number {
    return this.current?.handles.exchanges.size ?? 0
  }

  get goroutines(): number {
    return this.current?.open()?.goroutines ?? 0
  }

  get openHandles(): number {
    return this.current?.open()?.handles ?? 0
  }

  /** Starts the first instance. @throws Error with its last words */
  async start(): Promise<GoGeneration> {
    this.current = await this.startOne()
    return this.current
  }

  private async startOne(): Promise<GoGeneration> {
    let made: GoGeneration | undefined
    const owner: InstanceOwner = {
      onDeath: cause => this.died(made!, cause),
      onTurn: ms => this.ran(ms),
      onGrowth: bytes => this.grew(made, bytes)
    }
    made = new GoGeneration(this.code, owner, this.counts)
    await made.instance.start()
    return made
  }

  // --- use --------------------------------------------------------------------------------------------------------

  /** Runs a factory, and again in each later instance. @throws Error with the text of its error */
  async place(kind: number, name: string, extra: string): Promise<number> {
    const place: GoPlace = { token: ++this.lastToken, kind, name, extra }
    await this.make(await this.running(), place)
    this.places.set(place.token, place)
    return place.token
  }

  private async make(generation: GoGeneration, place: GoPlace): Promise<void> {
    this.factories++
    try {
      await generation.make(place)
    } finally {
      this.factories--
    }
  }

  /** Forgets a place. */
  drop(token: number): void {
    if (this.places.delete(token)) this.current?.drop(token)
  }

  /** Runs a server plugin, or with the `origin` of a backend a client plugin. */
  serve(place: number, request: RequestMessage, next: Next, origin: string): Promise<GatewayResponse> {
    const { current } = this
    if (current !== undefined) return new HandlerExchange(current.handles, request, next).start(place, origin)
    return this.running().then(({ handles }) => new HandlerExchange(handles, request, next).start(place, origin))
  }

  /** Runs a modifier. */
  modify(place: number, request: RequestMessage, response: ResponseMessage | undefined, ofBackend: boolean): Promise<void> {
    const { current } = this
    if (current !== undefined) return new ModifierExchange(current.handles, request, response, ofBackend).start(place)
    return this.running().then(({ handles }) => new ModifierExchange(handles, request, response, ofBackend).start(place))
  }

  /** The instance, or the one that is being started. @throws Error while the module is down */
  async running(): Promise<GoGeneration> {
    if (this.current !== undefined) return this.current
    if (this.closed) throw new Error(`${this.file} is closed`)
    if (this.starting !== undefined) return this.starting
    if (performance.now() < this.downUntil) throw new Error(`${this.file} has ended too often and is down`)
    return this.restart()
  }

  // --- life -------------------------------------------------------------------------------------------------------

  private died(generation: GoGeneration, cause: string): void {
    const wasCurrent = generation === this.current
    if (wasCurrent) this.current = undefined
    const down = wasCurrent && this.countDeath()
    const what = down
      ? `the module ended ${MOST_DEATHS + 1} times within a minute and stays down for ${DOWN_MS / 1000} s`
      : 'the module ended and is started again'
    this.say('error', `${wasCurrent ? what : 'an instance that was being replaced ended'}: ${cause}`)
    generation.lose(new Error(`the Go module ended: ${cause.split('\n', 1)[0]}`))
    if (wasCurrent && !down && !this.closed) this.restart().catch(() => {})
  }

  /** Returns whether the module stays down. */
  private countDeath(): boolean {
    const now = performance.now()
    this.deaths = [...this.deaths.filter(at => now - at < DEATH_WINDOW_MS), now]
    if (this.deaths.length <= MOST_DEATHS) return false
    this.deaths = []
    this.downUntil = now + DOWN_MS
    return true
  }

  private restart(): Promise<GoGeneration> {
    const starting = this.startWithPlaces().then(
      generation => {
        this.starting = undefined
        if (this.closed) {
          generation.end(new Error(`${this.file} is closed`))
          throw new Error(`${this.file} is closed`)
        }
        this.current = generation
        this.restarts++
        return generation
      },
      (error: Error) => {
        this.starting = undefined
        this.downUntil = performance.now() + DOWN_MS
        this.say('critical', `the module cannot be started again and stays down for ${DOWN_MS / 1000} s: ${error.message}`)
        throw error
      }
    )
    this.starting = starting
    return starting
  }

  private async startWithPlaces(): Promise<GoGeneration> {
    const generation = await this.startOne()
    try {
      for (const place of this.places.values()) await this.make(generation, place)
    } catch (error) {
      generation.end(error as Error)
      throw error
    }
    return generation
  }

  /** An instance that is too large is replaced by a new one; its requests may end. */
  private grew(generation: GoGeneration | undefined, bytes: number): void {
    const { maxMemory } = this.code.services
    if (bytes <= maxMemory || generation === undefined || generation !== this.current || this.replacing) return
    this.replacing = true
    const sizes = `${megabytes(bytes)} of memory, plugin.wasm.max_memory is ${megabytes(maxMemory)}`
    this.say('warning', `the module has ${sizes}: it is started again`)
    if (this.countDeath()) return this.stop(generation)
    this.startWithPlaces().then(
      fresh => {
        this.replacing = false
        if (this.closed) return fresh.end(new Error(`${this.file} is closed`))
        this.current = fresh
        this.restarts++
        this.drain(generation)
      },
      (error: Error) => {
        this.replacing = false
        this.say('error', `the module cannot be started again: ${error.message}`)
      }
    )
  }

  private stop(generation: GoGeneration): void {
    this.replacing = false
    this.current = undefined
    this.say('error', `the module stays down for ${DOWN_MS / 1000} s`)
    this.drain(generation)
  }

  private drain(generation: GoGeneration): void {
    const until = performance.now() + DRAIN_MS
    const look = (): void => {
      if (generation.handles.exchanges.size > 0 && performance.now() < until) setTimeout(look, DRAIN_LOOK_MS).unref()
      else generation.end(new Error(`${this.file} was started again: it had too much memory`))
    }
    look()
  }

  /** A start may take its time: no request waits. */
  private ran(ms: number): void {
    this.counts.busyMs += ms
    if (this.factories === 0) this.busyLines.took(ms)
  }

  private say(level: 'warning' | 'error' | 'critical', text: string): void {
    this.code.services.logger[level](`[PLUGIN: ${this.file}] ${text}`)
  }

  /** Ends the contexts that factories got, then the instance. */
  close(): void {
    if (this.closed) return
    this.closed = true
    const { current } = this
    this.current = undefined
    if (current === undefined) return
    current.instance.outbox.begin(OP.stop).done()
    current.instance.flush()
    current.end(new Error(`${this.file} is closed`))
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
