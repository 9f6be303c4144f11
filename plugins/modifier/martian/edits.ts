/** What a modifier compiles to, and how several of them run one after the other. */

import { GatewayError, type GatewayRequest, type GatewayResponse } from 'sluice/plugin'

/** Edits a request before its call. What it throws fails the call. */
export type RequestEdit = (request: GatewayRequest) => void

/** Edits the upstream's response; `request` is the one that was sent. What it throws or rejects with fails the call. */
export type ResponseEdit = (response: GatewayResponse, request: GatewayRequest) => void | Promise<void>

/** The two halves of a modifier; undefined = it does nothing there. */
export interface Edits {
  readonly request?: RequestEdit | undefined
  readonly response?: ResponseEdit | undefined
}

/** Does nothing in either half. */
export const NO_EDITS: Edits = {}

/** The failure of a call that an edit ends. */
export function editFailure(message: string, cause?: unknown): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_REQUEST', { message, cause })
}

/** Fails each call with this message. */
export function refuse(message: string): RequestEdit {
  return () => {
    throw editFailure(message)
  }
}

/**
 * Joins modifiers in their order. The first error ends it; with `aggregates` all run, and the call fails with the texts of all
 * errors, one a line.
 */
export function inOrder(all: readonly Edits[], aggregates: boolean): Edits {
  const requests = all.map(one => one.request).filter(one => one !== undefined)
  const responses = all.map(one => one.response).filter(one => one !== undefined)
  return {
    request: requests.length < 2 ? requests[0] : aggregates ? allRequests(requests) : eachRequest(requests),
    response: responses.length < 2 ? responses[0] : aggregates ? allResponses(responses) : eachResponse(responses, 0)
  }
}

function eachRequest(edits: readonly RequestEdit[]): RequestEdit {
  return request => {
    for (let i = 0; i < edits.length; i++) edits[i]!(request)
  }
}

function allRequests(edits: readonly RequestEdit[]): RequestEdit {
  return request => {
    let errors: unknown[] | undefined
    for (let i = 0; i < edits.length; i++) {
      try {
        edits[i]!(request)
      } catch (error) {
        errors = [...(errors ?? []), error]
      }
    }
    if (errors !== undefined) throw joined(errors)
  }
}

/** Waits only for an edit that returns a promise: one that reads a file. */
function eachResponse(edits: readonly ResponseEdit[], from: number): ResponseEdit {
  return (response, request) => {
    for (let i = from; i < edits.length; i++) {
      const waits = edits[i]!(response, request)
      if (waits !== undefined) return waits.then(() => eachResponse(edits, i + 1)(response, request))
    }
  }
}

function allResponses(edits: readonly ResponseEdit[]): ResponseEdit {
  const run = async (response: GatewayResponse, request: GatewayRequest, from: number, errors: unknown[]): Promise<void> => {
    for (let i = from; i < edits.length; i++) {
      try {
        await edits[i]!(response, request)
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw joined(errors)
  }
  return (response, request) => {
    const errors: unknown[] = []
    for (let i = 0; i < edits.length; i++) {
      try {
        const waits = edits[i]!(response, request)
        if (waits === undefined) continue
        const settled = waits.catch(error => void errors.push(error))
        return settled.then(() => run(response, request, i + 1, errors))
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw joined(errors)
  }
}

function joined(errors: readonly unknown[]): unknown {
  if (errors.length === 1) return errors[0]
  return editFailure(errors.map(error => (error as Error).message).join('\n'), errors[0])
}

/** Says of a message whether a filter matches. */
export interface Condition {
  readonly request: (request: GatewayRequest) => boolean
  readonly response: (response: GatewayResponse, request: GatewayRequest) => boolean
}

/** Runs `then` where the condition holds, `otherwise` where it does not. */
export function either({ request, response }: Condition, then: Edits, otherwise: Edits): Edits {
  return {
    request: eitherRequest(request, then.request, otherwise.request),
    response: eitherResponse(response, then.response, otherwise.response)
  }
}

function eitherRequest(holds: Condition['request'], then?: RequestEdit, otherwise?: RequestEdit): RequestEdit | undefined {
  if (then === undefined && otherwise === undefined) return undefined
  return request => {
    const edit = holds(request) ? then : otherwise
    if (edit !== undefined) edit(request)
  }
}

function eitherResponse(holds: Condition['response'], then?: ResponseEdit, otherwise?: ResponseEdit): ResponseEdit | undefined {
  if (then === undefined && otherwise === undefined) return undefined
  return (response, request) => {
    const edit = holds(response, request) ? then : otherwise
    return edit?.(response, request)
  }
}
