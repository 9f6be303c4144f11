/** Writes spans that have ended to the request that leaves next. */

import { Buffer } from 'node:buffer'
import { type AttributeValue, encodeAttributes, encodeText, keyOf, textAttribute } from '../otlp/attributes.js'
import type { SpanBatcher } from '../otlp/batcher.js'
import type { UnixClock } from '../otlp/clock.js'
import type { TraceNumbers } from '../otlp/ids.js'
import type { ProtoWriter } from '../otlp/proto-writer.js'

export const INTERNAL = 1
export const SERVER = 2
export const CLIENT = 3

/** Field 9 of a span. */
export const ATTRIBUTE = 0x4a

const SPAN = 0x12
const TRACE_ID = 0x0a
const SPAN_ID = 0x12
const TRACE_STATE = 0x1a
const PARENT_ID = 0x22
const NAME = 0x2a
const KIND = 0x30
const START = 0x39
const END = 0x41
const EVENT = 0x5a
const STATUS = 0x7a
/** First byte of the tag of field 16. */
const FLAGS = 0x85

const EVENT_TIME = 0x09
const EVENT_NAME = 0x12
const EVENT_ATTRIBUTE = 0x1a
const STATUS_MESSAGE = 0x12
const STATUS_CODE = 0x18
const OK = 1
const ERROR = 2

/** Second byte of the flags; the first one says "sampled". 1: it is known whether the parent is remote; 2: it is. */
const PARENT_FLAGS = 1
const REMOTE_PARENT_FLAGS = 3

/** What all spans of one place have in common: encoded name, kind and attributes. */
export type SpanShape = Uint8Array

/** Encodes what all spans of one place have in common. */
export function shapeOf(
  name: string,
  kind: number,
  attributes: readonly (readonly [name: string, value: AttributeValue])[]
): SpanShape {
  return Buffer.concat([encodeText(NAME, name), Buffer.from([KIND, kind]), encodeAttributes(ATTRIBUTE, attributes)])
}

/** bytes of a span's head: flags, ids, start and end; without a parent fewer. */
const HEAD = 62
const PARENT = 10

const FIRST_BYTE = encodeText(EVENT_NAME, 'first-byte-time')
const EXCEPTION = encodeText(EVENT_NAME, 'exception')
const EXCEPTION_TYPE = keyOf('exception.type')
const EXCEPTION_MESSAGE = keyOf('exception.message')

/** What all spans have, as it is written. */
export interface WrittenSpan {
  readonly trace: TraceNumbers & { readonly incoming: { readonly state: string } }
  readonly high: number
  readonly low: number
  readonly parentHigh: number
  readonly parentLow: number
  readonly hasRemoteParent: boolean
  readonly startedAt: number
}

export class SpanOutput {
  private readonly batcher: SpanBatcher
  private readonly clock: UnixClock

  constructor(batcher: SpanBatcher, clock: UnixClock) {
    this.batcher = batcher
    this.clock = clock
  }

  /** What the fields of a span that has ended are written to. Call {@link close} in the same turn. */
  open(): ProtoWriter {
    return this.batcher.open()
  }

  /**
   * Ends a span.
   * @param mark size of the writer when the span's own fields began
   * @param endedAt `performance.now()`
   */
  close(writer: ProtoWriter, mark: number, span: WrittenSpan, shape: SpanShape, endedAt: number): void {
    writer.raw(shape)
    const { state } = span.trace.incoming
    if (state !== '') writeText(writer, state, TRACE_STATE)
    this.head(writer, span, endedAt)
    writer.message(mark, SPAN)
    this.batcher.spanWritten()
  }

  /** All that differs in every span, at fixed places. */
  private head(writer: ProtoWriter, span: WrittenSpan, endedAt: number): void {
    const { trace, parentHigh, parentLow, startedAt } = span
    const hasParent = parentHigh !== 0 || parentLow !== 0
    let at = writer.claim(hasParent ? HEAD : HEAD - PARENT)
    const bytes = writer.memory
    bytes[at] = FLAGS
    bytes[at + 1] = 1
    bytes[at + 2] = 1
    bytes[at + 3] = span.hasRemoteParent ? REMOTE_PARENT_FLAGS : PARENT_FLAGS
    bytes[at + 4] = 0
    bytes[at + 5] = 0
    bytes[at + 6] = TRACE_ID
    bytes[at + 7] = 16
    putBigEnd(bytes, at + 8, trace.a)
    putBigEnd(bytes, at + 12, trace.b)
    putBigEnd(bytes, at + 16, trace.c)
    putBigEnd(bytes, at + 20, trace.d)
    bytes[at + 24] = SPAN_ID
    bytes[at + 25] = 8
    putBigEnd(bytes, at + 26, span.high)
    putBigEnd(bytes, at + 30, span.low)
    at += 34
    if (hasParent) {
      bytes[at] = PARENT_ID
      bytes[at + 1] = 8
      putBigEnd(bytes, at + 2, parentHigh)
      putBigEnd(bytes, at + 6, parentLow)
      at += PARENT
    }
    bytes[at] = START
    this.clock.put(bytes, at + 1, startedAt)
    bytes[at + 9] = END
    this.clock.put(bytes, at + 10, Math.max(endedAt, startedAt))
  }

  ok(writer: ProtoWriter): void {
    writer.byte(OK)
    writer.byte(STATUS_CODE)
    writer.byte(2)
    writer.byte(STATUS)
  }

  failed(writer: ProtoWriter, message: string): void {
    const mark = writer.size
    writer.byte(ERROR)
    writer.byte(STATUS_CODE)
    if (message !== '') writeText(writer, message, STATUS_MESSAGE)
    writer.message(mark, STATUS)
  }

  /** @param at `performance.now()` */
  firstByte(writer: ProtoWriter, at: number): void {
    const mark = writer.size
    writer.raw(FIRST_BYTE)
    this.clock.write(writer, at)
    writer.byte(EVENT_TIME)
    writer.message(mark, EVENT)
  }

  /** @param at `performance.now()` */
  exception(writer: ProtoWriter, type: string, message: string, at: number): void {
    const mark = writer.size
    textAttribute(writer, EVENT_ATTRIBUTE, EXCEPTION_MESSAGE, message)
    textAttribute(writer, EVENT_ATTRIBUTE, EXCEPTION_TYPE, type)
    writer.raw(EXCEPTION)
    this.clock.write(writer, at)
    writer.byte(EVENT_TIME)
    writer.message(mark, EVENT)
  }
}

function writeText(writer: ProtoWriter, text: string, tag: number): void {
  const mark = writer.size
  writer.text(text)
  writer.message(mark, tag)
}

/** 32 bits of an identifier. */
function putBigEnd(bytes: Uint8Array, to: number, value: number): void {
  bytes[to] = value >>> 24
  bytes[to + 1] = value >>> 16
  bytes[to + 2] = value >>> 8
  bytes[to + 3] = value
}
