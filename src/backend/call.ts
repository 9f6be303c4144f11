/**
 * One backend as a callable: builds the request, chooses a host, sends it, answers whatever came.
 *
 * In: the endpoint's request, its parameters, a scope. Out: the upstream's response, any status; a GatewayError when there
 * is none. Plugins of the backend (`plugin/http-client`, components) wrap the transport.
 */

import type { OriginPool } from '../client/pool.js'
import type { UpstreamPools } from '../client/pools.js'
import type { RedirectPolicy } from '../client/redirect.js'
import { type CallPlan, callUpstream } from '../client/response-call.js'
import type { BackendConfig, EndpointConfig } from '../config/types.js'
import { GatewayError } from '../errors.js'
import { fieldOf, lowerName, type RawFields } from '../http/fields.js'
import { NO_PARAMS } from '../http/path.js'
import { compileQueryPick } from '../http/query.js'
import { addHandshake } from '../http/upgrade.js'
import { BufferSource, type ByteSource } from '../message/byte-flow.js'
import { GatewayRequest } from '../message/request.js'
import type { Scope } from '../message/scope.js'
import { MeteredReceiver } from '../pipe/measure.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import { type Step, StepReceiver, type StepWrap, type Work, WorkStep } from '../pipe/step.js'
import type { CallWatch } from '../telemetry/call-trace.js'
import type { PipeMeter } from '../telemetry/observer.js'
import type { Balancer } from './balancer.js'
import type { Receiver } from './decoded.js'
import { PartCall } from './part-call.js'
import { compileTargetTemplate } from './request-template.js'

/** A request body for one backend: bytes that may be sent again, a source that flows once, or none. */
export type CallBody = Buffer | ByteSource | undefined

/** Sends one request to a backend; `receiver` is called as {@link Step} says. */
export type BackendCall = (
  request: GatewayRequest,
  params: Readonly<Record<string, string>> | undefined,
  body: CallBody,
  scope: Scope,
  receiver: ResponseReceiver
) => void

/** Stages of one backend, each already joined to one wrap. */
export interface BackendWraps {
  /** Outside of decoding: modifiers, breaker, limits, checks. They see data on decoded endpoints. */
  readonly decoded: StepWrap | undefined
  /** Around the transport: client plugins, caches, credentials. They see the upstream's bytes. */
  readonly transport: StepWrap | undefined
  /** Measures the whole, and its calls; undefined where nobody watches. */
  readonly meter?: PipeMeter | undefined
  readonly watch?: CallWatch | undefined
}

/** What a backend is built from. */
export interface BackendDeps {
  readonly pools: UpstreamPools
  readonly balancer: Balancer
  readonly redirects: RedirectPolicy | undefined
  readonly userAgent: string
  /** The gateway asks for gzip by itself (decoded endpoints, unless `disable_compression`). */
  readonly acceptGzip: boolean
  /** ms that an answer's body may stand still; 0 where the endpoint's timeout covers it. */
  readonly idleMs: number
  /** Judges, decodes and shapes; undefined under no-op. */
  readonly receiver: Receiver | undefined
  readonly wraps: BackendWraps
}

export function compileBackendCall(endpoint: EndpointConfig, backend: BackendConfig, deps: BackendDeps): BackendCall {
  if (backend.broken !== undefined) return failingCall(backend.broken)
  const { balancer, pools, redirects } = deps
  const target = compileTargetTemplate(backend.urlPattern, backend.goPattern)
  const pickQuery = backend.inputQueryStrings.length === 0 ? undefined : compileQueryPick(backend.inputQueryStrings)
  const pickFields = compileFieldPick(backend.inputHeaders, deps.userAgent)
  const resolve = compileHostResolver(pools)
  const { method } = backend
  const limit = endpoint.maxBodyBytes
  const gzip = deps.acceptGzip
  const decode = deps.receiver?.receive
  const receive: Work | undefined = decode === undefined ? undefined : (response, { scope }) => decode(response, scope)
  const whole = deps.receiver?.whole
  const { watch, meter } = deps.wraps
  // one no-op call is the client's own; an answer that is merged, or that several calls race for, has no single interim answer
  const informs = deps.receiver === undefined && endpoint.concurrentCalls === 1
  const plan: CallPlan = { redirects, watch, idleMs: deps.idleMs, limit, informs }
  const upgradePlan: CallPlan = { ...plan, redirects: undefined, idleMs: 0 }
  const hasStages = deps.wraps.decoded !== undefined || deps.wraps.transport !== undefined
  const wrapped = compileChain({ send: transport }, receive, deps.wraps)

  function transport(request: GatewayRequest, receiver: ResponseReceiver): void {
    let body: CallBody
    let pool: OriginPool
    try {
      body = request.openedBody === undefined ? request.bodySource : sendableBody(request)
      pool = pools.get(request.origin ?? '')
    } catch (cause) {
      return receiver.reject(requestFailure(cause))
    }
    request.exchange.upstream = pool.origin
    const path = request.query === '' ? request.path : `${request.path}?${request.query}`
    const headers = request.lendRaw()
    const { method: verb, scope } = request
    if (request.exchange.offer !== undefined) return upgrade(request, pool, verb, path, headers, scope, receiver)
    callUpstream(plan, pool, verb, path, headers, body, scope, receiver)
  }

  /** Hands the client's offer on; a connection that no tunnel is made of ends with the exchange. */
  function upgrade(
    request: GatewayRequest,
    pool: OriginPool,
    verb: string,
    path: string,
    headers: RawFields,
    scope: Scope,
    receiver: ResponseReceiver
  ): void {
    const { exchange } = request
    const tunnelling: ResponseReceiver = {
      receive(response) {
        const { tunnel } = response
        if (tunnel !== undefined) exchange.atEnd(() => tunnel.socket.destroy())
        receiver.receive(response)
      },
      reject: error => receiver.reject(error)
    }
    callUpstream(upgradePlan, pool, verb, path, headers, undefined, scope, tunnelling, exchange.offer!.protocol)
  }

  const call: BackendCall = (request, params, body, scope, receiver) => {
    let prefix: HostPrefix
    let path: string
    let raw: RawFields
    const upgrades = request.exchange.offer !== undefined
    try {
      const host = balancer.next()
      if (host === undefined) throw new GatewayError('SLUICE_ERR_UPSTREAM_NO_HOST')
      const query = pickQuery === undefined ? request.query : pickQuery(request.query)
      prefix = resolve(host)
      path = prefix.base + target(params ?? NO_PARAMS, query)
      if (pickFields !== undefined) {
        raw = pickFields(request.raw)
        if (upgrades) addHandshake(raw, request.raw)
      } else if (hasStages) raw = request.sole ? request.raw : request.raw.slice()
      else raw = request.lendRaw()
      if (gzip && fieldOf(raw, 'accept-encoding') === undefined) raw = [...raw, 'Accept-Encoding', 'gzip']
    } catch (cause) {
      return receiver.reject(requestFailure(cause))
    }
    const { pool } = prefix
    if (hasStages) {
      // a body that was read for several calls is no longer the request's own
      const own = request.sole && scope === request.scope && body === request.bodySource
      const asked = own ? request : backendRequest(request, params, body, limit, scope)
      return wrapped.send(asked.retarget(method, path, pool.origin, raw), receiver)
    }
    request.exchange.upstream = pool.origin
    if (upgrades) return upgrade(request, pool, method, path, raw, scope, receiver)
    if (whole !== undefined && (body === undefined || Buffer.isBuffer(body)))
      return new PartCall(plan, scope, whole, receiver).start(pool, method, path, raw, body?.length === 0 ? undefined : body)
    const decoding = receive === undefined ? receiver : new StepReceiver(receive, request, receiver)
    callUpstream(plan, pool, method, path, raw, body, scope, decoding)
  }
  if (meter === undefined) return call
  return (request, params, body, scope, receiver) => call(request, params, body, scope, new MeteredReceiver(meter, receiver))
}

