/** From loaded plugins to a generation: pools, endpoints, routes, dispatch. */

import { type AdminSubjects, createAdmin } from '../admin/create-admin.js'
import { addOpenApi } from '../admin/openapi.js'
import { probesOf } from '../admin/probes.js'
import type { GenerationStatus } from '../admin/status/status.js'
import { hostResolver } from '../backend/address.js'
import { cpuCount } from '../backend/balancer.js'
import { balancerFor } from '../backend/balancer-for.js'
import type { PoolTotals } from '../client/pool.js'
import { poolSettings, UpstreamPools } from '../client/pools.js'
import { hostFault } from '../config/hosts.js'
import type { LoadedConfig } from '../config/load.js'
import type { ServiceConfig } from '../config/types.js'
import { adaptEncodings } from '../encoding/custom.js'
import type { EndpointDeps } from '../endpoint/deps.js'
import { compileEndpoint } from '../endpoint/endpoint.js'
import { ListsTable } from '../endpoint/endpoint-lists.js'
import type { Endpoint } from '../endpoint/waiting-endpoint.js'
import { ConfigError } from '../errors.js'
import { reportTo } from '../exchange/access-report.js'
import { joinReports } from '../exchange/exchange-report.js'
import { OpenExchanges } from '../exchange/open-exchanges.js'
import { identityOf } from '../identity.js'
import type { PipeDescription, PipeStage } from '../pipe/description.js'
import type { PluginHost } from '../plugin/run/host.js'
import type { KeptState } from '../plugin/run/kept-state.js'
import { compileClientIp, compileTrust } from '../router/client-ip.js'
import { compileUpgradeCheck, createDispatch, type RouteTarget } from '../router/dispatch.js'
import { compileMissAnswers } from '../router/own-responses.js'
import { compileRequestIds } from '../router/request-ids.js'
import { probeRoutes, reservedRoutes } from '../router/reserved.js'
import { type RouteSpec, routerSteps } from '../router/router.js'
import { refusalsTo, targetRefusal } from '../server/refusal-log.js'
import type { AccessLog } from '../telemetry/access-log.js'
import type { CreatedLogger } from '../telemetry/create-logger.js'
import { inTurns, LoopTurns, type Steps } from '../telemetry/in-turns.js'
import type { GatewayLogger, Logger } from '../telemetry/logger.js'
import type { GatewayOptions } from './gateway-options.js'
import { Generation, type GenerationLife } from './generation.js'

/** What a generation is assembled from. */
export interface Assembly {
  readonly loaded: LoadedConfig
  readonly config: ServiceConfig
  readonly options: GatewayOptions
  readonly env: NodeJS.ProcessEnv
  readonly host: PluginHost
  readonly logger: GatewayLogger
  readonly created: CreatedLogger
  readonly accessLog: AccessLog | undefined
  readonly life: GenerationLife
  readonly files: readonly string[]
  readonly kept: KeptState
  readonly totals: PoolTotals
  readonly admin: AdminSubjects
  /** Shows the generation on the status page once it serves. */
  readonly watched: GenerationStatus | undefined
}

