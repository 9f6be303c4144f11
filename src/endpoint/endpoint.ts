/**
 * The client-facing half of one endpoint: picks ONE pipe at boot, pass-through (bytes flow) or aggregate (fan out, join,
 * render), and turns every outcome into an answer.
 *
 * In: a client request whose route is known. Out: a response that is ready to be written; failures are responses too
 * (semantics §2.8). An endpoint without any stage of its own also has a direct form that skips message objects.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Balancer } from '../backend/balancer.js'
import {
  type BackendCall,
  type BackendWraps,
  compileBackendCall,
  compileFieldPick,
  compileHostResolver
} from '../backend/call.js'
import { compileReceive } from '../backend/decoded.js'
import { compileTargetTemplate } from '../backend/request-template.js'
import type { UpstreamPools } from '../client/pools.js'
import { createRedirectPolicy, type RedirectPolicy } from '../client/redirect.js'
import type { BackendConfig, EndpointConfig, ServiceConfig } from '../config/types.js'
import { decoderFor } from '../encoding/decoders.js'
import { compileFlatmap } from '../encoding/flatmap.js'
import { rendererFor } from '../encoding/renderers.js'
import type { Decoder, Renderer } from '../encoding/types.js'
import { GatewayError } from '../errors.js'
import { compileQueryFilter, compileQueryPick, type QueryFilter } from '../http/query.js'
import type { Identity } from '../identity.js'
import type { GatewayRequest } from '../message/request.js'
import type { GatewayResponse } from '../message/response.js'
import type { Wrap } from '../plugin/types.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import { compileAnswers, type EndpointAnswers } from './answers.js'
import { compileConcurrent, compileParallel, compileSequential, compileSingle, type ProxyPipe } from './fan-out.js'
import { withFlatmap } from './flatmap.js'
import { compileFieldFilter, type FieldFilter } from './forward-fields.js'
import { PassthroughExchange, type PassthroughPlan } from './passthrough.js'
import { raceScope } from './race.js'
import type { Report } from './report.js'
import { noRegularBackend, withShadow } from './shadow.js'
import { withStatic } from './static.js'

/** Stages of an endpoint, joined per place, outermost first (components document §1). */
export interface EndpointWraps {
  /** Auth and limits: they see the client's whole request and the finished answer. */
  readonly router: Wrap | undefined
  /** Handler plugins: the request after the endpoint's lists, the finished answer. */
  readonly handlers: Wrap | undefined
  /** Checks outside of shadow and static. */
  readonly proxy: Wrap | undefined
  /** Request and response modifiers, inside static, outside the merge. */
  readonly modifiers: Wrap | undefined
}

/** What endpoints are built from; one per gateway. */
export interface EndpointDeps {
  readonly config: ServiceConfig
  readonly pools: UpstreamPools
  readonly identity: Identity
  readonly logger: GatewayLogger
  /** Made once per backend; kept by the gateway to be closed. */
  readonly balancerFor: (backend: BackendConfig) => Balancer
  readonly decoders: ReadonlyMap<string, Decoder>
  readonly renderers: ReadonlyMap<string, Renderer>
  readonly wrapsOf: (endpoint: EndpointConfig) => Promise<EndpointWraps>
  readonly backendWrapsOf: (endpoint: EndpointConfig, backend: BackendConfig) => Promise<BackendWraps>
  readonly report: Report | undefined
}

/** Serves a request without message objects. `query` is raw, `host` the client's Host. */
export type DirectServe = (
  req: IncomingMessage,
  res: ServerResponse,
  params: Readonly<Record<string, string>>,
  query: string,
  clientAddress: string,
  host: string,
  requestId: string
) => void

export interface Endpoint {
  readonly config: EndpointConfig
  /** Undefined when a stage needs messages. */
  readonly direct: DirectServe | undefined
  /** ms a body may stand still; 0 = for ever. */
  readonly idleMs: number
  /** Answers always: failures are responses. `request` is the client's, before the endpoint's lists. */
  handle(request: GatewayRequest): Promise<GatewayResponse>
  /** True when the answer's bytes are the upstream's. */
  readonly passthrough: boolean
}

