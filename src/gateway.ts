/**
 * The composition root: configuration → pools → plugins → pipes → routes → server. The one file that knows every room; it only puts
 * things in order.
 */

import type { Writable } from 'node:stream'
import { createAdmin } from './admin/create-admin.js'
import { Phase } from './admin/phase.js'
import { probesOf } from './admin/probes.js'
import { cpuCount } from './backend/balancer.js'
import { balancerFor } from './backend/balancer-for.js'
import { clientTlsFaults } from './client/client-tls.js'
import { PooledOutbound } from './client/outbound.js'
import { poolSettings, UpstreamPools } from './client/pools.js'
import { hostFault } from './config/hosts.js'
import type { ConfigInput } from './config/input.js'
import { type LoadedConfig, readConfigFile, readConfigObject } from './config/load.js'
import { CORE_NAMESPACES } from './config/namespaces.js'
import { didYouMean } from './config/suggest.js'
import type { EndpointConfig, ServiceConfig } from './config/types.js'
import { adaptEncodings, type CustomEncoding } from './encoding/custom.js'
import type { EndpointDeps } from './endpoint/deps.js'
import { compileEndpoint, type Endpoint } from './endpoint/endpoint.js'
import { ConfigError, summarizeProblems } from './errors.js'
import { reportTo } from './exchange/access-report.js'
import { joinReports } from './exchange/exchange-report.js'
import { identityOf, SLUICE_VERSION } from './identity.js'
import type { Component } from './plugin/component.js'
import { addComponents, loadComponents, type ShippedComponents } from './plugin/load/shipped.js'
import type { CodeWraps } from './plugin/run/code-layers.js'
import { createPluginHost, type PluginHost } from './plugin/run/host.js'
import type { PluginModule } from './plugin/types.js'
import { compileClientIp, compileTrust } from './router/client-ip.js'
import { compileUpgradeCheck, createDispatch, type RouteTarget } from './router/dispatch.js'
import { compileMissAnswers } from './router/own-responses.js'
import { compileRequestIds } from './router/request-ids.js'
import { reservedRoutes, withProbes } from './router/reserved.js'
import { createRouter, type RouteSpec } from './router/router.js'
import { type Gateway, RunningGateway } from './running-gateway.js'
import { refusalsTo, targetRefusal } from './server/refusal-log.js'
import { serverTlsFaults } from './server/server-tls.js'
import { createAccessLog } from './telemetry/access-log.js'
import { type CreatedLogger, createLogger } from './telemetry/create-logger.js'
import { GelfAccessLog } from './telemetry/gelf.js'
import { type GatewayLogger, silentLogger } from './telemetry/logger.js'

/** What code may add to a configuration. */
export interface GatewayOptions extends CodeWraps {
  /** Plugin modules handed over in code, beside or instead of a plugin folder. */
  readonly plugins?: readonly PluginModule[]
  /** Components of your own, beside those that come with the gateway; each reads a namespace that none of these has. */
  readonly components?: readonly Component[]
  /** Starts wherever KrakenD would start; what cannot be honoured is left out with an ERROR line. Default false. */
  readonly tolerant?: boolean
  /** Wins over the file and `KRAKEND_PORT`; 0 = the kernel chooses. */
  readonly port?: number
  /** Opens `/__debug/`. */
  readonly debug?: boolean
  /** Where `KRAKEND_*` and proxy variables come from. Default `process.env`; a configuration object is overridden only by an `env` given here. */
  readonly env?: NodeJS.ProcessEnv
  /**
   * Where log lines and the access log go. Default: the standard output when the configuration has `telemetry/logging`;
   * without it the gateway writes nothing.
   */
  readonly logOutput?: Writable
  /** Takes all log lines instead of what `telemetry/logging` asks for; not closed by the gateway. The access log is not affected. */
  readonly logger?: GatewayLogger
  /** Encodings by name, for backends (`decode`) and endpoints (`render`). They win over built-in names. */
  readonly encodings?: Readonly<Record<string, CustomEncoding>>
}

/**
 * Builds a gateway from a configuration file, or from an object in KrakenD's form ({@link ConfigInput}), which is copied. Plugins
 * are loaded and awaited; no port is opened.
 * @throws ConfigError with all problems at once
 */
