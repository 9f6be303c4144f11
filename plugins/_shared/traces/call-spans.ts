/** The spans of calls: the round trip until the head, and the reading of the body below it. */

import type { CallTrace, CallTracer, Span } from 'sluice/plugin'
import {
  type AttributeValue,
  doubleAttribute,
  intAttribute,
  RememberedText,
  textAttribute,
  urlAttribute
} from '../otlp/attributes.js'
import type { ProtoWriter } from '../otlp/proto-writer.js'
import * as keys from './keys.js'
import { OpenSpan } from './open-span.js'
import type { FieldReport } from './reported-fields.js'
import { safeUrl } from './safe-url.js'
import { ATTRIBUTE, CLIENT, INTERNAL, type SpanOutput, type SpanShape, shapeOf } from './span-output.js'

export interface CallSpansOptions {
  readonly output: SpanOutput
  /** Of all calls; undefined = each call names itself. */
  readonly name: string | undefined
  readonly attributes: readonly (readonly [name: string, value: AttributeValue])[]
  /** Undefined = header fields are not reported. */
  readonly report: FieldReport | undefined
  readonly roundTrip: boolean
  readonly readPayload: boolean
  readonly connection: boolean
  /** True where endpoints decide what is recorded of exchanges, or where it goes: spans wait for the end then. */
  readonly waits?: () => boolean
}

const READ_NAME = 'http.client.response.read.tracker'
/** Most names that calls give themselves. */
const MOST_NAMES = 256
/** What names a call whose method is none of these, as OpenTelemetry's conventions have it. */
const UNKNOWN_METHOD = 'HTTP'
const METHODS: ReadonlySet<string> = new Set('GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT QUERY'.split(' '))
/** The status of a connection that changed its protocol: no body is read. */
const SWITCHED = 101

/** The span of a call, and what it was sent with. */
class CallSpan extends OpenSpan {
  fields: readonly string[] = []
}

export class CallSpans implements CallTracer {
  readonly wantsFields: boolean
  private readonly options: CallSpansOptions
  private readonly shapes = new Map<string, SpanShape>()
  /** Of all calls; undefined = each call has its own. */
  private readonly callShape: SpanShape | undefined
  private readonly readShape: SpanShape
  private readonly userAgent = new RememberedText(ATTRIBUTE, keys.USER_AGENT)
  private readonly method = new RememberedText(ATTRIBUTE, keys.METHOD)
  /** By the origin of the call. */
  private readonly serverAddress = new RememberedText(ATTRIBUTE, keys.SERVER_ADDRESS, hostOf)

  constructor(options: CallSpansOptions) {
    this.options = options
    this.wantsFields = options.report !== undefined && options.roundTrip
    const { name, attributes } = options
    this.callShape = name === undefined ? undefined : shapeOf(name, CLIENT, attributes)
    this.readShape = shapeOf(READ_NAME, INTERNAL, attributes)
  }

  begin(parent: Span, call: CallTrace, fields: string[]): Span {
    const outer = parent as OpenSpan
    const span = new CallSpan(outer.trace, outer.high, outer.low, call.startedAt)
    span.fields = fields
    if (!this.options.roundTrip) span.standFor(outer)
    return span
  }

  end(span: Span, call: CallTrace): void {
    const { output, waits } = this.options
    const own = span as CallSpan
    if (waits?.() === true) own.trace.hold({ writeTo: chosen => this.write(chosen, own, call) })
    else this.write(output, own, call)
  }

  private write(output: SpanOutput, span: CallSpan, call: CallTrace): void {
    const { roundTrip, readPayload } = this.options
    if (roundTrip) this.writeCall(output, span, call)
    if (readPayload && call.headAt !== 0 && call.status !== SWITCHED && call.bytes >= 0) this.writeRead(output, span, call)
  }

