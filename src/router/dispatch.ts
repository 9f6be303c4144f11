/**
 * From a request line to an answer: target, client address, service stages, route, endpoint; then the answer goes out.
 *
 * In: what the listener read. Out: exactly one answer per request, or a cut connection. Requests whose endpoint has a direct
 * form and that no service stage wants skip message objects altogether.
 */

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Endpoint } from '../endpoint/endpoint.js'
import type { Report } from '../endpoint/report.js'
import { writeHead } from '../endpoint/write-head.js'
import { type ErrorStatusMode, GatewayError, statusOf } from '../errors.js'
import { endToEndFields, hasBody } from '../http/fields.js'
import { decodePath } from '../http/path.js'
import { parseTarget, type Target } from '../http/target.js'
import { Exchange } from '../message/context.js'
import { IncomingSource } from '../message/incoming-source.js'
import { GatewayRequest } from '../message/request.js'
import { GatewayResponse } from '../message/response.js'
import { Scope } from '../message/scope.js'
import type { UpgradeOffer } from '../message/upgrade.js'
import type { Next, Wrap } from '../plugin/types.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import { deadlines } from '../telemetry/timer-wheel.js'
import type { RouteResult, Router } from './router.js'
import { Served } from './served.js'

/** What a route leads to: an endpoint of the configuration, or a handler of the gateway's own (health, debug, echo). */
export type RouteTarget = Endpoint | ReservedHandler

/** Answers a built-in path; stands outside of inner service stages. */
export interface ReservedHandler {
  readonly reserved: true
  answer(request: GatewayRequest): GatewayResponse | Promise<GatewayResponse>
}

export interface DispatchOptions {
  readonly router: Router<RouteTarget>
  readonly clientIp: (remoteAddress: string, raw: readonly string[]) => string
  /** Answers for lookups that found no route. */
  readonly answerMiss: (result: Exclude<RouteResult<RouteTarget>, { kind: 'route' }>, request: GatewayRequest) => GatewayResponse
  /** Around everything (CORS, server plugins). */
  readonly outer: Wrap | undefined
  /** Around routes, 404 and 405 (security, bots), not around reserved paths, redirects and refused parameters. */
  readonly inner: Wrap | undefined
  /** Makes the request carry an id before anything reads it; undefined = no ids. */
  readonly identify: ((req: IncomingMessage) => string) | undefined
  /** Told of each exchange that begins; each has its report. */
  readonly started?: (() => void) | undefined
  readonly report: Report | undefined
  /** Told of requests whose target cannot be read; they have no exchange. */
  readonly onRefused?: ((req: IncomingMessage, error: GatewayError) => void) | undefined
  readonly logger: GatewayLogger
  readonly errorStatus: ErrorStatusMode
  readonly maxBodyBytes: number
  readonly maxRequestBytes: number
}

/** Serves one exchange; with an `offer` it may end in a tunnel. */
export type Dispatch = (req: IncomingMessage, res: ServerResponse, offer?: UpgradeOffer) => void

const NO_PARAMS: Record<string, string> = Object.freeze(Object.create(null))

export function createDispatch(options: DispatchOptions): Dispatch {
  const { router, clientIp, identify, started } = options
  const direct = options.outer === undefined && options.inner === undefined
  const routed: Next = request => {
    const match = router.lookup(request.method, request.path)
    request.exchange.match = match
    if (match.kind === 'route' && 'reserved' in match.value) return settle(match.value, request)
    if (match.kind === 'redirect' || match.kind === 'bad-params') return Promise.resolve(options.answerMiss(match, request))
    return inside(request)
  }
  const found: Next = request => {
    const match = request.exchange.match as RouteResult<RouteTarget>
    if (match.kind !== 'route') return Promise.resolve(options.answerMiss(match, request))
    request.params = match.params
    request.exchange.endpoint = match.value as Endpoint
    return (match.value as Endpoint).handle(request)
  }
  const inside = options.inner === undefined ? found : options.inner(found)
  const chain = options.outer === undefined ? routed : options.outer(neverRejects(routed, options))

  return (req, res, offer) => {
    let target: Target
    try {
      target = parseTarget(req.url ?? '')
    } catch (error) {
      refuse(res, error as GatewayError)
      options.onRefused?.(req, error as GatewayError)
      return
    }
    started?.()
    const requestId = identify === undefined ? '' : identify(req)
    const raw = req.rawHeaders
    const remote = req.socket.remoteAddress ?? LOCAL
    const client = clientIp(remote, raw)
    const host = target.authority ?? req.headers.host ?? (req.headers[':authority'] as string | undefined) ?? ''
    if (direct && offer === undefined) {
      const match = router.lookup(req.method!, target.path)
      if (match.kind === 'route' && !('reserved' in match.value) && match.value.direct !== undefined) {
        match.value.direct(req, res, match.params, target.query, client, host, requestId)
        return
      }
    }
    serve(req, res, target, remote, client, host, requestId, chain, options, offer)
  }
}

