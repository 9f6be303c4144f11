import type { OriginPool } from '../client/pool.js'
import type { UpstreamPools } from '../client/pools.js'
import { type CallPlan, ResponseCall } from '../client/response-call.js'
import { requestFailure } from '../http/upstream-failure.js'
import type { ByteSource } from '../message/byte-flow.js'
import type { Exchange } from '../message/context.js'
import type { RequestMessage } from '../message/request.js'
import type { ResponseMessage } from '../message/response.js'
import type { Scope } from '../message/scope.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { Step } from '../pipe/step.js'

/** A request body for one backend: bytes that may be sent again, a source that flows once, or none. */
export type CallBody = Buffer | ByteSource | undefined

/** The innermost step of a backend with stages: sends the request that they have made to its upstream. */
export class Transport implements Step {
  private readonly pools: UpstreamPools
  private readonly plan: CallPlan
  /** For requests that take a 3xx as their response; made for the first one. */
  private unfollowedPlan: CallPlan | undefined
  private upgradePlan: CallPlan | undefined

  constructor(pools: UpstreamPools, plan: CallPlan) {
    this.pools = pools
    this.plan = plan
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    let body: CallBody
    let pool: OriginPool
    try {
      body = request.openedBody === undefined ? request.bodySource : sendableBody(request)
      pool = this.pools.get(request.origin ?? '')
    } catch (cause) {
      return receiver.reject(requestFailure(cause))
    }
    const { exchange, query } = request
    exchange.upstream = pool.origin
    const path = query === '' ? request.path : `${request.path}?${query}`
    const headers = request.lendRaw()
    if (exchange.offer !== undefined) body = undefined
    const plan = request.followsRedirects ? this.plan : this.unfollowed()
    this.callFor(request, request.scope, receiver, plan).start(pool, request.method, path, headers, body)
  }

  private unfollowed(): CallPlan {
    this.unfollowedPlan ??= { ...this.plan, redirects: undefined }
    return this.unfollowedPlan
  }

  /** The call of one request, to be started. Where the client offers another protocol, it hands the offer on. */
  callFor(
    { exchange, span }: RequestMessage,
    scope: Scope,
    receiver: ResponseReceiver,
    plan: CallPlan = this.plan
  ): ResponseCall {
    const { offer } = exchange
    if (offer === undefined) return new ResponseCall(plan, scope, receiver, undefined, span)
    this.upgradePlan ??= { ...this.plan, redirects: undefined, idleMs: 0 }
    return new ResponseCall(this.upgradePlan, scope, new TunnelReceiver(exchange, receiver), offer.protocol, span)
  }
}

/** A connection that no tunnel is made of ends with the exchange. */
class TunnelReceiver implements ResponseReceiver {
  private readonly exchange: Exchange
  private readonly receiver: ResponseReceiver

  constructor(exchange: Exchange, receiver: ResponseReceiver) {
    this.exchange = exchange
    this.receiver = receiver
  }

  receive(response: ResponseMessage): void {
    const { tunnel } = response
    if (tunnel !== undefined) this.exchange.atEnd(() => tunnel.socket.destroy())
    this.receiver.receive(response)
  }

  reject(error: unknown): void {
    this.receiver.reject(error)
  }
}

function sendableBody(request: RequestMessage): CallBody {
  const { body } = request
  return body.bytesInMemory() ?? body.take()
}
