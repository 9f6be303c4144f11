import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as passed } from 'node:timers/promises'
import type { Phase } from './admin/phase.js'
import type { GatewayStatus } from './admin/status/status.js'
import type { ConfigInput } from './config/input.js'
import type { ServiceConfig } from './config/types.js'
import { GatewayError } from './errors.js'
import type { Generation } from './generation/generation.js'
import type { ReloadResult } from './generation/reload-result.js'
import { type PortChange, Succession, type SuccessionParts } from './generation/succession.js'
import type { PipeDescription } from './pipe/description.js'
import { type PipeFormat, printPipes } from './pipe/formats.js'
import { CertificateExpiry } from './server/certificate-expiry.js'
import type { Shortage } from './server/descriptor-watch.js'
import { type InProcessRequest, type InProcessResponse, InProcessServer } from './server/in-process.js'
import { createListener, type Listener } from './server/listener.js'
import { BODY_TAKEN, refuseTakenBody } from './server/taken-body.js'
import type { CertificateFacts, GatewayRecord, ReloadRecord } from './telemetry/gateway-state.js'
import type { GatewayLogger } from './telemetry/logger.js'

/** Where a gateway listens. */
export interface Listening {
  /** The address that the port is bound to. */
  readonly address: string
  /** The port; the one that the kernel chose where the configuration says 0. */
  readonly port: number
  /** The admin port, where the configuration has one. */
  readonly admin?: { readonly address: string; readonly port: number }
}

/** A running, or not yet running, gateway. */
export interface Gateway {
  /** The configuration that serves; another one after a reload. */
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
   * Replaces the configuration: the same file or object again, or another one. It is built completely beside the one that serves.
   * Where that fails, nothing changes. Exchanges that run finish as they began, within `max_shutdown_wait_time`. Reloads run one after
   * another.
   * @returns what differs
   * @throws ConfigError with all problems at once, GatewayError where the port cannot be opened or the gateway closes
   */
  reload(config?: string | ConfigInput): Promise<ReloadResult>
  /** Files and folders that the configuration was made of, for what watches them. Certificates of the port are watched in any case. */
  readonly files: readonly string[]
  /** How the last reload ended; undefined before the first. */
  readonly lastReload: ReloadRecord | undefined
  /**
   * Turns the ready probe to 503, stops accepting after `router.shutdown_delay`. What is in flight may finish (on the port,
   * {@link handler} and {@link request}); then pools and plugins close. Idempotent.
   * @param options.graceMs default `max_shutdown_wait_time`; 0 = no limit; begins after the delay
   * @param options.delayMs in place of `shutdown_delay`
   * @param options.lastRequestMs ms in which open connections may bring one more request each, when the port is closed; default 0
   * @returns false when time ran out and the rest was cut
   */
  close(options?: CloseOptions): Promise<boolean>
  /** The compiled pipe of each endpoint. */
  readonly pipes: readonly PipeDescription[]
  /** {@link pipes} as a tree for people, as JSON, as a diagram of Mermaid or Graphviz, or as a page. */
  describePipes(format?: PipeFormat): string
  /** That of the configuration that serves. */
  readonly logger: GatewayLogger
}

/** How a gateway is closed. */
export interface CloseOptions {
  /** ms for what is in flight; 0 = no limit. Default `max_shutdown_wait_time`. */
  readonly graceMs?: number
  /** ms between the first 503 of `/__ready` and the end of the port. Default `router.shutdown_delay`. */
  readonly delayMs?: number
  /** ms in which open connections may bring one more request each, when the port is closed. Default 0. */
  readonly lastRequestMs?: number
}

/** What a running gateway has beside its first generation. */
export interface GatewayParts extends Omit<SuccessionParts, 'prepare'> {
  readonly phase: Phase
  readonly status: GatewayStatus
}

/** The life of a gateway: listen, serve, reload, drain, close. */
export class RunningGateway implements Gateway {
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void
  private readonly succession: Succession
  private readonly state: GatewayRecord
  private readonly phase: Phase
  private readonly status: GatewayStatus
  private readonly local: InProcessServer
  private readonly expiry = new CertificateExpiry(() => this.logger)
  private listener: Listener | undefined
  /** Open exchanges that did not come on the port. */
  private openExchanges = 0
  private settled: (() => void) | undefined
  private closing: Promise<boolean> | undefined

  constructor(first: Generation, parts: GatewayParts) {
    this.succession = new Succession(first, { ...parts, prepare: young => this.prepare(young) })
    this.state = parts.state
    this.phase = parts.phase
    this.status = parts.status
    this.handler = (req, res) => this.serve(req, res)
    this.local = new InProcessServer({
      onRequest: this.handler,
      limits: () => this.config.server,
      onClientError: info => this.succession.current.onRefusal?.(info)
    })
  }

  get config(): ServiceConfig {
    return this.succession.current.config
  }

  get logger(): GatewayLogger {
    return this.succession.current.logger
  }

  get pipes(): readonly PipeDescription[] {
    return this.succession.current.pipes()
  }

  get files(): readonly string[] {
    return this.succession.current.files
  }

  get lastReload(): ReloadRecord | undefined {
    return this.state.lastReload
  }

