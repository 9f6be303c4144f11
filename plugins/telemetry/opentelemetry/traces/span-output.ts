/** Writes spans that have ended to the request that leaves next. */

import { encodeText, keyOf, textAttribute } from '../../../_shared/otlp/attributes.js'
import type { SpanBatcher } from '../../../_shared/otlp/batcher.js'
import type { UnixClock } from '../../../_shared/otlp/clock.js'
import type { ProtoWriter } from '../../../_shared/otlp/proto-writer.js'
import type { OpenSpan } from './open-span.js'

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
const FLAGS = 0x85

const EVENT_TIME = 0x09
const EVENT_NAME = 0x12
const EVENT_ATTRIBUTE = 0x1a
const STATUS_MESSAGE = 0x12
const STATUS_CODE = 0x18
const OK = 1
const ERROR = 2

/** Flags of spans: sampled, and it is known whether the parent is remote. */
const SAMPLED_FLAG = 0x101
const REMOTE_PARENT_FLAG = 0x200

/** What all spans of one place have in common. */
export interface SpanShape {
  /** Encoded by {@link spanName}. */
  readonly name: Uint8Array
  readonly kind: number
  /** Encoded attributes. */
  readonly fixed: Uint8Array
}

/** Encodes the name of a span. */
export function spanName(name: string): Uint8Array {
  return encodeText(NAME, name)
}

const FIRST_BYTE = encodeText(EVENT_NAME, 'first-byte-time')
const EXCEPTION = encodeText(EVENT_NAME, 'exception')
const EXCEPTION_TYPE = keyOf('exception.type')
const EXCEPTION_MESSAGE = keyOf('exception.message')

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
  close(writer: ProtoWriter, mark: number, span: OpenSpan, shape: SpanShape, endedAt: number): void {
    const { trace, parentHigh, parentLow } = span
    writer.raw(shape.fixed)
    this.clock.write(writer, Math.max(endedAt, span.startedAt))
    writer.byte(END)
    this.clock.write(writer, span.startedAt)
    writer.byte(START)
    writer.byte(shape.kind)
    writer.byte(KIND)
    writer.raw(shape.name)
    const hasParent = parentHigh !== 0 || parentLow !== 0
    if (hasParent) writeHalves(writer, parentHigh, parentLow, PARENT_ID)
    const { parent, state } = trace.incoming
    if (state !== '') writeText(writer, state, TRACE_STATE)
    writeHalves(writer, span.high, span.low, SPAN_ID)
    const [a, b, c, d] = trace.id
    writer.bigEndian32(d)
    writer.bigEndian32(c)
    writer.bigEndian32(b)
    writer.bigEndian32(a)
    writer.byte(16)
    writer.byte(TRACE_ID)
    const isRemote = hasParent && parent !== undefined && parent.span[0] === parentHigh && parent.span[1] === parentLow
    writer.fixed32(isRemote ? SAMPLED_FLAG | REMOTE_PARENT_FLAG : SAMPLED_FLAG)
    writer.varint(FLAGS)
    writer.message(mark, SPAN)
    this.batcher.spanWritten()
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

function writeHalves(writer: ProtoWriter, high: number, low: number, tag: number): void {
  writer.bigEndian32(low)
  writer.bigEndian32(high)
  writer.byte(8)
  writer.byte(tag)
}