/** A backend whose transport is not there: every call fails before it is made. */
function failingCall(text: string): BackendCall {
  return (_request, _params, _body, _scope, receiver) =>
    receiver.reject(new GatewayError('SLUICE_ERR_UPSTREAM_REQUEST', { message: text }))
}

/** Transport, what wraps it, decoding, what wraps that. */
function compileChain(transport: Step, receive: Work | undefined, wraps: BackendWraps): Step {
  const sent = wraps.transport === undefined ? transport : wraps.transport(transport)
  const received = receive === undefined ? sent : new WorkStep(sent, receive)
  return wraps.decoded === undefined ? received : wraps.decoded(received)
}

function sendableBody(request: GatewayRequest): CallBody {
  const { body } = request
  return body.bytesInMemory() ?? body.take()
}

function requestFailure(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause
  return new GatewayError('SLUICE_ERR_UPSTREAM_REQUEST', {
    message: cause instanceof Error ? cause.message : String(cause),
    cause
  })
}

/** A request object for one backend, to be given its target. */
function backendRequest(
  { exchange }: GatewayRequest,
  params: Readonly<Record<string, string>> | undefined,
  body: CallBody,
  limit: number,
  scope: Scope
): GatewayRequest {
  const source = body === undefined ? undefined : 'flow' in body ? body : new BufferSource(body)
  const known = params as Record<string, string> | undefined
  return new GatewayRequest(exchange, scope, '', '', '', '', '', undefined, undefined, known, source, limit)
}

/** A host of the configuration, taken apart. */
export interface HostPrefix {
  readonly pool: OriginPool
  /** Path that the host carries (`disable_host_sanitize`), '' mostly. */
  readonly base: string
}

/**
 * Answers a function that splits `http://h:1/base` once per host and remembers it.
 * It throws TypeError for a host that is no URL, as KrakenD fails each such request.
 */
export function compileHostResolver(pools: UpstreamPools): (host: string) => HostPrefix {
  const known = new Map<string, HostPrefix>()
  return host => {
    const found = known.get(host)
    if (found !== undefined) return found
    const url = new URL(host)
    const prefix = { pool: pools.get(url.origin), base: url.pathname === '/' ? '' : url.pathname.replace(/\/$/, '') }
    known.set(host, prefix)
    return prefix
  }
}

/**
 * Backend `input_headers`: a second, narrower list; `*` is a name like any other. The gateway's User-Agent stands in for a
 * dropped one. Undefined for an empty list.
 */
export function compileFieldPick(
  names: readonly string[],
  userAgent: string
): ((raw: readonly string[]) => RawFields) | undefined {
  if (names.length === 0) return undefined
  const wanted = new Set(names.map(name => name.toLowerCase()))
  return raw => {
    const out: RawFields = []
    let agent = false
    for (let i = 0; i < raw.length; i += 2) {
      const lower = lowerName(raw[i]!)
      if (!wanted.has(lower) && lower !== 'traceparent' && lower !== 'tracestate') continue
      if (lower === 'user-agent') agent = true
      out.push(raw[i]!, raw[i + 1]!)
    }
    if (!agent) out.push('User-Agent', userAgent)
    return out
  }
}
