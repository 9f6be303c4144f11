import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServiceConfig } from './config/types.js'
import { formatPipes, type PipeDescription } from './pipes.js'
import type { Dispatch } from './router/dispatch.js'
import type { ClientErrorInfo } from './server/client-error.js'
import { type InProcessRequest, type InProcessResponse, InProcessServer } from './server/in-process.js'
import { createListener, type Listener } from './server/listener.js'
import type { UpgradeCheck } from './server/upgrade.js'
import type { GatewayLogger } from './telemetry/logger.js'

/** A running, or not yet running, gateway. */
export interface Gateway {
  readonly config: ServiceConfig
  /** Serves one exchange of a `node:http` server of one's own. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void
  /** Opens the port. @throws GatewayError SLUICE_ERR_CONFIG_LISTEN (port in use, TLS files) */
  listen(): Promise<{ address: string; port: number }>
  /** Serves a request without a port, through the real HTTP parser. */
  request(request: InProcessRequest): Promise<InProcessResponse>
  /**
   * Stops accepting, lets what is in flight finish, closes pools and plugins. Idempotent.
   * @param options.graceMs default `max_shutdown_wait_time`; 0 = wait for ever
   * @returns false when time ran out and the rest was cut
   */
  close(options?: { graceMs?: number }): Promise<boolean>
  /** The compiled pipe of each endpoint. */
  readonly pipes: readonly PipeDescription[]
  /** {@link pipes} as text for people, or as JSON. */
  describePipes(options?: { json?: boolean }): string
  readonly logger: GatewayLogger
}

/** The life of a composed gateway: listen, serve, drain, close. */
export class RunningGateway implements Gateway {
  readonly config: ServiceConfig
  readonly logger: GatewayLogger
  readonly handler: Dispatch
  readonly pipes: readonly PipeDescription[]
  private readonly mayUpgrade: UpgradeCheck
  private readonly onRefusal: ((info: ClientErrorInfo) => void) | undefined
  private readonly opener: () => Promise<void>
  private readonly closers: (() => void | Promise<void>)[]
  private readonly stop: AbortController
  private readonly local: InProcessServer
  private listener: Listener | undefined
  private closing: Promise<boolean> | undefined

  constructor(
    config: ServiceConfig,
    logger: GatewayLogger,
    handler: Dispatch,
    mayUpgrade: UpgradeCheck,
    onRefusal: ((info: ClientErrorInfo) => void) | undefined,
    pipes: readonly PipeDescription[],
    opener: () => Promise<void>,
    closers: (() => void | Promise<void>)[],
    stop: AbortController
  ) {
    this.config = config
    this.logger = logger
    this.handler = handler
    this.mayUpgrade = mayUpgrade
    this.onRefusal = onRefusal
    this.pipes = pipes
    this.opener = opener
    this.closers = closers
    this.stop = stop
    this.local = new InProcessServer(handler)
  }

  async listen(): Promise<{ address: string; port: number }> {
    const { config, logger } = this
    const listener = createListener(
      {
        server: config.server,
        port: config.port,
        listenIp: config.listenIp,
        mayUpgrade: this.mayUpgrade,
        ...(this.onRefusal === undefined ? {} : { onClientError: this.onRefusal }),
        onError: error => logger.error('[SERVICE: Router]', error instanceof Error ? (error.stack ?? error.message) : error)
      },
      this.handler
    )
    await this.opener()
    const bound = await listener.listen()
    this.listener = listener
    logger.info(`[SERVICE: Router] Listening on port: ${bound.port}`)
    return bound
  }

  describePipes(options: { json?: boolean } = {}): string {
    return options.json ? JSON.stringify(this.pipes, null, 2) : formatPipes(this.pipes)
  }

  request(request: InProcessRequest): Promise<InProcessResponse> {
    return this.local.request(request)
  }

  close(options: { graceMs?: number } = {}): Promise<boolean> {
    this.closing ??= this.shutDown(options.graceMs ?? this.config.server.maxShutdownWaitMs)
    return this.closing
  }

  private async shutDown(graceMs: number): Promise<boolean> {
    const drained = this.listener === undefined ? true : await this.listener.drain(graceMs)
    this.stop.abort(new Error('the gateway is closing'))
    for (const close of this.closers.reverse()) await close()
    if (!drained) this.logger.error('[SERVICE: Router] context deadline exceeded')
    this.logger.info('[SERVICE: Router] Router execution ended')
    await this.logger.close()
    return drained
  }
}
