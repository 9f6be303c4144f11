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
import type { ErrorStatusMode, GatewayError } from '../errors.js'
import { decodePath, NO_PARAMS } from '../http/path.js'
import { parseTarget, type Target } from '../http/target.js'
import { GatewayRequest } from '../message/request.js'
import type { GatewayResponse } from '../message/response.js'
import type { UpgradeOffer } from '../message/upgrade.js'
import { settle } from '../pipe/lazy-promise.js'
import type { Wrap } from '../pipe/next.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import { betweenSenders, type Sender } from '../pipe/step.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import type { RouteMatch, RouteResult, Router } from './router.js'
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

export function createDispatch(options: DispatchOptions): Dispatch {
  const { router, clientIp, identify, started } = options
  const unstaged = options.outer === undefined && options.inner === undefined
  const found: Sender = (request, receiver) => {
    const match = request.exchange.match as RouteResult<RouteTarget>
    if (match.kind !== 'route') return receiver.receive(options.answerMiss(match, request))
    if (match.params !== NO_PARAMS) request.params = match.params
    request.exchange.endpoint = match.value as Endpoint
    ;(match.value as Endpoint).handle(request, receiver)
  }
  const inside = options.inner === undefined ? found : betweenSenders(options.inner)(found)
  const routed: Sender = (request, receiver) => {
    const match = router.lookup(request.method, request.path)
    request.exchange.match = match
    if (match.kind === 'route' && 'reserved' in match.value) answerReserved(match.value, request, receiver)
    else if (match.kind === 'redirect' || match.kind === 'bad-params') receiver.receive(options.answerMiss(match, request))
    else inside(request, receiver)
  }
  const chain = options.outer === undefined ? routed : betweenSenders(options.outer)(neverRejecting(routed))

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
    const match = unstaged ? router.lookup(req.method!, target.path) : undefined
    const hit = match?.kind === 'route' && !('reserved' in match.value) ? (match as RouteMatch<Endpoint>) : undefined
    if (hit?.value.direct !== undefined && offer === undefined) {
      hit.value.direct(req, res, hit.params, target.query, client, host, requestId)
      return
    }
    const served = new Served(req, res, remote, client, host, requestId, options)
    served.offer = offer
    served.secure = (req.socket as Partial<TLSSocket>).encrypted === true
    const request = requestOf(served, target, options.maxBodyBytes)
    if (hit !== undefined) {
      served.endpoint = hit.value
      if (hit.params !== NO_PARAMS) request.params = hit.params
      hit.value.serve(request, served)
      return
    }
    chain(request, served)
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

function answerReserved(handler: ReservedHandler, request: GatewayRequest, receiver: ResponseReceiver): void {
  let answer: GatewayResponse | Promise<GatewayResponse>
  try {
    answer = handler.answer(request)
  } catch (error) {
    return receiver.reject(error)
  }
  settle(answer, receiver)
}

/** At service scope `next` never rejects: a failure further in is already a response. */
function neverRejecting(send: Sender): Sender {
  return (request, receiver) => send(request, new Absorbing(request.exchange as Served, receiver))
}

class Absorbing implements ResponseReceiver {
  private readonly served: Served
  private readonly receiver: ResponseReceiver

  constructor(served: Served, receiver: ResponseReceiver) {
    this.served = served
    this.receiver = receiver
  }

  receive(response: GatewayResponse): void {
    this.receiver.receive(response)
  }

  reject(error: unknown): void {
    this.receiver.receive(this.served.answerTo(error))
  }
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

function requestOf(served: Served, target: Target, limit: number): GatewayRequest {
  const { req } = served
  const { path, query } = target
  const routePath = decodePath(path)
  return new GatewayRequest(
    served,
    served,
    req.method!,
    req.url!,
    path,
    query,
    routePath,
    undefined,
    undefined,
    undefined,
    served.source,
    limit
  )
}
