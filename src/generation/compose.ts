/**
 * The composition root: configuration → plugins → pools, pipes, routes → one generation. This room knows every other one; it only puts
 * things in order.
 */

import { setMaxListeners } from 'node:events'
import type { AdminSubjects } from '../admin/create-admin.js'
import { clientTlsFaults } from '../client/client-tls.js'
import { PooledOutbound } from '../client/outbound.js'
import type { PoolTotals } from '../client/pool.js'
import { poolSettings } from '../client/pools.js'
import type { ConfigInput } from '../config/input.js'
import { type LoadedConfig, openConfigFile, openConfigObject, readDocument } from '../config/load.js'
import { namedNamespaces } from '../config/named-namespaces.js'
import { didYouMean } from '../config/suggest.js'
import type { ServiceConfig } from '../config/types.js'
import { ConfigError, summarizeProblems } from '../errors.js'
import { SLUICE_VERSION } from '../identity.js'
import type { ComponentRegistry, Components } from '../plugin/load/shipped.js'
import { createPluginHost } from '../plugin/run/host.js'
import type { KeptState } from '../plugin/run/kept-state.js'
import { serverTlsFaults } from '../server/server-tls.js'
import { type AccessLog, createAccessLog } from '../telemetry/access-log.js'
import { type CreatedLogger, createLogger } from '../telemetry/create-logger.js'
import type { GatewayState } from '../telemetry/gateway-state.js'
import { GelfAccessLog } from '../telemetry/gelf.js'
import { silentLogger } from '../telemetry/logger.js'
import { assemble } from './assemble.js'
import type { GatewayOptions } from './gateway-options.js'
import type { Generation } from './generation.js'
import { watchedFiles } from './watched-files.js'

/** What all generations of one gateway have in common. */
export interface SharedParts {
  readonly options: GatewayOptions
  readonly components: Components
  readonly env: NodeJS.ProcessEnv
  /** State of components that one generation hands on to the next. */
  readonly kept: KeptState
  /** Counts of calls, which go on over reloads. */
  readonly totals: PoolTotals
  readonly state: GatewayState
  /** What the admin port shows. */
  readonly admin: AdminSubjects
}

/** One attempt to compose a generation. */
export interface Attempt {
  /** True beside a generation that serves. */
  readonly reload: boolean
  /** Aborted: the gateway closes, and nothing will serve what is being composed. */
  readonly signal: AbortSignal
}

/**
 * Composes a generation of a configuration: reads it, loads plugins and awaits them; no port is opened.
 * @throws ConfigError with all problems at once
 */
export async function composeGeneration(input: string | ConfigInput, shared: SharedParts, attempt: Attempt): Promise<Generation> {
  const { options, components, env } = shared
  const document = typeof input === 'string' ? await openConfigFile(input, env) : openConfigObject(input)
  const { registry, namespaces } = await components.load(namedNamespaces(document.value, components.namespaces))
  const load = {
    tolerant: options.tolerant ?? false,
    env: typeof input === 'string' ? env : (options.env ?? {}),
    debug: options.debug ?? false,
    namespaces,
    encodings: new Set(Object.keys(options.encodings ?? {}).flatMap(name => [name, name.toLowerCase()])),
    ...(options.port === undefined ? {} : { port: options.port })
  }
  const loaded = await readDocument(document, load)
  return new Composition(loaded, loaded.config ?? loaded.conclude(), shared, { ...attempt, input, registry }).build()
}

/** One start, step by step in the order in which KrakenD logs it. */
class Composition {
  private readonly loaded: LoadedConfig
  private readonly config: ServiceConfig
  private readonly options: GatewayOptions
  private readonly shared: SharedParts
  private readonly attempt: Attempt & { readonly input: string | ConfigInput; readonly registry: ComponentRegistry }
  private readonly closers: (() => void | Promise<void>)[] = []
  private readonly stop = new AbortController()
  private outbound: PooledOutbound | undefined = undefined

  constructor(loaded: LoadedConfig, config: ServiceConfig, shared: SharedParts, attempt: Composition['attempt']) {
    this.loaded = loaded
    this.config = config
    this.options = shared.options
    this.shared = shared
    this.attempt = attempt
    this.closers.push(() => this.outbound?.close())
  }

