/**
 * One generation of a configuration: everything that was composed of it, without a port. A reload composes the next one beside it.
 *
 * In: exchanges, by `dispatch`. Out: their responses. It ends when its exchanges are over, or when their time has run out.
 */

import { setTimeout as pause } from 'node:timers/promises'
import type { AdminServer } from '../admin/admin-server.js'
import type { UpstreamPools } from '../client/pools.js'
import type { ServiceConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import type { OpenExchanges } from '../exchange/open-exchanges.js'
import type { PipeDescription } from '../pipe/description.js'
import type { Dispatch } from '../router/dispatch.js'
import type { ClientErrorInfo } from '../server/client-error.js'
import type { UpgradeCheck } from '../server/upgrade.js'
import { LoopTurns } from '../telemetry/in-turns.js'
import type { GatewayLogger } from '../telemetry/logger.js'

/** Calls that nothing waits for (shadow backends) are looked at this often, ms. */
const CALLS_CHECK_MS = 50
/** What was cancelled has this long to send its response, ms. */
const LAST_WORDS_MS = 500

/** What a generation opens when it begins to serve a port, and closes at its end. */
export interface GenerationLife {
  open(): Promise<void>
  /** Called in reverse order. */
  readonly closers: (() => void | Promise<void>)[]
  /** Aborted first: background work ends. */
  readonly stop: AbortController
  closeLogger(): Promise<void>
}

/** What a generation is composed of. */
export interface GenerationParts {
  readonly config: ServiceConfig
  readonly logger: GatewayLogger
  readonly dispatch: Dispatch
  readonly mayUpgrade: UpgradeCheck
  /** Called for requests that the listener refuses by itself. */
  readonly onRefusal: ((info: ClientErrorInfo) => void) | undefined
  /** Returns what each pipe says of itself. */
  readonly pipes: () => readonly PipeDescription[]
  /** Files and folders that it was made of. */
  readonly files: readonly string[]
  readonly exchanges: OpenExchanges
  readonly pools: UpstreamPools
  readonly admin: AdminServer | undefined
  readonly life: GenerationLife
  /** Called when it takes its place. */
  readonly onServe: () => void
}

export class Generation {
  readonly config: ServiceConfig
  readonly logger: GatewayLogger
  readonly dispatch: Dispatch
  readonly mayUpgrade: UpgradeCheck
  readonly onRefusal: ((info: ClientErrorInfo) => void) | undefined
  /** Returns what each pipe says of itself. */
  readonly pipes: () => readonly PipeDescription[]
  readonly files: readonly string[]
  readonly exchanges: OpenExchanges
  readonly admin: AdminServer | undefined
  readonly onServe: () => void
  private readonly pools: UpstreamPools
  private readonly life: GenerationLife
  private closing: Promise<void> | undefined

  constructor(parts: GenerationParts) {
    const { config, logger, dispatch, mayUpgrade, onRefusal, pipes, files, exchanges, pools, admin, life, onServe } = parts
    this.config = config
    this.logger = logger
    this.dispatch = dispatch
    this.mayUpgrade = mayUpgrade
    this.onRefusal = onRefusal
    this.pipes = pipes
    this.files = files
    this.exchanges = exchanges
    this.pools = pools
    this.admin = admin
    this.life = life
    this.onServe = onServe
  }

  /** Runs what components do before the port serves them. */
  open(): Promise<void> {
    return this.life.open()
  }

  /**
   * Lets exchanges finish, then closes. What is open after `graceMs` (0 = no limit) is cut.
   * @returns how many exchanges were cut
   */
  async retire(graceMs: number): Promise<number> {
    const { exchanges } = this
    const late = new AbortController()
    const timer = graceMs > 0 ? setTimeout(() => late.abort(), graceMs).unref() : undefined
    this.life.stop.signal.addEventListener('abort', () => late.abort(), { once: true })
    await exchanges.none(late.signal)
    while (!late.signal.aborted && this.calls > 0) await pause(CALLS_CHECK_MS, undefined, { ref: false })
    clearTimeout(timer)
    const { count } = exchanges
    if (count > 0 && this.closing === undefined) await this.cut()
    await this.close()
    return count
  }

  /** Calls to upstreams that are under way or waiting. */
  private get calls(): number {
    let calls = 0
    for (const pool of this.pools.all()) calls += pool.pending
    return calls
  }

  private async cut(): Promise<void> {
    const { exchanges } = this
    const reason = new GatewayError('SLUICE_ERR_GATEWAY_CLOSING', { message: 'the configuration was replaced' })
    const over = new AbortController()
    exchanges.cancelAll(reason)
    const timer = setTimeout(() => over.abort(), LAST_WORDS_MS).unref()
    await exchanges.none(over.signal)
    clearTimeout(timer)
    exchanges.cutAll(reason)
  }

  /** Ends background work, closes pools and components; what still runs on them breaks. The logger stays open. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.shut()
    return this.closing
  }

  private async shut(): Promise<void> {
    const { stop, closers } = this.life
    stop.abort(new Error('the gateway is closing'))
    const turns = new LoopTurns()
    for (const close of closers.reverse()) {
      // thousands of them would hold up what another generation serves
      if (turns.isOver) await turns.next()
      await close()
    }
  }

  /** Called after {@link close}. */
  closeLogger(): Promise<void> {
    return this.life.closeLogger()
  }
}