/** Compiles one endpoint; awaits its plugins. */
export async function compileEndpoint(config: EndpointConfig, deps: EndpointDeps): Promise<Endpoint> {
  const passthrough = config.outputEncoding === 'no-op'
  const answers = compileAnswers(config, deps.config.router, deps.identity, deps.logger)
  const filterFields = compileFieldFilter(
    config.inputHeaders,
    deps.identity.userAgent,
    deps.config.router.requestId ? ['x-request-id'] : []
  )
  const filterQuery = compileQueryFilter(config.inputQueryStrings)
  const { logger } = deps
  const tag = `[ENDPOINT: ${config.ginPath}]`
  logger.debug(`${tag} Building the proxy pipe`)
  const backends: CompiledBackend[] = []
  for (const backend of config.backends) {
    logger.debug(`[BACKEND: ${backend.goPattern}] Building the backend pipe`)
    const own = await deps.backendWrapsOf(config, backend)
    backends.push({ config: backend, call: compileBackend(config, backend, deps, own), wraps: own })
  }
  if (backends.length > 1) logMerge(tag, config, logger)
  const wraps = await deps.wrapsOf(config)
  if (config.proxy.static !== undefined) {
    const { data, strategy } = config.proxy.static
    logger.debug(`${tag}[Static] Adding a static response using '${strategy}' strategy. Data: ${JSON.stringify(data)}`)
  }
  logger.debug(`${tag} Building the http handler`)
  const proxy = config.broken === undefined ? compileProxy(config, backends, wraps) : brokenProxy(config.broken)
  const direct =
    passthrough && isDirect(config, wraps, backends) ? compileDirect(config, deps, answers, filterFields, filterQuery) : undefined
  const limit = config.maxBodyBytes
  const finish = passthrough
    ? answers.finishNoOp
    : answers.finishDecoded(
        rendererFor(
          config.outputEncoding,
          config.backends.length === 1 ? config.backends[0]!.encoding : undefined,
          deps.renderers
        )
      )
  const limitText = `timeout=${config.timeoutMs}ms`
  const coversBody = !passthrough || deps.config.router.noOpTimeout === 'whole'

  const served: ProxyPipe = request => proxy(request).then(response => finish(response, request))
  const handled = wraps.handlers === undefined ? served : wraps.handlers(served)
  const listed: ProxyPipe = request => handled(toEndpoint(request))
  const guarded = wraps.router === undefined ? listed : wraps.router(listed)
  const whole = hasStages(wraps, backends) ? raceScope(guarded) : guarded

  /** The client's request as the proxy sees it: after the endpoint's lists. */
  function toEndpoint(request: GatewayRequest): GatewayRequest {
    const raw = filterFields(request.raw, request.clientAddress, request.exchange.host)
    return request.derive(raw, filterQuery(request.query), limit)
  }

  function handle(request: GatewayRequest): Promise<GatewayResponse> {
    request.scope.expireIn(config.timeoutMs, limitText)
    return whole(request).then(
      response => {
        if (!coversBody) request.scope.unexpire()
        return response
      },
      error => answers.failed(error, request)
    )
  }

  return { config, direct, idleMs: coversBody ? 0 : config.timeoutMs, passthrough, handle }
}

function logMerge(tag: string, config: EndpointConfig, logger: GatewayLogger): void {
  const { sequential, flatmapFilter } = config.proxy
  logger.debug(
    `${tag}[Merge] Backends: ${config.backends.length}, merger: ${sequential ? 'sequential' : 'parallel'}, combiner: default`
  )
  if (flatmapFilter.length > 0) logger.debug(`${tag}[Flatmap] Adding flatmap manipulator with ${flatmapFilter.length} operations`)
}

interface CompiledBackend {
  readonly config: BackendConfig
  readonly call: BackendCall
  readonly wraps: BackendWraps
}

/** Redirects of backends lead to hosts that this configuration names, nowhere else; not at all with `no_redirect`. */
function redirectPolicy(backend: BackendConfig, pools: UpstreamPools): RedirectPolicy | undefined {
  if (backend.httpClient.noRedirect) return undefined
  return createRedirectPolicy(backend.httpClient.sendBodyOnRedirect, origin => pools.known(origin))
}

function hasStages(wraps: EndpointWraps, backends: readonly CompiledBackend[]): boolean {
  if (wraps.router !== undefined || wraps.handlers !== undefined || wraps.proxy !== undefined || wraps.modifiers !== undefined)
    return true
  return backends.some(backend => backend.wraps.decoded !== undefined || backend.wraps.transport !== undefined)
}

/** Nothing stands between the sockets: one plain no-op backend. */
function isDirect(config: EndpointConfig, wraps: EndpointWraps, backends: readonly CompiledBackend[]): boolean {
  const only = backends.length === 1 ? backends[0] : undefined
  if (only === undefined || config.broken !== undefined || hasStages(wraps, backends)) return false
  return (
    config.concurrentCalls === 1 &&
    config.proxy.static === undefined &&
    !only.config.proxy.shadow &&
    !only.config.httpClient.sendBodyOnRedirect
  )
}

function compileBackend(endpoint: EndpointConfig, backend: BackendConfig, deps: EndpointDeps, wraps: BackendWraps): BackendCall {
  const noOp = endpoint.outputEncoding === 'no-op'
  const single = endpoint.backends.length === 1
  const index = endpoint.backends.indexOf(backend)
  const receive = noOp
    ? undefined
    : compileReceive(backend, {
        decoder: decoderFor(backend.encoding, deps.decoders),
        limit: endpoint.maxBodyBytes,
        mayStream: single && streamsOut(endpoint, wraps),
        bareCollection: endpoint.outputEncoding === 'json-collection',
        keepText:
          endpoint.proxy.sequential &&
          endpoint.proxy.sequentialPropagatedParams.some(name => name.toLowerCase() === `resp${index}`)
      })
  const call = compileBackendCall(endpoint, backend, {
    pools: deps.pools,
    balancer: deps.balancerFor(backend),
    redirects: redirectPolicy(backend, deps.pools),
    userAgent: deps.identity.userAgent,
    acceptGzip: !noOp && !deps.config.transport.disableCompression,
    receive,
    wraps
  })
  return endpoint.concurrentCalls > 1 ? compileConcurrent(call, endpoint.concurrentCalls, endpoint.timeoutMs) : call
}