  private writeCall(output: SpanOutput, span: CallSpan, call: CallTrace): void {
    const { report, connection } = this.options
    const { headAt, status, error } = call
    const writer = output.open()
    const mark = writer.size
    if (headAt === 0) writeFailure(output, writer, call)
    else {
      if (status >= 500) output.failed(writer, '')
      else output.ok(writer)
      if (connection) {
        output.firstByte(writer, headAt)
        const { opening } = call
        doubleAttribute(writer, ATTRIBUTE, keys.TLS_DURATION, opening === undefined ? 0 : opening.tlsMs / 1000)
        doubleAttribute(writer, ATTRIBUTE, keys.LOOKUP_DURATION, opening === undefined ? 0 : opening.lookupMs / 1000)
        doubleAttribute(writer, ATTRIBUTE, keys.CONNECTION_DURATION, seconds(call.startedAt, call.connectedAt))
      }
      doubleAttribute(writer, ATTRIBUTE, keys.RESPONSE_DURATION, seconds(call.startedAt, headAt))
      intAttribute(writer, ATTRIBUTE, keys.RESPONSE_SIZE, call.declaredBytes)
      intAttribute(writer, ATTRIBUTE, keys.STATUS, status)
      if (report !== undefined && call.answerFields !== undefined) report.response(writer, call.answerFields)
    }
    if (headAt === 0 && error !== undefined) textAttribute(writer, ATTRIBUTE, keys.ERROR_TYPE, error.code)
    if (report !== undefined) report.request(writer, span.fields)
    this.writeRequest(writer, span.fields, call)
    output.close(writer, mark, span, this.callShape ?? this.shapeFor(call), headAt || call.endedAt)
  }

  /** Names are few: what is one too many has its method as name. */
  private shapeFor({ name, method }: CallTrace): SpanShape {
    const own = name !== '' && (this.shapes.has(name) || this.shapes.size < MOST_NAMES)
    const chosen = own ? name : METHODS.has(method) ? method : UNKNOWN_METHOD
    let shape = this.shapes.get(chosen)
    if (shape === undefined) {
      shape = shapeOf(chosen, CLIENT, this.options.attributes)
      this.shapes.set(chosen, shape)
    }
    return shape
  }

  private writeRead(output: SpanOutput, span: CallSpan, call: CallTrace): void {
    const { headAt, endedAt, error } = call
    const writer = output.open()
    const mark = writer.size
    if (error === undefined) output.ok(writer)
    else writeFailure(output, writer, call)
    doubleAttribute(writer, ATTRIBUTE, keys.READ_TIME, seconds(headAt, endedAt))
    intAttribute(writer, ATTRIBUTE, keys.READ_SIZE, call.bytes)
    if (error !== undefined) textAttribute(writer, ATTRIBUTE, keys.ERROR_TYPE, error.code)
    output.close(writer, mark, OpenSpan.below(span, headAt), this.readShape, endedAt)
  }

  private writeRequest(writer: ProtoWriter, fields: readonly string[], call: CallTrace): void {
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i]!
      if (name.length === 10 && name.toLowerCase() === 'user-agent') this.userAgent.write(writer, fields[i + 1]!)
    }
    if (call.requestBytes >= 0) intAttribute(writer, ATTRIBUTE, keys.REQUEST_SIZE, call.requestBytes)
    this.method.write(writer, call.method)
    this.serverAddress.write(writer, call.origin)
    urlAttribute(writer, ATTRIBUTE, keys.URL_FULL, call.origin, safeUrl(call.path))
  }
}

/** `http://host:port` → `host:port` */
const hostOf = (origin: string): string => origin.slice(origin.indexOf('/') + 2)

const seconds = (from: number, to: number): number => (to - from) / 1000

function writeFailure(output: SpanOutput, writer: ProtoWriter, { error, endedAt }: CallTrace): void {
  const message = error?.message ?? ''
  output.failed(writer, message)
  output.exception(writer, error?.code ?? 'Error', message, endedAt)
}
