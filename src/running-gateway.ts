import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as passed } from 'node:timers/promises'
import type { AdminServer } from './admin/admin-server.js'
import type { Phase } from './admin/phase.js'
import type { ServiceConfig } from './config/types.js'
import { GatewayError } from './errors.js'
import type { PipeDescription } from './pipe/description.js'
import { mermaidOf } from './pipe/mermaid.js'
import { formatPipes } from './pipe/print.js'
import type { Dispatch } from './router/dispatch.js'
import type { ClientErrorInfo } from './server/client-error.js'
import { type InProcessRequest, type InProcessResponse, InProcessServer } from './server/in-process.js'
import { createListener, type Listener } from './server/listener.js'
import { BODY_TAKEN, refuseTakenBody } from './server/taken-body.js'
import type { UpgradeCheck } from './server/upgrade.js'
import type { GatewayLogger } from './telemetry/logger.js'

/** Where a gateway listens. */
export interface Listening {
  readonly address: string
  readonly port: number
  /** The admin port, where the configuration has one. */
  readonly admin?: { readonly address: string; readonly port: number }
}

/** A running, or not yet running, gateway. */
export interface Gateway {
  readonly config: ServiceConfig
  /** Serves one exchange of another `node:http` server; sends 500 when that server has read the request's body before. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void
  /**
   * Opens the port, once, and the admin port where there is one.
   * @throws GatewayError SLUICE_ERR_CONFIG_LISTEN (port in use, TLS files, opened before, closed)
   */
  listen(): Promise<Listening>
  /** Serves a request, or a GET of the path, without a port, through the real HTTP parser. */
  request(request: string | InProcessRequest): Promise<InProcessResponse>
  /**
   * Turns the ready probe to 503, stops accepting after `router.shutdown_delay`. What is in flight may finish (on the port,
   * {@link handler} and {@link request}); then pools and plugins close. Idempotent.
   * @param options.graceMs default `max_shutdown_wait_time`; 0 = no limit; begins after the delay
   * @param options.delayMs in place of `shutdown_delay`
   * @returns false when time ran out and the rest was cut
   */
  close(options?: CloseOptions): Promise<boolean>
  /** The compiled pipe of each endpoint. */
  readonly pipes: readonly PipeDescription[]
  /** {@link pipes} as a tree for people, as JSON, or as the text of a Mermaid diagram. */
  describePipes(options?: { json?: boolean; mermaid?: boolean }): string
  readonly logger: GatewayLogger
}

/** How a gateway is closed. */
export interface CloseOptions {
  readonly graceMs?: number
  readonly delayMs?: number
}

/** What a gateway opens when it listens and closes at its end. */
export interface GatewayLife {
  open(): Promise<void>
  /** Called in reverse order. */
  readonly closers: (() => void | Promise<void>)[]
  /** Aborted first: background work ends. */
  readonly stop: AbortController
  closeLogger(): Promise<void>
}

/** What a gateway is composed of. */
export interface GatewayParts {
  readonly config: ServiceConfig
  readonly logger: GatewayLogger
  readonly dispatch: Dispatch
  readonly mayUpgrade: UpgradeCheck
  /** Called for requests that the listener refuses by itself. */
  readonly onRefusal: ((info: ClientErrorInfo) => void) | undefined
  readonly pipes: readonly PipeDescription[]
  readonly life: GatewayLife
  readonly phase: Phase
  readonly admin: AdminServer | undefined
}

/** The life of a composed gateway: listen, serve, drain, close. */
export class RunningGateway implements Gateway {
  readonly config: ServiceConfig
  readonly logger: GatewayLogger
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void
  readonly pipes: readonly PipeDescription[]
  private readonly dispatch: Dispatch
  private readonly mayUpgrade: UpgradeCheck
  private readonly onRefusal: ((info: ClientErrorInfo) => void) | undefined
  private readonly life: GatewayLife
  private readonly phase: Phase
  private readonly admin: AdminServer | undefined
  private readonly local: InProcessServer
  private listener: Listener | undefined
  /** Open exchanges that did not come on the port. */
  private openExchanges = 0
  private settled: (() => void) | undefined
  private closing: Promise<boolean> | undefined