/** Assembles a generation. What it opens is closed by `life.closers`, also when it fails. @throws ConfigError */
export async function assemble(assembly: Assembly): Promise<Generation> {
  const { config, options, loaded, host, logger, accessLog, life, env } = assembly
  const { accessLogFormat } = assembly.created
  const { router } = config
  const pools = new UpstreamPools(poolSettings(config, env, assembly.totals))
  life.closers.push(() => pools.close())
  host.observers.pools = () => pools.all()
  const identity = identityOf(router.identity, router.hideVersionHeader)
  const report = joinReports([reportTo(accessLog), host.observers.finished()])
  const exchanges = new OpenExchanges()
  const custom = adaptEncodings(options.encodings ?? {})
  const balancers = {
    cpus: cpuCount(env),
    dnsCacheTtlMs: config.transport.dnsCacheTtlMs,
    keep: <T extends object>(key: string, open: (logger: Logger) => T): T => {
      const { value, release } = assembly.kept.lease(key, open)
      life.closers.push(release)
      return value
    }
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
    lists: new ListsTable(identity.userAgent, router.requestId ? ['x-request-id'] : []),
    renderers: custom.renderers,
    isBare: endpoint => host.isBare(endpoint) && endpoint.backends.every(({ sd }) => sd !== 'dns'),
    prepare: endpoint => host.prepare(endpoint),
    layersOf: endpoint => host.endpoint(endpoint),
    backendLayersOf: (endpoint, backend) => host.backend(endpoint, backend),
    report,
    exchanges
  }
  if (!loaded.findings.stopped) await inTurns(registerOrigins(config, pools))
  const endpoints = await compileEndpoints(loaded, config, deps)
  host.told.end()
  const routes: RouteSpec<RouteTarget>[] = [...reservedRoutes(config, logger), ...endpoints]
  const checked = loaded.conclude()
  if (router.autoOptions) logger.debug('[SERVICE: Router] Enabling the auto options endpoints')
  const { outer, inner } = host.service
  const trusts = compileTrust(router.trustedProxies)
  if (config.admin === undefined && !router.disableHealth) routes.push(...probeRoutes(probesOf(assembly.admin.phase)))
  const table = await inTurns(routerSteps(routes, { ...router, disableRest: config.disableRest }))
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
    tracer: host.observers.tracer,
    report,
    exchanges,
    onRefused: onRefusal && ((req, error) => onRefusal(targetRefusal(req, error))),
    logger,
    errorStatus: router.errorStatus,
    maxBodyBytes: config.maxBodyBytes,
    maxRequestBytes: router.maxRequestBytes
  })
  const around = [...(outer?.stages ?? []), ...(inner?.stages ?? [])]
  const pipes = described(endpoints, around)
  const mayUpgrade = compileUpgradeCheck(
    table,
    outer !== undefined && endpoints.some(({ value }) => value.tunnelIdleMs !== undefined)
  )
  const admin = createAdmin(config.admin, assembly.admin, logger)
  if (admin !== undefined) addOpenApi(admin, checked)
  const facts = { config: checked, pipes, pools: () => pools.all(), sources: host.observers.sources }
  const onServe = (): void => {
    assembly.kept.logger.target = logger
    assembly.watched?.serve(facts)
  }
  return new Generation({
    onServe,
    config: checked,
    logger,
    dispatch,
    mayUpgrade,
    onRefusal,
    pipes,
    files: [...new Set([...assembly.files, ...host.files])],
    exchanges,
    pools,
    admin,
    life
  })
}

/** Returns what describes the pipes, with the stages around all of them; pipes that wait are built for it. */
function described(endpoints: readonly RouteSpec<Endpoint>[], around: readonly PipeStage[]): () => readonly PipeDescription[] {
  let pipes: readonly PipeDescription[] | undefined
  return () => {
    pipes ??= endpoints.map(({ value: { description } }) =>
      around.length === 0 ? description : { ...description, direct: false, stages: [...around, ...description.stages] }
    )
    return pipes
  }
}

/** Compiles the endpoints without faults to routes. */
async function compileEndpoints(
  { findings }: LoadedConfig,
  config: ServiceConfig,
  deps: EndpointDeps
): Promise<RouteSpec<Endpoint>[]> {
  const turns = new LoopTurns()
  const routes: RouteSpec<Endpoint>[] = []
  for (const endpoint of config.endpoints) {
    if (turns.isOver) await turns.next()
    const { method, path } = endpoint
    try {
      const compiled = compileEndpoint(endpoint, deps)
      routes.push({ method, path, value: compiled instanceof Promise ? await compiled : compiled })
    } catch (error) {
      if (error instanceof ConfigError) for (const problem of error.problems) findings.take(problem, false)
      else if (!findings.stopped) throw error
    }
  }
  return routes
}

/** Redirects may lead to any host that the configuration names, also of another endpoint. */
function* registerOrigins(config: ServiceConfig, pools: UpstreamPools): Steps<void> {
  for (const endpoint of config.endpoints) {
    for (const backend of endpoint.backends) {
      if (backend.sd === 'dns') continue
      const resolve = hostResolver(pools.ofClient(backend.httpClient))
      for (const host of backend.hosts) if (hostFault(host) === undefined) resolve(host)
    }
    yield
  }
}
