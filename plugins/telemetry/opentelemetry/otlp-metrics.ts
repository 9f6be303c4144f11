/** Metrics as OTLP messages: sums are monotonic, all values count from the start of the gateway. */

import { Buffer } from 'node:buffer'
import { encodeAttributes, encodeText } from '../../_shared/otlp/attributes.js'
import type { UnixClock } from '../../_shared/otlp/clock.js'
import type { ExportRequest } from '../../_shared/otlp/export-queue.js'
import { ProtoWriter } from '../../_shared/otlp/proto-writer.js'
import type { ResourceFrame } from '../../_shared/otlp/resource.js'
import {
  type Distribution,
  type Exemplar,
  type Families,
  type Family,
  grouped,
  type Labels,
  labelsFor,
  type Sees,
  type Series
} from './families.js'

const METRIC = 0x12
const NAME = 0x0a
const DESCRIPTION = 0x12
const UNIT = 0x1a
const GAUGE = 0x2a
const SUM = 0x3a
const HISTOGRAM = 0x4a
const DATA_POINT = 0x0a
const TEMPORALITY = 0x10
const MONOTONIC = 0x18
const CUMULATIVE = 2

const START = 0x11
const TIME = 0x19
const NUMBER_ATTRIBUTE = 0x3a
const NUMBER_DOUBLE = 0x21
const NUMBER_INT = 0x31

const HISTOGRAM_ATTRIBUTE = 0x4a
const COUNT = 0x21
const TOTAL = 0x29
const BUCKETS = 0x32
const BOUNDS = 0x3a
const EXEMPLAR = 0x42
const MIN = 0x59
const MAX = 0x61

const EXEMPLAR_TIME = 0x11
const EXEMPLAR_VALUE = 0x19
const EXEMPLAR_SPAN = 0x22
const EXEMPLAR_TRACE = 0x2a

const FIRST_CAPACITY = 32 * 1024
const TWO_32 = 2 ** 32

/** Encodes all metrics of a gateway. */
export class MetricsEncoder {
  private readonly families: Families
  private readonly frame: ResourceFrame
  private readonly clock: UnixClock
  /** Attributes that were encoded, by the labels of their series. */
  private readonly known = new WeakMap<Labels, string>()
  private capacity = FIRST_CAPACITY

  constructor(families: Families, frame: ResourceFrame, clock: UnixClock) {
    this.families = families
    this.frame = frame
    this.clock = clock
  }

  /**
   * Returns a request with the series that an exporter sees, as they are now.
   * @param slot a later request with the same one says all that this one says
   */
  encode(sees: Sees = () => true, slot?: unknown): ExportRequest {
    this.clock.follow()
    const writer = new ProtoWriter(this.capacity)
    const now = performance.now()
    let items = 0
    for (const family of this.families.shownBy('otlp', sees)) items += this.family(writer, family, now)
    this.frame.close(writer)
    this.capacity = writer.capacity
    return { bytes: Buffer.from(writer.written()), items, slot }
  }

  private family(writer: ProtoWriter, family: Family, now: number): number {
    const mark = writer.size
    const { about, kind } = family
    let points = 0
    if (kind !== 'gauge') {
      if (kind === 'counter') writeFlag(writer, MONOTONIC, 1)
      writeFlag(writer, TEMPORALITY, CUMULATIVE)
    }
    if (kind === 'histogram') {
      for (const [attributes, series] of this.groups(family.series(), HISTOGRAM_ATTRIBUTE)) {
        this.histogram(writer, attributes, series, now)
        points++
      }
    } else {
      for (const [attributes, series] of this.groups(family.series(), NUMBER_ATTRIBUTE)) {
        this.number(
          writer,
          attributes,
          series.reduce((sum, one) => sum + one.data.value, 0),
          now
        )
        points++
      }
    }
    if (points === 0) {
      writer.truncate(mark)
      return 0
    }
    writer.message(mark, kind === 'histogram' ? HISTOGRAM : kind === 'counter' ? SUM : GAUGE)
    if (about.unit !== undefined && about.unit !== '') writer.raw(encodeText(UNIT, about.unit))
    writer.raw(encodeText(DESCRIPTION, about.help))
    writer.raw(encodeText(NAME, about.name))
    writer.message(mark, METRIC)
    return points
  }