  constructor({ config, logger, dispatch, mayUpgrade, onRefusal, pipes, life, phase, admin }: GatewayParts) {
    this.config = config
    this.logger = logger
    this.dispatch = dispatch
    this.handler = (req, res) => this.serve(req, res)
    this.mayUpgrade = mayUpgrade
    this.onRefusal = onRefusal
    this.pipes = pipes
    this.life = life
    this.phase = phase
    this.admin = admin
    this.local = new InProcessServer(this.handler)
  }

  async listen(): Promise<Listening> {
    const { config, logger } = this
    if (this.listener !== undefined || this.closing !== undefined) {
      const message = this.closing === undefined ? 'listen: the gateway listens already' : 'listen: the gateway is closed'
      throw new GatewayError('SLUICE_ERR_CONFIG_LISTEN', { message })
    }
    const listener = createListener(
      {
        server: config.server,
        port: config.port,
        listenIp: config.listenIp,
        mayUpgrade: this.mayUpgrade,
        ...(this.onRefusal === undefined ? {} : { onClientError: this.onRefusal }),
        onError: error => logger.error('[SERVICE: Router]', error instanceof Error ? (error.stack ?? error.message) : error)
      },
      this.dispatch
    )
    this.listener = listener
    this.phase.opening()
    try {
      await this.life.open()
      const admin = await this.admin?.open()
      const bound = await listener.listen()
      this.phase.serving()
      logger.info(`[SERVICE: Router] Listening on port: ${bound.port}`)
      if (admin !== undefined) logger.info(`[SERVICE: Admin] Listening on ${admin.address}, port: ${admin.port}`)
      return { ...bound, ...(admin === undefined ? {} : { admin }) }
    } catch (error) {
      this.listener = undefined
      this.phase.failed()
      await this.admin?.close()
      throw error
    }
  }

  describePipes(options: { json?: boolean; mermaid?: boolean } = {}): string {
    if (options.json) return JSON.stringify(this.pipes, null, 2)
    return options.mermaid ? mermaidOf(this.pipes) : formatPipes(this.pipes)
  }

  request(request: string | InProcessRequest): Promise<InProcessResponse> {
    return this.local.request(typeof request === 'string' ? { path: request } : request)
  }

  close(options: CloseOptions = {}): Promise<boolean> {
    const { server, router } = this.config
    this.closing ??= this.shutDown(options.graceMs ?? server.maxShutdownWaitMs, options.delayMs ?? router.shutdownDelayMs)
    return this.closing
  }

  private serve(req: IncomingMessage, res: ServerResponse): void {
    if (refuseTakenBody(req, res)) return this.logger.error(`[SERVICE: Router] ${req.method} ${req.url}: ${BODY_TAKEN}`)
    if (!res.closed) {
      this.openExchanges++
      res.once('close', () => {
        if (--this.openExchanges === 0) this.settled?.()
      })
    }
    this.dispatch(req, res)
  }

  /** Waits for exchanges that did not come on the port; returns false when the time ran out. */
  private async settle(graceMs: number): Promise<boolean> {
    if (this.openExchanges === 0) return true
    let timer: NodeJS.Timeout | undefined
    const done = await new Promise<boolean>(resolve => {
      this.settled = () => resolve(true)
      if (graceMs > 0) timer = setTimeout(() => resolve(false), graceMs)
    })
    clearTimeout(timer)
    return done
  }

  private async shutDown(graceMs: number, delayMs: number): Promise<boolean> {
    this.phase.stopping()
    if (delayMs > 0 && this.listener !== undefined) {
      this.logger.info(`[SERVICE: Router] Not ready any more; the port closes in ${delayMs} ms`)
      await passed(delayMs)
    }
    const ends = await Promise.all([this.listener?.drain(graceMs) ?? true, this.settle(graceMs)])
    const drained = ends.every(Boolean)
    this.life.stop.abort(new Error('the gateway is closing'))
    for (const close of this.life.closers.reverse()) await close()
    await this.admin?.close()
    if (!drained) this.logger.error('[SERVICE: Router] context deadline exceeded')
    this.logger.info('[SERVICE: Router] Router execution ended')
    await this.life.closeLogger()
    return drained
  }
}
