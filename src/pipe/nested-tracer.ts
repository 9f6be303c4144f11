/** The spans of an endpoint's pipe and of its only backend, where both are one with the exchange. */

import type { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import type { PipeTracer, ServerSpan, Span } from '../telemetry/span.js'
import { failureOutcome, isNeeded } from './measure.js'

/** The spans of a run of both. */
export interface NestedSpans {
  readonly outer: Span | undefined
  readonly inner: Span | undefined
}

/** What an exchange that has no response objects tells of its end. */
export interface DirectResult {
  readonly span: ServerSpan | undefined
  readonly status: number
  readonly error: GatewayError | undefined
  /** The response broke off, or its client went away. */
  readonly cut: boolean
  /** `performance.now()` when the head of the response was written; 0 = never. */
  readonly firstByteAt: number
}

/** Joins the tracers of a pipe and of its backend; undefined when there are none. */
export function nestTracers(outer: PipeTracer | undefined, inner: PipeTracer | undefined): NestedTracer | undefined {
  return outer === undefined && inner === undefined ? undefined : new NestedTracer(outer, inner)
}

export class NestedTracer {
  private readonly outer: PipeTracer | undefined
  private readonly inner: PipeTracer | undefined

  constructor(outer: PipeTracer | undefined, inner: PipeTracer | undefined) {
    this.outer = outer
    this.inner = inner
  }

  /** @param raw fields of the request */
  begin(parent: Span, raw: RawFields): NestedSpans {
    const request = { raw }
    const startedAt = performance.now()
    const outer = this.outer?.begin(parent, request, startedAt)
    return { outer, inner: this.inner?.begin(outer ?? parent, request, startedAt) }
  }

  end({ outer, inner }: NestedSpans, { span, status, error, cut, firstByteAt }: DirectResult): void {
    const begun = error === undefined || (cut && firstByteAt !== 0)
    const result = {
      outcome: error === undefined ? ('complete' as const) : failureOutcome(error),
      needed: isNeeded(error),
      error,
      response: begun ? { status, raw: span?.sentFields ?? [] } : undefined,
      endedAt: (error === undefined && firstByteAt) || performance.now()
    }
    if (inner !== undefined) this.inner!.end(inner, result)
    if (outer !== undefined) this.outer!.end(outer, result)
  }
}
