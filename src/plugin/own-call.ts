/** Calls that plugins make by themselves, as part of the trace of the exchange that they are made for. */

import { GatewayError } from '../errors.js'
import { fieldOf } from '../http/fields.js'
import { upstreamFailure } from '../http/upstream-failure.js'
import { internals } from '../message/internals.js'
import type { GatewayRequest } from '../message/public.js'
import { MeasuredCall } from '../telemetry/call-trace.js'
import type { Span } from '../telemetry/span.js'

/** What a plugin is about to send. */
export interface OwnCallRequest {
  /** Upper-case. */
  readonly method: string
  /** Absolute. */
  readonly url: string
  /** Names and values in turn. */
  readonly fields?: readonly string[]
  /** bytes; absent = not known beforehand. */
  readonly bodyBytes?: number
  /** Names the span; one of few, never the client's text. Default: the method. */
  readonly name?: string
}

/** One recorded call of a plugin. Its span is written when it has {@link ended}. */
export interface OwnCall {
  /** What to send: the fields given, with the context of this call in place of other context. */
  readonly fields: string[]
  /**
   * The head of the final response is there.
   * @param fields of the response, names and values in turn; default: none
   */
  answered(status: number, fields?: readonly string[]): void
  /** Body bytes have come. A plugin that does not see them does not call it, and the reading of the body has no span. */
  received(bytes: number): void
  /** The call is over. Further calls do nothing. @param error why there is no response, or no whole one */
  ended(error?: unknown): void
}

/**
 * Begins a span for a call that a plugin makes by itself while it works on a request. Returns undefined where the exchange is not
 * recorded: the fields are sent as they are then.
 */
export function traceCall(request: GatewayRequest, call: OwnCallRequest): OwnCall | undefined {
  const { span } = internals(request)
  return span === undefined ? undefined : new TracedCall(span, call)
}

/**
 * `fetch` for a call that a plugin makes by itself while it works on a request. In a recorded exchange the call has a span, which ends
 * with the head of the response. The server that is called goes on with the trace.
 */
export async function tracedFetch(request: GatewayRequest, input: string | URL, init: RequestInit = {}): Promise<Response> {
  const { method = 'GET', headers } = init
  const fields = [...new Headers(headers)].flat()
  const call = traceCall(request, { method: method.toUpperCase(), url: String(input), fields, ...bytesOf(init.body) })
  if (call === undefined) return fetch(input, init)
  try {
    const response = await fetch(input, { ...init, headers: pairsOf(call.fields) })
    call.answered(response.status, [...response.headers].flat())
    call.ended()
    return response
  } catch (error) {
    call.ended(error)
    throw error
  }
}

const bytesOf = (body: RequestInit['body']): { bodyBytes?: number } => {
  if (typeof body === 'string') return { bodyBytes: Buffer.byteLength(body) }
  if (body instanceof Uint8Array) return { bodyBytes: body.byteLength }
  return body === undefined || body === null ? { bodyBytes: 0 } : {}
}

const pairsOf = (fields: readonly string[]): [string, string][] =>
  Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i]!, fields[2 * i + 1]!])

class TracedCall implements OwnCall {
  readonly fields: string[]
  private readonly measured: MeasuredCall
  private over = false

  constructor(span: Span, { method, url, fields = [], bodyBytes = -1, name = '' }: OwnCallRequest) {
    const { origin, pathname, search } = new URL(url)
    this.measured = new MeasuredCall({ ended: undefined, tracer: span.calls }, method, origin, pathname + search, bodyBytes)
    this.measured.name = name
    this.measured.bytes = -1
    this.fields = this.measured.openBelow(span, [...fields])
  }

  answered(status: number, fields: readonly string[] = []): void {
    const { measured } = this
    const declared = fieldOf(fields, 'content-length')
    measured.answered(status, declared === undefined ? -1 : Number(declared))
    if (measured.wantsFields) measured.answerFields = [...fields]
  }

  received(bytes: number): void {
    this.measured.bytes = Math.max(0, this.measured.bytes) + bytes
  }

  ended(error?: unknown): void {
    if (this.over) return
    this.over = true
    this.measured.ended(error === undefined ? undefined : failureOf(error, this.measured))
  }
}

/** What ended a call, by the gateway's codes. A query may hold credentials: it is left out. */
function failureOf(cause: unknown, { method, origin, path }: MeasuredCall): GatewayError {
  if (cause instanceof GatewayError) return cause
  const { name, message, cause: inner } = cause instanceof Error ? cause : new Error(String(cause))
  if (name === 'TimeoutError') return new GatewayError('SLUICE_ERR_UPSTREAM_TIMEOUT', { message, cause })
  if (name === 'AbortError') return new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message, cause })
  return upstreamFailure(inner instanceof Error ? inner : cause, method, origin + path.replace(/\?.*/s, ''))
}