/**
 * Compiles which requests may end in a tunnel: those whose path leads to a no-op endpoint that asks its backend with GET.
 * With `reroutes` a stage may still send any request there.
 */
export function compileUpgradeCheck(router: Router<RouteTarget>, reroutes: boolean): (req: IncomingMessage) => boolean {
  return req => {
    try {
      const match = router.lookup('GET', parseTarget(req.url ?? '').path)
      if (match.kind !== 'route' || 'reserved' in match.value) return reroutes
      return match.value.tunnelIdleMs !== undefined || reroutes
    } catch {
      return false // the exchange says what is wrong
    }
  }
}

/** Peers of in-process requests have no address of their own. */
const LOCAL = '127.0.0.1'

function settle(handler: ReservedHandler, request: GatewayRequest): Promise<GatewayResponse> {
  try {
    return Promise.resolve(handler.answer(request))
  } catch (error) {
    return Promise.reject(error)
  }
}

/** At service scope `next` never rejects: a failure further in is already a response. */
function neverRejects(next: Next, options: DispatchOptions): Next {
  return request => next(request).catch(error => failureOf(error, request, options))
}

function failureOf(cause: unknown, request: GatewayRequest, options: DispatchOptions): GatewayResponse {
  const error = cause instanceof GatewayError ? cause : new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { cause })
  request.exchange.note(error)
  if (error.code !== 'SLUICE_ERR_CLIENT_ABORTED') {
    options.logger.error('[SERVICE: Router]', error.cause instanceof Error ? (error.cause.stack ?? error.message) : error.message)
  }
  return GatewayResponse.over(statusOf(error, options.errorStatus), fieldsOf(error), EMPTY, 0)
}

const EMPTY = Buffer.alloc(0)

function fieldsOf(error: GatewayError): string[] {
  return (error.headers ?? []).flat()
}

/** A target that cannot be read gets its status and the connection ends: what follows cannot be trusted either. */
function refuse(res: ServerResponse, error: GatewayError): void {
  const body = Buffer.from(`${error.statusCode} ${STATUS_CODES[error.statusCode]}`)
  writeHead(res, error.statusCode, [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
    'Connection',
    'close'
  ])
  res.end(body)
}

function serve(
  req: IncomingMessage,
  res: ServerResponse,
  target: Target,
  remote: string,
  client: string,
  host: string,
  requestId: string,
  chain: Next,
  options: DispatchOptions,
  offer: UpgradeOffer | undefined
): void {
  const served = new Served(
    req,
    res,
    new Exchange(new Scope(deadlines), remote, client, host, req.rawHeaders),
    requestId,
    options
  )
  const source = hasBody(req.rawHeaders) ? new IncomingSource(req, options.maxRequestBytes) : undefined
  served.source = source
  served.offer = offer
  served.exchange.offer = offer
  served.exchange.secure = (req.socket as Partial<TLSSocket>).encrypted === true
  const request = new GatewayRequest({
    exchange: served.exchange,
    method: req.method!,
    target: req.url!,
    path: target.path,
    query: target.query,
    routePath: decodePath(target.path),
    raw: endToEndFields(req.rawHeaders),
    params: NO_PARAMS,
    source,
    limit: options.maxBodyBytes
  })
  res.on('close', () => served.clientClosed())
  chain(request).then(
    response => served.write(response),
    error => served.write(failureOf(error, request, options))
  )
}
