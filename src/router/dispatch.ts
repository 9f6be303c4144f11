/**
 * From a request line to a response: target, client address, service stages, route, endpoint. The exchange writes the response.
 *
 * In: what the listener read. Out: exactly one response per request, or a cut connection. No message objects are made where an
 * endpoint has a direct form and no service stage stands in front.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from '../endpoint/waiting-endpoint.js'
import type { ErrorStatusMode, GatewayError } from '../errors.js'
import type { Report } from '../exchange/exchange-report.js'
import { answerToFailure, type FailureOptions, refuseTarget } from '../exchange/failure-answer.js'
import { MessageExchange } from '../exchange/message-exchange.js'
import type { OpenExchanges } from '../exchange/open-exchanges.js'
import { peerOf } from '../exchange/peer.js'
import { fieldOf } from '../http/fields.js'
import { decodePath, NO_PARAMS } from '../http/path.js'
import { parseTarget, type Target } from '../http/target.js'
import type { Exchange } from '../message/context.js'
import type { UpgradeOffer } from '../message/protocol-change.js'
import { RequestMessage } from '../message/request.js'
import type { ResponseMessage } from '../message/response.js'
import { handOn } from '../pipe/lazy-promise.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { Step, StepWrap } from '../pipe/step.js'
import type { GatewayLogger } from '../telemetry/logger.js'
import type { Tracer } from '../telemetry/observer.js'
import type { RouteResult, Router } from './router.js'

/** What a route leads to: an endpoint of the configuration, or a handler of the gateway's own (health, debug, echo). */
export type RouteTarget = Endpoint | ReservedHandler

/** Makes the response to a built-in path; stands outside of inner service stages. */
export interface ReservedHandler {
  readonly reserved: true
  answer(request: RequestMessage): ResponseMessage | Promise<ResponseMessage>
}

export interface DispatchOptions {
  readonly router: Router<RouteTarget>
  readonly clientIp: (remoteAddress: string, raw: readonly string[]) => string
  /** Makes the responses to lookups that found no route. */
  readonly answerMiss: (result: Exclude<RouteResult<RouteTarget>, { kind: 'route' }>, request: RequestMessage) => ResponseMessage
  /** Around everything (CORS, server plugins). */
  readonly outer: StepWrap | undefined
  /** Around routes, 404 and 405 (security, bots), not around reserved paths, redirects and refused parameters. */
  readonly inner: StepWrap | undefined
  /** Makes the request carry an id before anything reads it; undefined = no ids. */
  readonly identify: ((req: IncomingMessage) => string) | undefined
  /** Decides which exchanges are recorded. */
  readonly tracer?: Pick<Tracer, 'begin'> | undefined
  /** Called for each exchange that begins; each has its report. */
  readonly started?: (() => void) | undefined
  readonly report: Report | undefined
  readonly exchanges: OpenExchanges
  /** Called for requests whose target cannot be read; they have no exchange. */
  readonly onRefused?: ((req: IncomingMessage, error: GatewayError) => void) | undefined
  readonly logger: GatewayLogger
  readonly errorStatus: ErrorStatusMode
  readonly maxBodyBytes: number
  readonly maxRequestBytes: number
}

/** Serves one exchange; with an `offer` it may end in a tunnel. */
export type Dispatch = (req: IncomingMessage, res: ServerResponse, offer?: UpgradeOffer) => void

