/**
 * Traces, as far as the gateway knows them. A tracer decides for each exchange whether it is recorded. Where it is, the exchange has a
 * span, and what runs inside opens spans below it; where it is not, there is no span, and nothing of this file runs.
 *
 * The span that is open around a request stands on the request object. Steps put theirs there and take it away again.
 */

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
