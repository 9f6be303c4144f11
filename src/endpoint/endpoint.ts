/**
 * The client-facing half of one endpoint: picks ONE pipe at boot, pass-through (bytes flow) or aggregate (fan out, join,
 * render), and turns every outcome into an answer.
 *
 * In: a client request whose route is known. Out: a response that is ready to be written; failures are responses too
 * (semantics §2.8). An endpoint without any stage of its own also has a direct form that skips message objects.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { compileFieldPick, compileHostResolver } from '../backend/call.js'
import { compileTargetTemplate } from '../backend/request-template.js'
import type { EndpointConfig } from '../config/types.js'
import { rendererFor } from '../encoding/renderers.js'
import { meteredReport } from '../exchange/report.js'
import { compileQueryFilter, compileQueryPick, type QueryFilter } from '../http/query.js'
import { addHandshake } from '../http/upgrade.js'
import type { AnswerTarget } from '../message/context.js'
import type { GatewayRequest } from '../message/request.js'
import { MeteredStep } from '../pipe/measure.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import { type Step, WorkStep } from '../pipe/step.js'
import { compileAnswers, type EndpointAnswers } from './answers.js'
import { brokenProxy, type CompiledBackend, compileBackend, compileProxy, logMerge, redirectPolicy } from './compile-proxy.js'
import type { EndpointDeps, EndpointWraps } from './deps.js'
import { type EndpointPlan, EndpointRun } from './endpoint-run.js'
import { compileFieldFilter, type FieldFilter } from './forward-fields.js'
import { PassthroughExchange, type PassthroughPlan } from './passthrough.js'

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
  /** ms that a tunnel may be silent; undefined where `Upgrade` is passed over. */
  readonly tunnelIdleMs: number | undefined
  /** Answers always: failures are responses. `request` is the client's, before the endpoint's lists. */
  handle(request: GatewayRequest, receiver: ResponseReceiver): void
  /** As {@link handle}, for a request object that nobody else has or will have. */
  serve(request: GatewayRequest, receiver: ResponseReceiver): void
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
  if (config.extra['auth/signer'] === undefined) logger.debug(`${tag}[JWTSigner] Signer disabled`)
  if (config.extra['auth/validator'] === undefined) logger.info(`${tag}[JWTValidator] Validator disabled for this endpoint`)
  const piped = config.broken === undefined ? compileProxy(config, backends, wraps) : brokenProxy(config.broken)
  const { meter } = wraps
  const proxy = meter === undefined ? piped : new MeteredStep(piped, meter)
  const direct =
    passthrough && isDirect(config, wraps, backends)
      ? compileDirect(config, deps, answers, filterFields, filterQuery, wraps, backends[0]!)
      : undefined
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
  const tunnelIdleMs = mayTunnel(config)
    ? deps.config.router.tunnelIdleTimeoutMs || Math.max(config.timeoutMs, LEAST_TUNNEL_IDLE_MS)
    : undefined
  const coversBody = !passthrough || deps.config.router.noOpTimeout === 'whole'

  const finished = new WorkStep(proxy, finish)
  const handled = wraps.handlers === undefined ? finished : wraps.handlers(finished)
  const listed = new ListsStep(handled, toEndpoint)
  const plan: EndpointPlan = {
    step: wraps.router === undefined ? listed : wraps.router(listed),
    failed: answers.failed,
    coversBody,
    races: hasStages(wraps, backends)
  }
  const target: AnswerTarget = {
    route: config.path,
    tag,
    idleMs: coversBody ? 0 : config.timeoutMs,
    tunnelIdleMs: tunnelIdleMs ?? 0
  }
  const narrows = wraps.router === undefined
  const unseen = isUnseen(config, wraps, backends)

  /** The client's request as the proxy sees it: after the endpoint's lists. */
  function toEndpoint(request: GatewayRequest): GatewayRequest {
    const { exchange } = request
    const raw = filterFields(request.unfiltered, exchange.clientAddress, exchange.host)
    if (exchange.offer !== undefined) addHandshake(raw, request.raw)
    const query = filterQuery(request.query)
    if (!request.sole) return request.derive(raw, query, limit)
    request.sole = unseen
    return request.narrow(raw, query, limit)
  }

  function serve(request: GatewayRequest, receiver: ResponseReceiver): void {
    request.sole = narrows
    handle(request, receiver)
  }

  function handle(request: GatewayRequest, receiver: ResponseReceiver): void {
    request.exchange.target = target
    request.scope.expireIn(config.timeoutMs, limitText)
    if (tunnelIdleMs === undefined) request.exchange.offer = undefined
    new EndpointRun(plan, request, receiver).start()
  }

  return { config, direct, tunnelIdleMs, passthrough, handle, serve }
}