  async build(): Promise<Generation> {
    const { config, options, loaded, shared, attempt } = this
    const { findings } = loaded
    const created = this.createLogging()
    // A start that fails anyway goes on to find the other faults, and logs nothing else.
    const silent = findings.stopped || (options.logger === undefined && this.isSilent())
    const logger = silent ? silentLogger : (options.logger ?? created.logger)
    for (const line of created.startLines) logger[line.level](line.text)
    if (!attempt.reload) {
      shared.kept.logger.target = logger
      logger.info(`Starting Sluice v${SLUICE_VERSION}`)
      logger.info(`Working directory is ${process.cwd()}`)
    }
    for (const { level, text } of summarizeProblems(config.problems)) logger[level](text)
    const watched = config.admin === undefined ? undefined : shared.admin.status.watch()
    // each place of a plugin may listen to it
    setMaxListeners(0, this.stop.signal)
    const abandon = (): void => this.stop.abort(attempt.signal.reason)
    attempt.signal.addEventListener('abort', abandon)
    try {
      await this.checkTls()
      const host = await createPluginHost({
        config,
        modules: options.plugins ?? [],
        components: attempt.registry,
        logger,
        signal: this.stop.signal,
        tolerant: config.tolerant,
        wraps: options,
        env: shared.env,
        kept: shared.kept,
        state: shared.state,
        observer: watched?.observer,
        suggest: didYouMean,
        outbound: () => (this.outbound ??= new PooledOutbound(poolSettings(config, shared.env, shared.totals))),
        takeFault: (problem, leftOut) => findings.take(problem, leftOut)
      })
      this.closers.push(() => host.close())
      if (config.debugEndpoint) logger.debug('[SERVICE: Router] Debug enabled')
      if (!attempt.reload) logger.info('Starting the Sluice instance')
      const accessLog = this.createAccessLog(created)
      const { closers, stop } = this
      const life = { open: () => host.open(), closers, stop, closeLogger: () => created.logger.close() }
      return await assemble({
        loaded,
        config,
        options,
        env: shared.env,
        files: watchedFiles(attempt.input, config, shared.env),
        kept: shared.kept,
        totals: shared.totals,
        host,
        logger,
        created,
        accessLog,
        life,
        admin: shared.admin,
        watched
      })
    } catch (error) {
      this.stop.abort(error)
      for (const close of this.closers.reverse()) await close()
      await created.logger.close()
      if (findings.stopped) loaded.conclude()
      throw error
    } finally {
      attempt.signal.removeEventListener('abort', abandon)
    }
  }

  /** True when neither {@link GatewayOptions.logOutput} nor the configuration asks for lines: the gateway then writes nothing. */
  private isSilent(): boolean {
    const { extra } = this.config
    return this.options.logOutput === undefined && !('telemetry/logging' in extra) && !('telemetry/logstash' in extra)
  }

  /** Creates the logger. Wrong options of the logger are reported with all other problems. */
  private createLogging(): CreatedLogger {
    const { config, options, loaded } = this
    const own = options.logger === undefined ? config.extra : undefined
    const out = options.logOutput === undefined ? {} : { out: options.logOutput }
    try {
      return createLogger(own?.['telemetry/logging'], {
        logstash: own?.['telemetry/logstash'],
        gelf: own?.['telemetry/gelf'],
        tolerant: config.tolerant,
        file: config.source,
        filter: options.logFilter,
        ...out
      })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const problem of error.problems) loaded.findings.take(problem, false)
      return createLogger(undefined, out)
    }
  }

  private createAccessLog({ accessLogFormat, gelf }: CreatedLogger): AccessLog | undefined {
    const { router } = this.config
    const { logOutput, logFilter } = this.options
    return createAccessLog({
      quiet: logFilter !== undefined,
      disabled: router.disableAccessLog || this.isSilent(),
      format: accessLogFormat,
      skipPaths: router.loggerSkipPaths,
      beside: gelf && new GelfAccessLog(gelf),
      ...(logOutput === undefined ? {} : { out: logOutput })
    })
  }

  /** Without its certificates a gateway cannot start, tolerant or not. */
  private async checkTls(): Promise<void> {
    const { server, transport, source, endpoints } = this.config
    const faults = [
      ...(server.tls === undefined ? [] : await serverTlsFaults(server.tls)),
      ...clientTlsFaults(transport.tls, ''),
      ...endpoints.flatMap(({ backends }) =>
        backends.flatMap(({ httpClient, pointer }) =>
          clientTlsFaults(httpClient.tls, `${pointer}/extra_config/backend~1http~1client`)
        )
      )
    ]
    for (const fault of faults) this.loaded.findings.take({ level: 'error', file: source, ...fault }, false)
  }
}