export async function createGateway(config: string | ConfigInput, options: GatewayOptions = {}): Promise<Gateway> {
  const components = addComponents(await loadComponents(), options.components ?? [], CORE_NAMESPACES)
  const env = options.env ?? process.env
  const load = {
    tolerant: options.tolerant ?? false,
    env: typeof config === 'string' ? env : (options.env ?? {}),
    debug: options.debug ?? false,
    namespaces: components.namespaces,
    encodings: new Set(Object.keys(options.encodings ?? {}).flatMap(name => [name, name.toLowerCase()])),
    ...(options.port === undefined ? {} : { port: options.port })
  }
  const loaded = typeof config === 'string' ? await readConfigFile(config, load) : readConfigObject(config, load)
  return new Boot(loaded, loaded.config ?? loaded.conclude(), options, env).build(components)
}

/** One start, step by step in the order in which KrakenD logs it . */
class Boot {
  private readonly loaded: LoadedConfig
  private readonly config: ServiceConfig
  private readonly options: GatewayOptions
  private readonly env: NodeJS.ProcessEnv
  private readonly closers: (() => void | Promise<void>)[] = []
  private readonly stop = new AbortController()
  private outbound: PooledOutbound | undefined = undefined

  constructor(loaded: LoadedConfig, config: ServiceConfig, options: GatewayOptions, env: NodeJS.ProcessEnv) {
    this.loaded = loaded
    this.config = config
    this.options = options
    this.env = env
    this.closers.push(() => this.outbound?.close())
  }

