import type { IncomingMessage, ServerResponse } from 'node:http'
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

/** A running, or not yet running, gateway. */
export interface Gateway {
  readonly config: ServiceConfig
  /** Serves one exchange of another `node:http` server; sends 500 when that server has read the request's body before. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void
  /** Opens the port, once. @throws GatewayError SLUICE_ERR_CONFIG_LISTEN (port in use, TLS files, opened before, closed) */
  listen(): Promise<{ address: string; port: number }>
  /** Serves a request, or a GET of the path, without a port, through the real HTTP parser. */
  request(request: string | InProcessRequest): Promise<InProcessResponse>
  /**
   * Stops accepting, lets what is in flight finish (on the port, {@link handler} and {@link request}), closes pools and plugins.
   * Idempotent.
   * @param options.graceMs default `max_shutdown_wait_time`; 0 = no limit
   * @returns false when time ran out and the rest was cut
   */
  close(options?: { graceMs?: number }): Promise<boolean>
  /** The compiled pipe of each endpoint. */
  readonly pipes: readonly PipeDescription[]
  /** {@link pipes} as a tree for people, as JSON, or as the text of a Mermaid diagram. */
  describePipes(options?: { json?: boolean; mermaid?: boolean }): string
  readonly logger: GatewayLogger
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
  private readonly local: InProcessServer
  private listener: Listener | undefined
  /** Open exchanges that did not come on the port. */
  private openExchanges = 0
  private settled: (() => void) | undefined
  private closing: Promise<boolean> | undefined

  constructor({ config, logger, dispatch, mayUpgrade, onRefusal, pipes, life }: GatewayParts) {
    this.config = config
    this.logger = logger
    this.dispatch = dispatch
    this.handler = (req, res) => this.serve(req, res)
    this.mayUpgrade = mayUpgrade
    this.onRefusal = onRefusal
    this.pipes = pipes
    this.life = life
    this.local = new InProcessServer(this.handler)
  }

  async listen(): Promise<{ address: string; port: number }> {
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
    const bound = await this.life
      .open()
      .then(() => listener.listen())
      .catch(error => {
        this.listener = undefined
        throw error
      })
    logger.info(`[SERVICE: Router] Listening on port: ${bound.port}`)
    return bound
  }

  describePipes(options: { json?: boolean; mermaid?: boolean } = {}): string {
    if (options.json) return JSON.stringify(this.pipes, null, 2)
    return options.mermaid ? mermaidOf(this.pipes) : formatPipes(this.pipes)
  }

  request(request: string | InProcessRequest): Promise<InProcessResponse> {
    return this.local.request(typeof request === 'string' ? { path: request } : request)
  }

  close(options: { graceMs?: number } = {}): Promise<boolean> {
    this.closing ??= this.shutDown(options.graceMs ?? this.config.server.maxShutdownWaitMs)
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

  private async shutDown(graceMs: number): Promise<boolean> {
    const ends = await Promise.all([this.listener?.drain(graceMs) ?? true, this.settle(graceMs)])
    const drained = ends.every(Boolean)
    this.life.stop.abort(new Error('the gateway is closing'))
    for (const close of this.life.closers.reverse()) await close()
    if (!drained) this.logger.error('[SERVICE: Router] context deadline exceeded')
    this.logger.info('[SERVICE: Router] Router execution ended')
    await this.life.closeLogger()
    return drained
  }
}