  listen(): Promise<Listening> {
    return this.succession.inTurn(() => this.open())
  }

  private async open(): Promise<Listening> {
    const { succession, phase } = this
    const { config, logger, admin } = succession.current
    if (this.listener !== undefined || this.closing !== undefined) {
      const message = this.closing === undefined ? 'listen: the gateway listens already' : 'listen: the gateway is closed'
      throw new GatewayError('SLUICE_ERR_CONFIG_LISTEN', { message })
    }
    const listener = createListener(
      {
        server: config.server,
        port: config.port,
        listenIp: config.listenIp,
        mayUpgrade: req => succession.current.mayUpgrade(req),
        onClientError: info => succession.current.onRefusal?.(info),
        onCertificates: certificates => this.takeCertificates(certificates),
        onCertificateError: error =>
          this.logger.error(`[SERVICE: TLS] The changed certificates are not used, those before them stay: ${error.message}`),
        onShortage: shortage => this.tellShortage(shortage),
        onError: error => this.logger.error('[SERVICE: Router]', error instanceof Error ? (error.stack ?? error.message) : error)
      },
      (req, res, offer) => succession.current.dispatch(req, res, offer)
    )
    this.listener = listener
    phase.opening()
    try {
      await succession.current.open()
      const adminPort = await admin?.open()
      const bound = await listener.listen()
      phase.serving()
      logger.info(`[SERVICE: Router] Listening on port: ${bound.port}`)
      if (adminPort !== undefined) logger.info(`[SERVICE: Admin] Listening on ${adminPort.address}, port: ${adminPort.port}`)
      return { ...bound, ...(adminPort === undefined ? {} : { admin: adminPort }) }
    } catch (error) {
      this.listener = undefined
      phase.failed()
      await admin?.close()
      throw error
    }
  }

  describePipes(format: PipeFormat = {}): string {
    return printPipes(this.pipes, format)
  }

  request(request: string | InProcessRequest): Promise<InProcessResponse> {
    return this.local.request(typeof request === 'string' ? { path: request } : request)
  }

  reload(config?: string | ConfigInput): Promise<ReloadResult> {
    return this.succession.reload(config)
  }

  /** Opens ports that only the next generation has; those that both have stay open. */
  private async prepare(young: Generation): Promise<PortChange> {
    const { admin: before } = this.succession.current
    const { admin } = young
    if (this.listener === undefined) return { commit: () => {}, undo: async () => {} }
    await young.open()
    const { listener } = this
    const change = await listener.change(young.config)
    const shares = admin !== undefined && before !== undefined && admin.sharesPort(before)
    try {
      if (!shares) await admin?.open()
    } catch (error) {
      await change.undo()
      throw error
    }
    return {
      commit: () => {
        const old = listener.bound!.port
        change.commit()
        const { port } = listener.bound!
        if (port !== old) young.logger.info(`[SERVICE: Router] Listening on port: ${port}`)
        if (shares) admin.adopt(before)
        else void before?.close()
      },
      undo: async () => {
        await change.undo()
        await admin?.close()
      }
    }
  }

  private tellShortage({ lastedMs }: Shortage): void {
    const { logger } = this
    if (lastedMs === undefined)
      logger.error(
        '[SERVICE: Router] New connections are closed unserved: too many open files (EMFILE). Raise the limit of this process, such as `ulimit -n 4096`'
      )
    else logger.warning(`[SERVICE: Router] New connections are accepted again, after ${(lastedMs / 1000).toFixed(1)} s`)
  }

  private takeCertificates(certificates: readonly CertificateFacts[]): void {
    const { state, expiry } = this
    const known = state.certificates.length > 0
    state.certificates = certificates
    if (known && certificates.length > 0) this.logger.info('[SERVICE: TLS] The certificates were read again')
    expiry.use(certificates)
  }

  close(options: CloseOptions = {}): Promise<boolean> {
    const { server, router } = this.config
    this.closing ??= this.shutDown(options.graceMs ?? server.maxShutdownWaitMs, {
      delayMs: options.delayMs ?? router.shutdownDelayMs,
      lastRequestMs: options.lastRequestMs ?? 0
    })
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
    this.succession.current.dispatch(req, res)
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

  private async shutDown(
    graceMs: number,
    { delayMs, lastRequestMs }: { delayMs: number; lastRequestMs: number }
  ): Promise<boolean> {
    const { succession } = this
    this.phase.stopping()
    succession.stop()
    if (delayMs > 0 && this.listener !== undefined) {
      this.logger.info(`[SERVICE: Router] Not ready any more; the port closes in ${delayMs} ms`)
      await passed(delayMs)
    }
    this.expiry.stop()
    const ends = await Promise.all([this.listener?.drain(graceMs, lastRequestMs) ?? true, this.settle(graceMs)])
    const drained = ends.every(Boolean)
    await succession.close()
    const { admin, logger } = succession.current
    this.status.close()
    await admin?.close()
    if (!drained) logger.error('[SERVICE: Router] context deadline exceeded')
    logger.info('[SERVICE: Router] Router execution ended')
    await succession.current.closeLogger()
    return drained
  }
}