  async build(components: ShippedComponents): Promise<Gateway> {
    const { config, options, loaded } = this
    const { findings } = loaded
    const created = this.createLogging()
    // A start that fails anyway goes on to find the other faults, and logs nothing else.
    const silent = findings.stopped || (options.logger === undefined && this.isSilent())
    const logger = silent ? silentLogger : (options.logger ?? created.logger)
    for (const line of created.startLines) logger[line.level](line.text)
    logger.info(`Starting Sluice v${SLUICE_VERSION}`)
    logger.info(`Working directory is ${process.cwd()}`)
    for (const { level, text } of summarizeProblems(config.problems)) logger[level](text)
    try {
      await this.checkTls()
      const host = await createPluginHost({
        config,
        modules: options.plugins ?? [],
        components: components.registry,
        logger,
        signal: this.stop.signal,
        tolerant: config.tolerant,
        wraps: options,
        env: this.env,
        suggest: didYouMean,
        outbound: () => (this.outbound ??= new PooledOutbound(poolSettings(config, this.env))),
        takeFault: (problem, leftOut) => findings.take(problem, leftOut)
      })
      this.closers.push(() => host.close())
      if (config.debugEndpoint) logger.debug('[SERVICE: Router] Debug enabled')
      logger.info('Starting the Sluice instance')
      return await this.compose(host, logger, created)
    } catch (error) {
      this.stop.abort(error)
      for (const close of this.closers.reverse()) await close()
      await created.logger.close()
      if (findings.stopped) loaded.conclude()
      throw error
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
        ...out
      })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const problem of error.problems) loaded.findings.take(problem, false)
      return createLogger(undefined, out)
    }
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

  /** Compiles an endpoint; undefined when it has faults, or fails for those that were found before. */
  private async compile(endpoint: EndpointConfig, deps: EndpointDeps): Promise<Endpoint | undefined> {
    const { findings } = this.loaded
    try {
      return await compileEndpoint(endpoint, deps)
    } catch (error) {
      if (error instanceof ConfigError) for (const problem of error.problems) findings.take(problem, false)
      else if (!findings.stopped) throw error
      return undefined
    }
  }

  private async compose(host: PluginHost, logger: GatewayLogger, created: CreatedLogger): Promise<Gateway> {
    const { accessLogFormat } = created
    const { config, options } = this
    const { router } = config
    const pools = new UpstreamPools(poolSettings(config, this.env))
    this.closers.push(() => pools.close())
    const accessLog = createAccessLog({
      disabled: router.disableAccessLog || this.isSilent(),
      format: accessLogFormat,
      skipPaths: router.loggerSkipPaths,
      beside: created.gelf && new GelfAccessLog(created.gelf),
      ...(options.logOutput === undefined ? {} : { out: options.logOutput })
    })
    const identity = identityOf(router.identity, router.hideVersionHeader)
    const report = joinReports([reportTo(accessLog), host.observers.finished()])
    host.observers.pools = () => pools.all()
    const custom = adaptEncodings(options.encodings ?? {})
    const balancers = {
      cpus: cpuCount(this.env),
      dnsCacheTtlMs: config.transport.dnsCacheTtlMs,
      logger,
      onClose: (work: () => void) => this.closers.push(work)
    }
    const deps: EndpointDeps = {
      router,
      identity,
      logger,
      backends: {
        pools,
        balancerFor: backend => balancerFor(backend, balancers),
        userAgent: identity.userAgent,
        acceptGzip: !config.transport.disableCompression,
        decoders: custom.decoders
      },
      renderers: custom.renderers,
      layersOf: endpoint => host.endpoint(endpoint),
      backendLayersOf: (endpoint, backend) => host.backend(endpoint, backend),
      report
    }
    if (!this.loaded.findings.stopped) registerOrigins(config, pools)
    const routes: RouteSpec<RouteTarget>[] = [...reservedRoutes(config, logger)]
    const endpoints: Endpoint[] = []
    for (const endpoint of config.endpoints) {
      const compiled = await this.compile(endpoint, deps)
      if (compiled === undefined) continue
      endpoints.push(compiled)
      routes.push({ method: endpoint.method, path: endpoint.path, value: compiled })
    }
    const checked = this.loaded.conclude()
    if (router.autoOptions) logger.debug('[SERVICE: Router] Enabling the auto options endpoints')
    const { outer, inner } = host.service
    const trusts = compileTrust(router.trustedProxies)
    const phase = new Phase()
    const routing = { ...router, disableRest: config.disableRest }
    const probed = config.admin === undefined && !router.disableHealth
    const table = createRouter(probed ? withProbes(routes, probesOf(phase), routing) : routes, routing)
    // KrakenD's access log has no line for a request that its server refused by itself
    const onRefusal = accessLog !== undefined && accessLogFormat === 'json' ? refusalsTo(accessLog) : undefined
    const dispatch = createDispatch({
      router: table,
      clientIp: compileClientIp(router),
      answerMiss: compileMissAnswers(router, identity),
      outer: outer?.wrap,
      inner: inner?.wrap,
      identify: router.requestId || accessLogFormat === 'json' ? compileRequestIds(trusts) : undefined,
      started: host.observers.started(),
      report,
      onRefused: onRefusal && ((req, error) => onRefusal(targetRefusal(req, error))),
      logger,
      errorStatus: router.errorStatus,
      maxBodyBytes: config.maxBodyBytes,
      maxRequestBytes: router.maxRequestBytes
    })
    const around = [...(outer?.stages ?? []), ...(inner?.stages ?? [])]
    const pipes = endpoints.map(({ description }) => ({
      ...description,
      direct: description.direct && around.length === 0,
      stages: [...around, ...description.stages]
    }))
    const mayUpgrade = compileUpgradeCheck(table, outer !== undefined && endpoints.some(one => one.tunnelIdleMs !== undefined))
    const life = { open: () => host.open(), closers: this.closers, stop: this.stop, closeLogger: () => created.logger.close() }
    const admin = createAdmin(config.admin, phase, logger)
    return new RunningGateway({ config: checked, logger, dispatch, mayUpgrade, onRefusal, pipes, life, phase, admin })
  }
}

/** Redirects may lead to any host that the configuration names, also of another endpoint. */
function registerOrigins(config: ServiceConfig, pools: UpstreamPools): void {
  for (const endpoint of config.endpoints) {
    for (const backend of endpoint.backends) {
      if (backend.sd === 'dns') continue
      const own = pools.withTls(backend.httpClient.tls)
      for (const host of backend.hosts) if (hostFault(host) === undefined) own.get(new URL(host).origin)
    }
  }
}
