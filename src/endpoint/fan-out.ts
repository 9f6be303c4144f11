/**
 * How an endpoint asks several backends: all at once, one after another, or the same one several times. Parts join in
 * declared order (KrakenD joins as they arrive). A part that fails leaves a partial answer; its error is kept on it.
 */

import type { BackendCall, CallBody } from '../backend/call.js'
import { entityOf, entityResponse } from '../backend/entity.js'
import { mergeObjects, mergeShort } from '../encoding/json/merge.js'
import type { ObjectNode } from '../encoding/json/node.js'
import { respParam } from '../encoding/resp-param.js'
import { type GatewayError, GatewayError as GatewayErrorClass, MergeError } from '../errors.js'
import { copyParams, type GatewayRequest } from '../message/request.js'
import type { GatewayResponse } from '../message/response.js'
import type { Scope } from '../message/scope.js'
import { runSliced } from '../message/slices.js'
import { handOn } from '../pipe/lazy-promise.js'
import { NextStep } from '../pipe/next.js'
import type { ResponseReceiver } from '../pipe/receiver.js'
import type { Step } from '../pipe/step.js'
import { bodyForMany, bodyForOne } from './request-body.js'

/** Share of the endpoint's timeout that all parts of a merge have together (semantics §4.6). */
const MERGE_SHARE = 0.85
/** Share of the endpoint's timeout for concurrent calls (semantics §4.5). */
const CONCURRENT_SHARE = 0.75

/** Asks one backend within the endpoint's own timeout. Its request body streams unless it may be sent again (`buffered`). */
export class SingleStep implements Step {
  private readonly call: BackendCall
  private readonly buffered: boolean
  private readonly limit: number

  constructor(call: BackendCall, buffered: boolean, limit: number) {
    this.call = call
    this.buffered = buffered
    this.limit = limit
  }

  send(request: GatewayRequest, receiver: ResponseReceiver): void {
    let body: CallBody | Promise<CallBody>
    try {
      body = this.buffered ? bodyForMany(request, this.limit) : bodyForOne(request)
    } catch (error) {
      return receiver.reject(error)
    }
    if (body instanceof Promise) this.sendLater(request, body, receiver)
    else this.call(request, request.knownParams, body, request.scope, receiver)
  }

  private sendLater(request: GatewayRequest, body: Promise<CallBody>, receiver: ResponseReceiver): void {
    body.then(
      ready => this.call(request, request.knownParams, ready, request.scope, receiver),
      error => receiver.reject(error)
    )
  }
}

/** Runs `times` identical calls; the first complete response wins and the others are cancelled. */
export function compileConcurrent(call: BackendCall, times: number, timeoutMs: number): BackendCall {
  const budget = Math.floor(timeoutMs * CONCURRENT_SHARE)
  return (request, params, body, outer, receiver) => {
    const scope = outer.inner()
    scope.expireIn(budget, `timeout=${budget}ms (75 % of ${timeoutMs}ms, concurrent_calls)`)
    let open = times
    let last: GatewayResponse | undefined
    let failure: unknown
    const settle = (from: Scope, response: GatewayResponse | undefined, error: unknown): void => {
      open--
      if (open < 0) return response?.discard()
      if (response !== undefined && response.complete !== false) {
        open = 0
        receiver.receive(response)
        // the winner's body may still flow: only the others are told
        for (const one of scopes) if (one !== from) one.cancel(CONCURRENT_LOSER)
        scope.unexpire()
        return
      }
      last = response ?? last
      failure = error ?? failure
      if (open > 0) return
      scope.close()
      if (last !== undefined) receiver.receive(last)
      else receiver.reject(failure)
    }
    const scopes = Array.from({ length: times }, () => scope.inner())
    for (const one of scopes) {
      if (open <= 0) return // one has won already
      call(request, params, body, one, {
        receive: response => settle(one, response, undefined),
        reject: error => settle(one, undefined, error)
      })
    }
  }
}

const CONCURRENT_LOSER = new GatewayErrorClass('SLUICE_ERR_CLIENT_ABORTED', { message: 'context canceled' })

/** What a part came to. */
type Outcome = GatewayResponse | GatewayError

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

  send(request: GatewayRequest, receiver: ResponseReceiver): void {
    const body = bodyForMany(request, this.limit)
    if (body === undefined) return this.ask(request, undefined, receiver)
    body.then(
      ready => this.ask(request, ready, receiver),
      error => receiver.reject(error)
    )
  }

  private ask(request: GatewayRequest, body: CallBody, receiver: ResponseReceiver): void {
    const { calls } = this
    const scope = request.scope.inner()
    scope.expireIn(this.budget, this.limitText)
    const merge = new Merge(calls.length, scope, request.scope, receiver)
    for (let i = 0; i < calls.length; i++) calls[i]!(request, request.knownParams, body, scope, new Part(merge, i))
  }
}