export function createDispatch(options: DispatchOptions): Dispatch {
  const { router, clientIp, identify, started, tracer } = options
  const unstaged = options.outer === undefined && options.inner === undefined
  const proceed = (match: RouteResult<RouteTarget>, request: RequestMessage, receiver: ResponseReceiver): void => {
    if (match.kind !== 'route') return receiver.receive(options.answerMiss(match, request))
    if ('reserved' in match.value) return answerReserved(match.value, request, receiver)
    if (match.params !== NO_PARAMS) request.params = match.params
    match.value.entry.handle(request, receiver)
  }
  const guarded = options.inner === undefined ? undefined : betweenStages(options.inner, proceed)
  const routed: Step = {
    send(request, receiver) {
      const match = router.lookup(request.method, request.path)
      if (guarded === undefined || isUnguarded(match)) return proceed(match, request, receiver)
      // stages of the service see and edit the parameters of the route
      if (match.kind === 'route' && match.params !== NO_PARAMS) request.params = match.params
      guarded(match, request, receiver)
    }
  }
  const chain = options.outer === undefined ? routed : options.outer(neverRejecting(routed, options))

  return (req, res, offer) => {
    let target: Target
    try {
      target = parseTarget(req.url ?? '')
    } catch (error) {
      refuseTarget(res, error as GatewayError)
      options.onRefused?.(req, error as GatewayError)
      return
    }
    started?.()
    const requestId = identify === undefined ? '' : identify(req)
    const client = clientIp(peerOf(req), req.rawHeaders)
    const span = tracer?.begin(req, client)
    const host = target.authority ?? hostOf(req)
    const match = unstaged ? router.lookup(req.method!, target.path) : undefined
    const endpoint = match?.kind === 'route' && !('reserved' in match.value) ? match.value : undefined
    if (match?.kind === 'route' && endpoint?.direct !== undefined && offer === undefined) {
      const direct = endpoint.direct(req, res, client, requestId)
      direct.span = span === undefined || endpoint.admits?.(span) === false ? undefined : span
      direct.start(match.params, target.query, host)
      return
    }
    const exchange = new MessageExchange(req, res, client, host, options)
    exchange.requestId = requestId
    exchange.span = span
    exchange.offer = offer
    const request = requestOf(exchange, target, options.maxBodyBytes)
    if (match?.kind === 'route' && endpoint !== undefined) {
      if (match.params !== NO_PARAMS) request.params = match.params
      endpoint.entry.serve(request, exchange)
      return
    }
    chain.send(request, exchange)
  }
}

/** Returns the `Host` of a request, '' without one. Newer versions of Node.js make `headers` when it is asked for: 1 µs that is spared. */
function hostOf(req: IncomingMessage): string {
  if (req.httpVersionMajor === 1) return fieldOf(req.rawHeaders, 'host') ?? ''
  return req.headers.host ?? (req.headers[':authority'] as string | undefined) ?? ''
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
      return false // the exchange refuses the target
    }
  }
}

function answerReserved(handler: ReservedHandler, request: RequestMessage, receiver: ResponseReceiver): void {
  let answer: ResponseMessage | Promise<ResponseMessage>
  try {
    answer = handler.answer(request)
  } catch (error) {
    return receiver.reject(error)
  }
  handOn(answer, receiver)
}

/** Serves a request whose match is known. */
type Proceed = (match: RouteResult<RouteTarget>, request: RequestMessage, receiver: ResponseReceiver) => void

/** Stands outside of inner stages. */
function isUnguarded(match: RouteResult<RouteTarget>): boolean {
  if (match.kind === 'route') return 'reserved' in match.value
  return match.kind === 'redirect' || match.kind === 'bad-params'
}

/** Puts stages, which know requests alone, in front of `proceed`. */
function betweenStages(stages: StepWrap, proceed: Proceed): Proceed {
  const staged = stages({
    send: (request, receiver) => proceed(request.exchange.found as RouteResult<RouteTarget>, request, receiver)
  })
  return (match, request, receiver) => {
    request.exchange.found = match
    staged.send(request, receiver)
  }
}

/** At service scope `next` never rejects: a failure further in is already a response. */
function neverRejecting(inner: Step, options: FailureOptions): Step {
  return { send: (request, receiver) => inner.send(request, new Absorbing(request.exchange, receiver, options)) }
}

class Absorbing implements ResponseReceiver {
  private readonly exchange: Exchange
  private readonly receiver: ResponseReceiver
  private readonly options: FailureOptions

  constructor(exchange: Exchange, receiver: ResponseReceiver, options: FailureOptions) {
    this.exchange = exchange
    this.receiver = receiver
    this.options = options
  }

  receive(response: ResponseMessage): void {
    this.receiver.receive(response)
  }

  reject(error: unknown): void {
    this.receiver.receive(answerToFailure(error, this.exchange, this.options))
  }
}

function requestOf(exchange: MessageExchange, target: Target, limit: number): RequestMessage {
  const { req } = exchange
  const { path, query } = target
  return new RequestMessage({
    exchange,
    scope: exchange,
    span: exchange.span,
    method: req.method!,
    target: req.url!,
    path,
    query,
    routePath: decodePath(path),
    origin: undefined,
    raw: undefined,
    params: undefined,
    source: exchange.source,
    limit
  })
}