/** The answer may leave before the whole body was seen: JSON out of one JSON backend, and nobody looks at the data. */
function streamsOut(endpoint: EndpointConfig, wraps: BackendWraps): boolean {
  if (endpoint.outputEncoding !== 'json' && endpoint.outputEncoding !== 'json-collection') return false
  return wraps.decoded === undefined && endpoint.concurrentCalls === 1 && endpoint.proxy.static === undefined
}

/** Shadow split → static → modifiers → merge → backends, outermost first. */
function compileProxy(endpoint: EndpointConfig, backends: readonly CompiledBackend[], wraps: EndpointWraps): ProxyPipe {
  const regular = backends.filter(backend => !backend.config.proxy.shadow)
  const shadows = backends.filter(backend => backend.config.proxy.shadow)
  let proxy = regular.length === 0 ? noRegularBackend : compileGroup(endpoint, regular, wraps)
  if (shadows.length > 0) {
    const timeoutMs = Math.max(...shadows.map(backend => backend.config.proxy.shadowTimeoutMs))
    proxy = withShadow(
      proxy,
      compileGroup(endpoint, shadows, { ...wraps, modifiers: undefined }),
      timeoutMs,
      endpoint.maxBodyBytes
    )
  }
  return wraps.proxy === undefined ? proxy : wraps.proxy(proxy)
}

function compileGroup(endpoint: EndpointConfig, group: readonly CompiledBackend[], wraps: EndpointWraps): ProxyPipe {
  const limit = endpoint.maxBodyBytes
  const calls = group.map(backend => backend.call)
  let proxy: ProxyPipe
  if (group.length === 1) {
    proxy = compileSingle(calls[0]!, endpoint.concurrentCalls > 1 || group[0]!.config.httpClient.sendBodyOnRedirect, limit)
  } else {
    proxy = endpoint.proxy.sequential
      ? compileSequential(
          calls,
          group.map(backend => backend.config.urlPattern),
          endpoint.proxy.sequentialPropagatedParams,
          endpoint.timeoutMs,
          limit
        )
      : compileParallel(calls, endpoint.timeoutMs, limit)
    const flatmap = compileFlatmap(endpoint.proxy.flatmapFilter)
    if (flatmap !== undefined) proxy = withFlatmap(proxy, flatmap)
  }
  if (wraps.modifiers !== undefined) proxy = wraps.modifiers(proxy)
  const { static: added } = endpoint.proxy
  return added === undefined || endpoint.outputEncoding === 'no-op' ? proxy : withStatic(proxy, added.data, added.strategy)
}

/** An endpoint that KrakenD would start with and then fail on every request (`--tolerant`). */
function brokenProxy(text: string): ProxyPipe {
  return () => Promise.reject(new GatewayError('SLUICE_ERR_UPSTREAM_NO_HOST', { message: text }))
}

function compileDirect(
  config: EndpointConfig,
  deps: EndpointDeps,
  answers: EndpointAnswers,
  filterFields: FieldFilter,
  filterQuery: QueryFilter
): DirectServe {
  const backend = config.backends[0]!
  const pick = compileFieldPick(backend.inputHeaders, deps.identity.userAgent)
  const pickQuery = backend.inputQueryStrings.length === 0 ? undefined : compileQueryPick(backend.inputQueryStrings)
  const plan: PassthroughPlan = {
    route: config.path,
    method: backend.method,
    balancer: deps.balancerFor(backend),
    resolve: compileHostResolver(deps.pools),
    target: compileTargetTemplate(backend.urlPattern, backend.goPattern),
    filterFields: pick === undefined ? filterFields : (raw, client, host) => pick(filterFields(raw, client, host)),
    filterQuery: pickQuery === undefined ? filterQuery : query => pickQuery(filterQuery(query)),
    redirects: redirectPolicy(backend, deps.pools),
    ownFields: answers.noOpFields,
    timeoutMs: config.timeoutMs,
    timeoutCoversBody: deps.config.router.noOpTimeout === 'whole',
    maxRequestBytes: deps.config.router.maxRequestBytes,
    answerFailure: answers.writeFailure,
    logFailure: answers.logFailure,
    report: deps.report
  }
  return (req, res, params, query, clientAddress, host, requestId) =>
    new PassthroughExchange(plan, req, res, clientAddress, requestId).start(params, query, host)
}