/** The parts of one answer that have come. */
class Merge {
  private readonly outcomes: Outcome[]
  private open: number
  /** That of the calls. */
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
    let joined: GatewayResponse | Promise<GatewayResponse>
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

  receive(response: GatewayResponse): void {
    this.merge.settle(this.index, response)
  }

  reject(error: unknown): void {
    this.merge.settle(this.index, error as GatewayError)
  }
}

/** Joins parts in declared order. @throws MergeError when none has data */
function join(outcomes: readonly Outcome[], scope: Scope): GatewayResponse | Promise<GatewayResponse> {
  const nodes: (ObjectNode | null)[] = []
  const errors: GatewayError[] = []
  const raw: string[] = []
  let complete = true
  for (const outcome of outcomes) {
    if (outcome instanceof GatewayErrorClass) {
      errors.push(outcome)
      continue
    }
    const node = nodeOf(outcome)
    if (outcome.complete === false || node === null) complete = false
    nodes.push(node)
    if (outcomes.length === 1) raw.push(...outcome.raw)
  }
  if (nodes.length === 0) throw new MergeError(errors)
  const answer = (data: ObjectNode): GatewayResponse => {
    const response = entityResponse(data, complete && errors.length === 0, raw)
    if (errors.length > 0) response.failure = new MergeError(errors)
    return response
  }
  const joined = mergeShort(nodes) ?? runSliced(mergeObjects(nodes), scope)
  return joined instanceof Promise ? joined.then(answer) : answer(joined)
}

function nodeOf(part: GatewayResponse): ObjectNode | null {
  const now = entityOf(part)
  if (now.kind === 'node') return now.node
  throw new GatewayErrorClass('SLUICE_ERR_PLUGIN_FAILED', { message: 'a part of a merge is not a JSON object any more' })
}

/** One value that a later call takes from an earlier answer. */
interface Propagation {
  /** The parameter's name as the pattern writes it: `resp0_id`. */
  readonly name: string
  readonly index: number
  /** undefined = the whole text of a no-op part. */
  readonly path: string[] | undefined
}

const RESP = /^[Rr]esp(\d+)_?([\w\-.]+)?$/
const PLACEHOLDERS = /\{([\w\-.:/]+)\}/g

/** Reads which earlier answers backend `index` needs: placeholders of its pattern, and `sequential_propagated_params`. */
function propagationsFor(index: number, urlPattern: string, propagated: readonly string[]): Propagation[] {
  const names = [...[...urlPattern.matchAll(PLACEHOLDERS)].map(match => match[1]!), ...propagated]
  const found = new Map<string, Propagation>()
  for (const name of names) {
    const match = RESP.exec(name)
    if (match === null || found.has(name)) continue
    const source = Number(match[1])
    if (source < index) found.set(name, { name, index: source, path: match[2] === undefined ? undefined : match[2].split('.') })
  }
  return [...found.values()]
}

/** One backend after another within 85 % of the timeout; values of earlier answers become parameters of later calls. */
export function compileSequential(
  calls: readonly BackendCall[],
  patterns: readonly string[],
  propagated: readonly string[],
  timeoutMs: number,
  limit: number
): Step {
  const budget = Math.floor(timeoutMs * MERGE_SHARE)
  const limitText = `timeout=${budget}ms (85 % of ${timeoutMs}ms, sequential)`
  const wanted = patterns.map((pattern, index) => propagationsFor(index, pattern, propagated))

  return new NextStep(async request => {
    const body = await bodyForMany(request, limit)
    const scope: Scope = request.scope.inner()
    scope.expireIn(budget, limitText)
    try {
      const answers: GatewayResponse[] = []
      const params = copyParams(request.params)
      let failure: GatewayError | undefined
      for (let i = 0; i < calls.length; i++) {
        for (const { name, index, path } of wanted[i]!) {
          const value = path === undefined ? answers[index]!.partText : respParam(nodeOf(answers[index]!), path)
          if (value !== undefined) params[name] = value
        }
        try {
          answers.push(await asked(calls[i]!, request, params, body, scope))
        } catch (error) {
          if (i === 0) throw error
          failure = error as GatewayError
          break
        }
        if (answers[i]!.complete === false) break
      }
      const complete = failure === undefined && answers.length === calls.length && answers.every(a => a.complete !== false)
      const response = entityResponse(await runSliced(mergeObjects(answers.map(nodeOf)), scope), complete)
      if (failure !== undefined) response.failure = failure
      return response
    } finally {
      scope.close()
    }
  })
}

/** The form with a promise of one call. */
function asked(
  call: BackendCall,
  request: GatewayRequest,
  params: Readonly<Record<string, string>> | undefined,
  body: CallBody,
  scope: Scope
): Promise<GatewayResponse> {
  return new Promise((receive, reject) => call(request, params, body, scope, { receive, reject }))
}
