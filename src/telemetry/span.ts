/**
 * Traces, as far as the gateway knows them. A tracer decides for each exchange whether it is recorded. Where it is, the exchange has a
 * span, and what runs inside opens spans below it; where it is not, there is no span, and nothing of this file runs.
 *
 * The span that is open around a request stands on the request object. Steps put theirs there and take it away again.
 */

import type { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import type { FinishedExchange } from './finished-exchange.js'

/** A span that is open. */
export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** Returns the fields of a call below this span: other trace context among them is replaced. Leaves `fields` as they are. */
  withContext(fields: RawFields): RawFields
  /** Records the calls that the work inside this span makes by itself; undefined = they have no spans of their own. */
  readonly calls: CallTracer | undefined
}

/** The span of a whole exchange. */
export interface ServerSpan extends Span {
  /** Fields of the response's head; undefined = not written. */
  readonly sentFields: RawFields | undefined
  /** Called with the fields of the response when its head is written. */
  headSent(fields: RawFields): void
  /** Called once, when the exchange is over and the spans inside are closed. Must not throw. */
  finished(exchange: FinishedExchange): void
}

/** Decides for a recorded exchange that has reached an endpoint whether it stays recorded. Must not throw. */
export type Admission = (span: ServerSpan) => boolean

/** Ends a log line about an exchange: ` trace_id=…`, '' where it is not recorded. */
export function traceNote(span: Span | undefined): string {
  return span === undefined ? '' : ` trace_id=${span.traceId}`
}

/** Whole; without some of its parts; none; none because the client went away or another call was faster. */
export type PipeOutcome = 'complete' | 'incomplete' | 'failed' | 'canceled'

/** What became of a pipe's run. */
export interface PipeResult {
  /** How the run ended. */
  readonly outcome: PipeOutcome
  /** False: it was ended because another call was faster, or the response was whole without it. */
  readonly needed: boolean
  /** Why there is no response, or no whole one. */
  readonly error: unknown
  /** Undefined = there is none. */
  readonly response: { readonly status: number; readonly raw: RawFields } | undefined
  /** `performance.now()` */
  readonly endedAt: number
}

/** Opens and closes the spans of one pipe. Must not throw. */
export interface PipeTracer {
  /** @param startedAt `performance.now()` */
  begin(parent: Span, request: { readonly raw: RawFields }, startedAt: number): Span
  /** Called once for each span. */
  end(span: Span, result: PipeResult): void
}

/** Opens and closes the spans of one stage. Must not throw. */
export interface StageTracer {
  /** @param startedAt `performance.now()` */
  begin(parent: Span, startedAt: number): Span
  /**
   * @param error undefined = the stage has done its work
   * @param endedAt `performance.now()`
   */
  end(span: Span, error: unknown, endedAt: number): void
}

/** Opens and closes the spans of calls: those of one backend, or those that one stage makes by itself. Must not throw. */
export interface CallTracer {
  /** The fields of responses are wanted: {@link CallTrace.answerFields}. */
  readonly wantsFields: boolean
  /** Called before the call is sent. `fields` are those of its request. */
  begin(parent: Span, call: CallTrace, fields: RawFields): Span
  /** Called once, when the call is over. */
  end(span: Span, call: CallTrace): void
}

/** One call. Times are `performance.now()`, 0 = never came to that. */
export interface CallTrace {
  /** Upper-case. */
  readonly method: string
  /** A pattern that the call's span is named by; '' = the pattern of its backend, else its method. */
  readonly name: string
  /** `http://host:port` of the first hop. */
  readonly origin: string
  /** With the query, of the first hop. */
  readonly path: string
  /** When the call was made. */
  readonly startedAt: number
  /** Bytes of the request's body; -1 = not known beforehand. */
  readonly requestBytes: number
  /** When a connection took the call up. */
  readonly connectedAt: number
  /** How long the name was looked up and TLS was negotiated, ms; undefined on a connection that had served before. */
  readonly opening: { readonly lookupMs: number; readonly tlsMs: number } | undefined
  /** When the head of the final response came. */
  readonly headAt: number
  /** When the call was over. */
  readonly endedAt: number
  /** Of the final response; 0 = none. */
  readonly status: number
  /** `Content-Length` of the response; -1 = none. */
  readonly declaredBytes: number
  /** Body bytes that came, as they travelled; -1 = it is not known how the body was read. */
  readonly bytes: number
  /** Why there is no response, or no whole one. */
  readonly error: GatewayError | undefined
  /** The span of the call; undefined = it is not recorded. */
  readonly span: Span | undefined
  /** Of the final response, where a tracer wants them. */
  readonly answerFields: RawFields | undefined
}