  /** Encoded attributes, as text of bytes, and the series that have them. */
  private groups<T>(series: Iterable<Series<T>>, tag: number): Map<string, Series<T>[]> {
    return grouped(series, labels => {
      let text = this.known.get(labels)
      if (text === undefined) {
        text = encodeAttributes(
          tag,
          labelsFor(labels, 'otlp').map(([name, value]) => [name, value] as const)
        ).toString('latin1')
        this.known.set(labels, text)
      }
      return text
    })
  }

  private number(writer: ProtoWriter, attributes: string, value: number, now: number): void {
    const mark = writer.size
    writer.raw(Buffer.from(attributes, 'latin1'))
    if (Number.isSafeInteger(value) && value >= 0) {
      writeWhole(writer, value)
      writer.byte(NUMBER_INT)
    } else {
      writer.double(value)
      writer.byte(NUMBER_DOUBLE)
    }
    this.times(writer, now)
    writer.message(mark, DATA_POINT)
  }

  private histogram(writer: ProtoWriter, attributes: string, series: readonly Series<Distribution>[], now: number): void {
    const mark = writer.size
    const { bounds } = series[0]!.data
    let sum = 0
    let min = Number.POSITIVE_INFINITY
    let max = Number.NEGATIVE_INFINITY
    const counts = new Float64Array(bounds.length + 1)
    for (const { data } of series) {
      sum += data.sum
      min = Math.min(min, data.min)
      max = Math.max(max, data.max)
      for (let i = 0; i < counts.length; i++) counts[i]! += data.counts[i]!
    }
    const count = counts.reduce((all, one) => all + one, 0)
    if (count > 0) {
      writeDouble(writer, MAX, max)
      writeDouble(writer, MIN, min)
    }
    writer.raw(Buffer.from(attributes, 'latin1'))
    for (const { data } of series) for (const one of data.takeExemplars()) this.exemplar(writer, one)
    const boundsMark = writer.size
    for (let i = bounds.length - 1; i >= 0; i--) writer.double(bounds[i]!)
    writer.message(boundsMark, BOUNDS)
    const bucketsMark = writer.size
    for (let i = counts.length - 1; i >= 0; i--) writeWhole(writer, counts[i]!)
    writer.message(bucketsMark, BUCKETS)
    writeDouble(writer, TOTAL, sum)
    writeWhole(writer, count)
    writer.byte(COUNT)
    this.times(writer, now)
    writer.message(mark, DATA_POINT)
  }

  private exemplar(writer: ProtoWriter, { value, traceId, spanId, at }: Exemplar): void {
    const mark = writer.size
    writeBytes(writer, EXEMPLAR_TRACE, Buffer.from(traceId, 'hex'))
    writeBytes(writer, EXEMPLAR_SPAN, Buffer.from(spanId, 'hex'))
    writeDouble(writer, EXEMPLAR_VALUE, value)
    this.clock.write(writer, at)
    writer.byte(EXEMPLAR_TIME)
    writer.message(mark, EXEMPLAR)
  }

  private times(writer: ProtoWriter, now: number): void {
    this.clock.write(writer, now)
    writer.byte(TIME)
    this.clock.write(writer, this.families.since)
    writer.byte(START)
  }
}

/** 64 bits. */
function writeWhole(writer: ProtoWriter, value: number): void {
  writer.fixed64(Math.floor(value / TWO_32), value % TWO_32)
}

function writeDouble(writer: ProtoWriter, tag: number, value: number): void {
  writer.double(value)
  writer.byte(tag)
}

function writeFlag(writer: ProtoWriter, tag: number, value: number): void {
  writer.byte(value)
  writer.byte(tag)
}

function writeBytes(writer: ProtoWriter, tag: number, bytes: Buffer): void {
  const mark = writer.size
  writer.raw(bytes)
  writer.message(mark, tag)
}