/** Sends on the request that the endpoint's lists (`input_headers`, `input_query_strings`) let through. */
class ListsStep implements Step {
  private readonly inner: Step
  private readonly toEndpoint: (request: GatewayRequest) => GatewayRequest

  constructor(inner: Step, toEndpoint: (request: GatewayRequest) => GatewayRequest) {
    this.inner = inner
    this.toEndpoint = toEndpoint
  }

  send(request: GatewayRequest, receiver: ResponseReceiver): void {
    this.inner.send(this.toEndpoint(request), receiver)
  }
}

/** Default idle limit of a tunnel is the endpoint's timeout, but no less than this: WebSocket libraries ping every 20 to 30 s. */
const LEAST_TUNNEL_IDLE_MS = 60_000

/** One backend that is asked once, with GET, and nobody reads its answer. */
function mayTunnel(config: EndpointConfig): boolean {
  if (config.outputEncoding !== 'no-op' || config.method !== 'GET' || config.broken !== undefined) return false
  const regular = config.backends.filter(backend => !backend.proxy.shadow)
  return config.concurrentCalls === 1 && regular.length === 1 && regular[0]!.method === 'GET'
}

function hasStages(wraps: EndpointWraps, backends: readonly CompiledBackend[]): boolean {
  if (wraps.router !== undefined || wraps.handlers !== undefined || wraps.proxy !== undefined || wraps.modifiers !== undefined)
    return true
  return backends.some(backend => backend.wraps.decoded !== undefined || backend.wraps.transport !== undefined)
}

/** Nobody sees the endpoint's request but the one call that is made of it. */
function isUnseen(config: EndpointConfig, wraps: EndpointWraps, backends: readonly CompiledBackend[]): boolean {
  if (wraps.handlers !== undefined || wraps.proxy !== undefined || wraps.modifiers !== undefined) return false
  return backends.length === 1 && !backends[0]!.config.proxy.shadow && config.concurrentCalls === 1
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

function compileDirect(
  config: EndpointConfig,
  deps: EndpointDeps,
  answers: EndpointAnswers,
  filterFields: FieldFilter,
  filterQuery: QueryFilter,
  wraps: EndpointWraps,
  only: CompiledBackend
): DirectServe {
  const backend = only.config
  const pools = deps.pools.withTls(backend.httpClient.tls)
  const pick = compileFieldPick(backend.inputHeaders, deps.identity.userAgent)
  const pickQuery = backend.inputQueryStrings.length === 0 ? undefined : compileQueryPick(backend.inputQueryStrings)
  const plan: PassthroughPlan = {
    route: config.path,
    method: backend.method,
    balancer: deps.balancerFor(backend),
    resolve: compileHostResolver(pools),
    target: compileTargetTemplate(backend.urlPattern, backend.goPattern),
    filterFields: pick === undefined ? filterFields : (raw, client, host) => pick(filterFields(raw, client, host)),
    filterQuery: pickQuery === undefined ? filterQuery : query => pickQuery(filterQuery(query)),
    redirects: redirectPolicy(backend, pools),
    ownFields: answers.noOpFields,
    timeoutMs: config.timeoutMs,
    timeoutCoversBody: deps.config.router.noOpTimeout === 'whole',
    maxRequestBytes: deps.config.router.maxRequestBytes,
    answerFailure: answers.writeFailure,
    logFailure: answers.logFailure,
    report: meteredReport(deps.report, [wraps.meter, only.wraps.meter]),
    watch: only.wraps.watch
  }
  return (req, res, params, query, clientAddress, host, requestId) =>
    new PassthroughExchange(plan, req, res, clientAddress, requestId).start(params, query, host)
}
