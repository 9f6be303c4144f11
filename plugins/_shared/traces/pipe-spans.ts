/** The spans of endpoints' pipes and of backends, and of the stages in them. */

import type { CallTracer, PipeResult, PipeTracer, Span, StageTracer } from 'sluice/plugin'
import { GatewayError } from 'sluice/plugin'
import { type AttributeValue, boolAttribute, intAttribute, textAttribute } from '../otlp/attributes.js'
import * as keys from './keys.js'
import { OpenSpan, type Trace } from './open-span.js'
import type { FieldReport } from './reported-fields.js'
import { ATTRIBUTE, INTERNAL, type SpanOutput, type SpanShape, shapeOf } from './span-output.js'

type Attributes = readonly (readonly [name: string, value: AttributeValue])[]

export interface PipeSpansOptions {
  readonly output: SpanOutput
  readonly name: string
  /** Those that never change. */
  readonly attributes: Attributes
  readonly report: FieldReport | undefined
  /** The endpoint passes responses through: their status is known. */
  readonly passthrough: boolean
}

/** KrakenD's status for data, and for failures. */
const DATA_STATUS = 0
const FAILED_STATUS = 500

/** A span that remembers what its pipe was asked with, for its report. */
class ReportedSpan extends OpenSpan {
  fields: readonly string[] = []
}

export class PipeSpans implements PipeTracer {
  private readonly output: SpanOutput
  private readonly name: string
  private readonly attributes: Attributes
  private readonly shape: SpanShape
  /** Of runs that are complete, by status: nothing else differs in them. */
  private readonly complete = new Map<number, SpanShape>()
  private readonly report: FieldReport | undefined
  private readonly passthrough: boolean

  constructor({ output, name, attributes, report, passthrough }: PipeSpansOptions) {
    this.output = output
    this.name = name
    this.attributes = attributes
    this.shape = shapeOf(name, INTERNAL, attributes)
    this.report = report
    this.passthrough = passthrough
  }

  begin(parent: Span, request: { readonly raw: string[] }, startedAt: number): Span {
    if (this.report === undefined) return OpenSpan.below(parent, startedAt)
    const { trace, high, low } = parent as OpenSpan
    const span = new ReportedSpan(trace, high, low, startedAt)
    span.fields = request.raw.slice()
    return span
  }

  end(span: Span, result: PipeResult): void {
    const { output, report, passthrough } = this
    const { outcome, error, response, endedAt } = result
    const writer = output.open()
    const mark = writer.size
    if (outcome === 'complete' && response !== undefined && report === undefined && error === undefined) {
      const shape = this.completeShape(passthrough ? response.status : DATA_STATUS)
      output.close(writer, mark, span as OpenSpan, shape, endedAt)
      return
    }
    const failed = outcome === 'failed'
    if (failed || (outcome === 'canceled' && result.needed)) output.failed(writer, '')
    if (report !== undefined) {
      report.request(writer, (span as ReportedSpan).fields)
      if (passthrough && response !== undefined) report.response(writer, response.raw)
    }
    const status = statusOf(response, passthrough, failed)
    intAttribute(writer, ATTRIBUTE, keys.STATUS, status)
    boolAttribute(writer, ATTRIBUTE, keys.COMPLETE, outcome === 'complete')
    if (outcome === 'canceled') boolAttribute(writer, ATTRIBUTE, keys.CANCELED, true)
    else if (error !== undefined) textAttribute(writer, ATTRIBUTE, keys.ERROR, messageOf(error))
    if (error instanceof GatewayError) textAttribute(writer, ATTRIBUTE, keys.ERROR_TYPE, error.code)
    output.close(writer, mark, span as OpenSpan, this.shape, endedAt)
  }

  private completeShape(status: number): SpanShape {
    let shape = this.complete.get(status)
    if (shape === undefined) {
      const outcome: Attributes = [
        ['complete', true],
        ['http.response.status_code', status]
      ]
      shape = shapeOf(this.name, INTERNAL, [...this.attributes, ...outcome])
      this.complete.set(status, shape)
    }
    return shape
  }
}

/** The span of a stage, below which its own calls are. */
class StageSpan extends OpenSpan {
  private readonly stage: StageSpans

  constructor(trace: Trace, stage: StageSpans, parent: OpenSpan, startedAt: number) {
    super(trace, parent.high, parent.low, startedAt)
    this.stage = stage
  }

  override get calls(): CallTracer | undefined {
    return this.stage.calls
  }
}

export interface StageSpansOptions {
  readonly output: SpanOutput
  readonly name: string
  readonly attributes: Attributes
  /** Makes what records the calls of the stage; undefined = they have no spans. */
  readonly calls: () => CallTracer | undefined
}

/** The spans of one plugin, script or component in one place. */
export class StageSpans implements StageTracer {
  private readonly output: SpanOutput
  private readonly shape: SpanShape
  private readonly makeCalls: () => CallTracer | undefined
  /** Few stages make calls: it is made with the first one. null = not yet. */
  private callTracer: CallTracer | undefined | null = null

  constructor({ output, name, attributes, calls }: StageSpansOptions) {
    this.output = output
    this.shape = shapeOf(name, INTERNAL, attributes)
    this.makeCalls = calls
  }

  get calls(): CallTracer | undefined {
    if (this.callTracer === null) this.callTracer = this.makeCalls()
    return this.callTracer
  }

  begin(parent: Span, startedAt: number): Span {
    const outer = parent as OpenSpan
    return new StageSpan(outer.trace, this, outer, startedAt)
  }

  end(span: Span, error: unknown, endedAt: number): void {
    this.write(this.output, span as OpenSpan, error, endedAt)
  }

  protected write(output: SpanOutput, span: OpenSpan, error: unknown, endedAt: number): void {
    const writer = output.open()
    const mark = writer.size
    if (error !== undefined) {
      output.failed(writer, '')
      textAttribute(writer, ATTRIBUTE, keys.ERROR, messageOf(error))
      if (error instanceof GatewayError) textAttribute(writer, ATTRIBUTE, keys.ERROR_TYPE, error.code)
    }
    output.close(writer, mark, span, this.shape, endedAt)
  }
}

/** The spans of a stage of the service. */
export class ServiceStageSpans extends StageSpans {
  private readonly waits: () => boolean

  /** @param waits true where endpoints decide what is recorded of exchanges, or where it goes: spans wait for the end then */
  constructor(options: StageSpansOptions, waits: () => boolean) {
    super(options)
    this.waits = waits
  }

  override end(span: Span, error: unknown, endedAt: number): void {
    if (!this.waits()) return super.end(span, error, endedAt)
    const own = span as OpenSpan
    own.trace.hold({ writeTo: output => this.write(output, own, error, endedAt) })
  }
}

/** A response that has begun has its status under no-op, also when it breaks off. */
function statusOf(response: PipeResult['response'], passthrough: boolean, failed: boolean): number {
  if (response === undefined) return FAILED_STATUS
  if (passthrough) return response.status
  return failed ? FAILED_STATUS : DATA_STATUS
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
