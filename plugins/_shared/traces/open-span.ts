/** Spans while they are open. What they are is written when they end; until then a span is its ids and its start. */

import type { CallTracer, FinishedExchange, ServerSpan, Span } from 'sluice/plugin'
import { hex64, hex128, random32, type TraceNumbers, traceparentOf } from '../otlp/ids.js'
import type { Incoming, Outgoing, Propagation, RawFields } from './propagation.js'
import type { SpanOutput } from './span-output.js'

/** A span that has ended and is not written yet. */
export interface HeldSpan {
  writeTo(output: SpanOutput): void
}

/** One trace, as far as it runs through this gateway. */
export class Trace implements TraceNumbers {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly propagation: Propagation
  readonly incoming: Incoming
  /** Spans of stages of the service: where they go is known when the exchange has ended. Undefined = there are none. */
  held: HeldSpan[] | undefined = undefined
  private text: string | undefined = undefined

  /**
   * @param high third quarter of the id of a trace that begins here
   * @param low fourth quarter
   */
  constructor(propagation: Propagation, incoming: Incoming, high = random32(), low = random32()) {
    const { parent } = incoming
    this.a = parent === undefined ? random32() : parent.trace.a
    this.b = parent === undefined ? random32() : parent.trace.b
    this.c = parent === undefined ? high : parent.trace.c
    this.d = parent === undefined ? low : parent.trace.d
    this.propagation = propagation
    this.incoming = incoming
  }

  hold(span: HeldSpan): void {
    this.held ??= []
    this.held.push(span)
  }

  get traceId(): string {
    this.text ??= hex128(this)
    return this.text
  }
}

/** An open span. */
export class OpenSpan implements Span, Outgoing {
  readonly trace: Trace
  /** The halves of its parent's id; both 0 = it has none. */
  readonly parentHigh: number
  readonly parentLow: number
  /** The halves of its id. */
  high: number
  low: number
  /** `performance.now()` */
  readonly startedAt: number

  constructor(trace: Trace, parentHigh: number, parentLow: number, startedAt: number) {
    this.trace = trace
    this.parentHigh = parentHigh
    this.parentLow = parentLow
    this.high = random32()
    this.low = random32()
    this.startedAt = startedAt
  }

  /** Opens a span below another one, which this component has opened. */
  static below(parent: Span, startedAt: number): OpenSpan {
    const { trace, high, low } = parent as OpenSpan
    return new OpenSpan(trace, high, low, startedAt)
  }

  get traceId(): string {
    return this.trace.traceId
  }

  get spanId(): string {
    return hex64(this.high, this.low)
  }

  /** Its parent is the client's span. */
  get hasRemoteParent(): boolean {
    const { parent } = this.trace.incoming
    return parent !== undefined && parent.span[0] === this.parentHigh && parent.span[1] === this.parentLow
  }

  get traceparent(): string {
    return traceparentOf(this.trace, this.high, this.low)
  }

  /** Takes the ids of its parent: nothing is recorded of it, and what is below it is below its parent. */
  standFor(parent: OpenSpan): void {
    this.high = parent.high
    this.low = parent.low
  }

  get keepsState(): boolean {
    return this.trace.incoming.state !== ''
  }

  get baggage(): string {
    return this.trace.incoming.baggage
  }

  get calls(): CallTracer | undefined {
    return undefined
  }

  withContext(fields: RawFields): RawFields {
    return this.trace.propagation.inject(fields, this)
  }
}

/** The request of an exchange, as far as its span shows it. */
export interface TracedRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly socket: { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined }
}

/** Closes the spans of exchanges. */
export interface ExchangeCloser {
  close(exchange: FinishedExchange, span: ExchangeSpan): void
}

/** The span of an exchange. */
export class ExchangeSpan extends OpenSpan implements ServerSpan {
  readonly req: TracedRequest
  readonly clientAddress: string
  sentFields: RawFields | undefined = undefined
  private readonly closer: ExchangeCloser

  constructor(trace: Trace, req: TracedRequest, clientAddress: string, closer: ExchangeCloser) {
    const [high, low] = trace.incoming.parent?.span ?? NO_PARENT
    super(trace, high, low, performance.now())
    this.req = req
    this.clientAddress = clientAddress
    this.closer = closer
  }

  /** The layer of exchanges is not recorded: what is inside is below the client's span, or has no parent. */
  standForParent(): void {
    this.high = this.parentHigh
    this.low = this.parentLow
  }

  headSent(fields: RawFields): void {
    this.sentFields = fields
  }

  finished(exchange: FinishedExchange): void {
    this.closer.close(exchange, this)
  }
}

const NO_PARENT = [0, 0] as const
