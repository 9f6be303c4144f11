import type { OriginPool } from '../client/pool.js'
import type { UpstreamPools } from '../client/pools.js'
import type { CallPlan } from '../client/response-call.js'
import { requestFailure } from '../http/upstream-failure.js'
import type { RequestMessage } from '../message/request.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { Step } from '../pipe/step.js'
import type { WholeReceive } from './decoded.js'
import { PartCall } from './part-call.js'

/**
 * The innermost step of a decoded backend whose stages see data alone: its call reads and decodes the body itself. A request whose body
 * flows or was opened goes through `other`: the transport, with the decoding around it.
 */
export class PartStep implements Step {
  private readonly pools: UpstreamPools
  private readonly plan: CallPlan
  private readonly whole: WholeReceive
  private readonly other: Step

  constructor(pools: UpstreamPools, plan: CallPlan, whole: WholeReceive, other: Step) {
    this.pools = pools
    this.plan = plan
    this.whole = whole
    this.other = other
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    const { exchange, query, scope, span, openedBody, bodySource, followsRedirects } = request
    if (openedBody !== undefined || bodySource !== undefined || !followsRedirects) return this.other.send(request, receiver)
    let pool: OriginPool
    try {
      pool = this.pools.get(request.origin ?? '')
    } catch (cause) {
      return receiver.reject(requestFailure(cause))
    }
    exchange.upstream = pool.origin
    const path = query === '' ? request.path : `${request.path}?${query}`
    new PartCall(this.plan, scope, this.whole, receiver, span).start(pool, request.method, path, request.lendRaw(), undefined)
  }
}
