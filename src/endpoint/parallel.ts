/**
 * Asks all backends at once and merges their responses in declared order (KrakenD merges them as they arrive). A part that fails
 * leaves a partial response; its error is kept on it.
 */

import type { BackendCall } from '../backend/backend-call.js'
import { entityOf, entityResponse } from '../backend/entity.js'
import type { CallBody } from '../backend/transport.js'
import { mergeObjects, mergeShort } from '../encoding/json/merge.js'
import { GatewayError, MergeError } from '../errors.js'
import type { ObjectNode } from '../message/json/node.js'
import type { RequestMessage } from '../message/request.js'
import type { ResponseMessage } from '../message/response.js'
import type { Scope } from '../message/scope.js'
import { runSliced } from '../message/slices.js'
import { handOn } from '../pipe/lazy-promise.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { Step } from '../pipe/step.js'
import { bodyForMany } from './request-body.js'

/** Share of the endpoint's timeout that all parts of a merge have together, as in KrakenD. */
export const MERGE_SHARE = 0.85

/** The response of a part, or its failure. */
type Outcome = ResponseMessage | GatewayError

/** Asks all backends at once, within 85 % of the endpoint's timeout, and merges their responses. */
export class ParallelStep implements Step {
  private readonly calls: readonly BackendCall[]
  private readonly budget: number
  private readonly limitText: string
  private readonly limit: number

  constructor(calls: readonly BackendCall[], timeoutMs: number, limit: number) {
    this.calls = calls
    this.budget = Math.floor(timeoutMs * MERGE_SHARE)
    this.limitText = `timeout=${this.budget}ms (85 % of ${timeoutMs}ms, merge)`
    this.limit = limit
  }

  send(request: RequestMessage, receiver: ResponseReceiver): void {
    const body = bodyForMany(request, this.limit)
    if (body === undefined) return this.ask(request, undefined, receiver)
    body.then(
      ready => this.ask(request, ready, receiver),
      error => receiver.reject(error)
    )
  }

  private ask(request: RequestMessage, body: CallBody, receiver: ResponseReceiver): void {
    const { calls } = this
    const scope = request.scope.inner()
    scope.expireIn(this.budget, this.limitText)
    const merge = new Merge(calls.length, scope, request.scope, receiver)
    for (let i = 0; i < calls.length; i++) calls[i]!.send(request, request.knownParams, body, scope, new Part(merge, i))
  }
}

/** The parts of one response that have come. */
class Merge {
  private readonly outcomes: Outcome[]
  private open: number
  /** The scope of the calls. */
  private readonly scope: Scope
  private readonly outer: Scope
  private readonly receiver: ResponseReceiver

  constructor(parts: number, scope: Scope, outer: Scope, receiver: ResponseReceiver) {
    this.outcomes = new Array<Outcome>(parts)
    this.open = parts
    this.scope = scope
    this.outer = outer
    this.receiver = receiver
  }

  settle(index: number, outcome: Outcome): void {
    this.outcomes[index] = outcome
    if (--this.open > 0) return
    this.scope.close()
    let joined: ResponseMessage | Promise<ResponseMessage>
    try {
      joined = join(this.outcomes, this.outer)
    } catch (cause) {
      return this.receiver.reject(cause)
    }
    handOn(joined, this.receiver)
  }
}

class Part implements ResponseReceiver {
  private readonly merge: Merge
  private readonly index: number

  constructor(merge: Merge, index: number) {
    this.merge = merge
    this.index = index
  }

  receive(response: ResponseMessage): void {
    this.merge.settle(this.index, response)
  }

  reject(error: unknown): void {
    this.merge.settle(this.index, error as GatewayError)
  }
}

/** Joins parts in declared order. @throws MergeError when none has data */
function join(outcomes: readonly Outcome[], scope: Scope): ResponseMessage | Promise<ResponseMessage> {
  const nodes: (ObjectNode | null)[] = []
  const errors: GatewayError[] = []
  const raw: string[] = []
  let complete = true
  for (const outcome of outcomes) {
    if (outcome instanceof GatewayError) {
      errors.push(outcome)
      continue
    }
    const node = nodeOf(outcome)
    if (outcome.complete === false || node === null) complete = false
    nodes.push(node)
    if (outcomes.length === 1) raw.push(...outcome.raw)
  }
  if (nodes.length === 0) throw new MergeError(errors)
  const answer = (data: ObjectNode | null): ResponseMessage => {
    const response = entityResponse(data, complete && errors.length === 0, raw)
    if (errors.length > 0) response.failure = new MergeError(errors)
    return response
  }
  const joined = joinNodes(nodes, scope)
  return joined instanceof Promise ? joined.then(answer) : answer(joined)
}

/** Joins the data of the parts that came. One alone is the data as it is, also where it is `null`, as in KrakenD. */
export function joinNodes(nodes: readonly (ObjectNode | null)[], scope: Scope): ObjectNode | null | Promise<ObjectNode> {
  if (nodes.length === 1) return nodes[0]!
  return mergeShort(nodes) ?? runSliced(mergeObjects(nodes), scope)
}

/** The data of one part. @throws GatewayError when a plugin has made something else of it */
export function nodeOf(part: ResponseMessage): ObjectNode | null {
  const now = entityOf(part)
  if (now.kind === 'node') return now.node
  throw new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'a part of a merge is not a JSON object any more' })
}
