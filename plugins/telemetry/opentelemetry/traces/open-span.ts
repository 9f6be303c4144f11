/** Spans while they are open. What they are is written when they end; until then a span is its ids and its start. */

import type { ServerSpan, Span } from 'sluice/plugin'
import { hex64, random32 } from '../../../_shared/otlp/ids.js'
import { type Incoming, type Outgoing, type Propagation, type RawFields, traceIdOf } from './propagation.js'

/** One trace, as far as it runs through this gateway. */
export class Trace {
  /** The four quarters of its id. */
  readonly id: readonly [number, number, number, number]
  readonly propagation: Propagation
  readonly incoming: Incoming
  private text: string | undefined = undefined

  /**
   * @param high third quarter of the id of a trace that begins here
   * @param low fourth quarter
   */
  constructor(propagation: Propagation, incoming: Incoming, high = random32(), low = random32()) {
    this.propagation = propagation
    this.incoming = incoming
    this.id = incoming.parent?.trace ?? [random32(), random32(), high, low]
  }

  get traceId(): string {
    this.text ??= traceIdOf(this.id)
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
  startedAt: number

  constructor(trace: Trace, parentHigh: number, parentLow: number) {
    this.trace = trace
    this.parentHigh = parentHigh
    this.parentLow = parentLow
    this.high = random32()
    this.low = random32()
    this.startedAt = performance.now()
  }

  /** Opens a span below another one, which this component has opened. */
  static below(parent: Span): OpenSpan {
    const { trace, high, low } = parent as OpenSpan
    return new OpenSpan(trace, high, low)
  }

  get traceId(): string {
    return this.trace.traceId
  }

  get spanId(): string {
    return hex64(this.high, this.low)
  }

  /** True for all spans: there are none of an exchange that is not recorded. */
  get sampled(): boolean {
    return true
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

/** The span of an exchange. */
export class ExchangeSpan extends OpenSpan implements ServerSpan {
  readonly req: TracedRequest
  readonly clientAddress: string
  sentFields: RawFields | undefined = undefined

  constructor(trace: Trace, req: TracedRequest, clientAddress: string) {
    const [high, low] = trace.incoming.parent?.span ?? NO_PARENT
    super(trace, high, low)
    this.req = req
    this.clientAddress = clientAddress
  }

  /** The layer of exchanges is not recorded: what is inside is below the client's span, or has no parent. */
  standForParent(): void {
    this.high = this.parentHigh
    this.low = this.parentLow
  }

  headSent(fields: RawFields): void {
    this.sentFields = fields
  }
}

const NO_PARENT = [0, 0] as const
