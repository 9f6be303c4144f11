/** What is measured of one call to an upstream; made only for calls that an observer watches. */

import type { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import type { Span } from './span.js'

/** Watches calls of one backend. */
export interface CallWatch {
  /** Called once per call, with its times and sizes. Must not throw. */
  readonly ended: (trace: CallTrace) => void
}

/** Who measures the calls of one backend, and who records them. */
export interface CallWatchers {
  /** undefined = no observer measures; only calls of recorded exchanges are watched then. */
  readonly ended: CallWatch['ended'] | undefined
  /** Undefined = no tracer records them. */
  readonly tracer: CallTracer | undefined
}

/** Opens and closes the spans of one backend's calls. Must not throw. */
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
  /** Body bytes that came, as they travelled. */
  readonly bytes: number
  /** Why there is no response, or no whole one. */
  readonly error: GatewayError | undefined
  /** The span of the call; undefined = it is not recorded. */
  readonly span: Span | undefined
  /** Of the final response, where a tracer wants them. */
  readonly answerFields: RawFields | undefined
}

/** A call while it is measured. */
export class MeasuredCall implements CallTrace {
  readonly method: string
  readonly origin: string
  readonly path: string
  readonly startedAt: number
  readonly requestBytes: number
  connectedAt = 0
  opening: CallTrace['opening'] = undefined
  headAt = 0
  endedAt = 0
  status = 0
  declaredBytes = -1
  bytes = 0
  error: GatewayError | undefined = undefined
  span: Span | undefined = undefined
  answerFields: RawFields | undefined = undefined
  private readonly watch: CallWatchers

  constructor(watch: CallWatchers, method: string, origin: string, path: string, requestBytes: number) {
    this.watch = watch
    this.method = method
    this.origin = origin
    this.path = path
    this.requestBytes = requestBytes
    this.startedAt = performance.now()
  }

  /** Opens the call's span and returns the fields to be sent: with the context of the innermost span. */
  openBelow(parent: Span, fields: RawFields): RawFields {
    this.span = this.watch.tracer?.begin(parent, this, fields)
    return (this.span ?? parent).withContext(fields)
  }

  /** A retry or a redirect connects again: the first time counts. */
  connected(opening: CallTrace['opening']): void {
    if (this.connectedAt !== 0) return
    this.connectedAt = performance.now()
    this.opening = opening
  }

  answered(status: number, declaredBytes: number): void {
    this.headAt = performance.now()
    this.status = status
    this.declaredBytes = declaredBytes
  }

  /** The fields of the response are to be kept for the call's span. */
  get wantsFields(): boolean {
    return this.span !== undefined && this.watch.tracer!.wantsFields
  }

  ended(error: GatewayError | undefined): void {
    const { span, watch } = this
    this.endedAt = performance.now()
    this.error = error
    watch.ended?.(this)
    if (span !== undefined) watch.tracer!.end(span, this)
  }
}
