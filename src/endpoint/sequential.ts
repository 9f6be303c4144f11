/** Asks one backend after another; values of earlier responses become parameters of later calls. */

import type { BackendCall } from '../backend/backend-call.js'
import { entityResponse } from '../backend/entity.js'
import type { CallBody } from '../backend/transport.js'
import { respParam } from '../encoding/resp-param.js'
import type { GatewayError } from '../errors.js'
import { internals } from '../message/internals.js'
import { copyParams, type RequestMessage } from '../message/request.js'
import type { ResponseMessage } from '../message/response.js'
import type { Scope } from '../message/scope.js'
import { LazyPromise } from '../pipe/lazy-promise.js'
import { NextStep } from '../pipe/next.js'
import type { Step } from '../pipe/step.js'
import { joinNodes, MERGE_SHARE, nodeOf } from './parallel.js'
import { bodyForMany } from './request-body.js'

/** One value that a later call takes from an earlier response. */
interface Propagation {
  /** The parameter's name as the pattern writes it: `resp0_id`. */
  readonly name: string
  readonly index: number
  /** undefined = the whole text of a no-op part. */
  readonly path: string[] | undefined
}

const RESP = /^[Rr]esp(\d+)_?([\w\-.]+)?$/
const PLACEHOLDERS = /\{([\w\-.:/]+)\}/g

/** Reads which earlier responses backend `index` needs: placeholders of its pattern, and `sequential_propagated_params`. */
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

/** One backend in its turn. */
export interface SequentialPart {
  readonly call: BackendCall
  readonly urlPattern: string
}

/**
 * Asks `parts` in order, within 85 % of the endpoint's timeout. The first failure ends the sequence: what came before it is the
 * response, unless nothing did.
 * @param propagated `sequential_propagated_params`
 * @param limit bytes; most of a request's body that is held to be sent to each
 */
export function sequentialStep(
  parts: readonly SequentialPart[],
  propagated: readonly string[],
  timeoutMs: number,
  limit: number
): Step {
  const budget = Math.floor(timeoutMs * MERGE_SHARE)
  const limitText = `timeout=${budget}ms (85 % of ${timeoutMs}ms, sequential)`
  const wanted = parts.map((part, index) => propagationsFor(index, part.urlPattern, propagated))

  return new NextStep(async given => {
    const request = internals(given)
    const body = await bodyForMany(request, limit)
    const scope: Scope = request.scope.inner()
    scope.expireIn(budget, limitText)
    try {
      const responses: ResponseMessage[] = []
      const params = copyParams(request.params)
      let failure: GatewayError | undefined
      for (let i = 0; i < parts.length; i++) {
        for (const { name, index, path } of wanted[i]!) {
          const value = path === undefined ? responses[index]!.partText : respParam(nodeOf(responses[index]!), path)
          if (value !== undefined) params[name] = value
        }
        try {
          responses.push(await asked(parts[i]!.call, request, params, body, scope))
        } catch (error) {
          if (i === 0) throw error
          failure = error as GatewayError
          break
        }
        if (responses[i]!.complete === false) break
      }
      const nodes = responses.map(nodeOf)
      // a part that is the JSON text `null` is one that is missing, as in parallel
      const complete = nodes.length === parts.length && responses.every((one, i) => one.complete !== false && nodes[i] !== null)
      const response = entityResponse(await joinNodes(nodes, scope), complete)
      // of a merge the first part alone has a say
      response.metadataStatus = responses[0]!.metadataStatus
      if (failure !== undefined) response.failure = failure
      return response
    } finally {
      scope.close()
    }
  })
}

/** A promise of the response to one call. */
function asked(
  call: BackendCall,
  request: RequestMessage,
  params: Readonly<Record<string, string>>,
  body: CallBody,
  scope: Scope
): Promise<ResponseMessage> {
  const promise = new LazyPromise(request.exchange)
  call.send(request, params, body, scope, promise)
  return promise
}
