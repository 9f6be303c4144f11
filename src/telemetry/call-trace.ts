/** Measures one call to an upstream; made only for calls that an observer watches. */

import type { GatewayError } from '../errors.js'
import type { RawFields } from '../http/fields.js'
import type { CallTrace, CallTracer, Span } from './span.js'

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
  /** See {@link CallTrace.name}; set before {@link openBelow}. */
  name = ''
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
