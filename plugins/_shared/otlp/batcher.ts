/** Collects encoded spans to requests, and hands each request to the queues of the exporters that want it. */

import { Buffer } from 'node:buffer'
import type { UnixClock } from './clock.js'
import type { ExportRequest } from './export-queue.js'
import { ProtoWriter } from './proto-writer.js'
import type { ResourceFrame } from './resource.js'

/** bytes of spans from which a request is complete; collectors take 4 MiB. */
const REQUEST_BYTES = 256 * 1024
/** bytes beyond {@link REQUEST_BYTES} for the span that completes a request, and the frame. */
const SLACK_BYTES = 8 * 1024

/** Takes requests; returns false when it has no room. */
export interface RequestQueue {
  push(request: ExportRequest): void
}

export interface BatcherOptions {
  readonly frame: ResourceFrame
  readonly clock: UnixClock
  readonly queues: readonly RequestQueue[]
  /** ms after which a request leaves that is not complete. */
  readonly delayMs: number
  /** Spans that complete a request. */
  readonly maxSpans: number
}

export class SpanBatcher {
  /** Spans are written to it. Made with the first span, so that a gateway without traffic holds no memory. */
  private writer: ProtoWriter | undefined = undefined
  private spans = 0
  private timer: NodeJS.Timeout | undefined = undefined
  private readonly options: BatcherOptions

  constructor(options: BatcherOptions) {
    this.options = options
  }

  /** What the next span is written to. Call {@link spanWritten} afterwards. */
  open(): ProtoWriter {
    this.writer ??= new ProtoWriter(REQUEST_BYTES + SLACK_BYTES)
    return this.writer
  }

  spanWritten(): void {
    this.spans++
    if (this.writer!.size >= REQUEST_BYTES || this.spans >= this.options.maxSpans) this.flush()
    else if (this.timer === undefined) {
      this.timer = setTimeout(() => this.flush(), this.options.delayMs)
      this.timer.unref()
    }
  }

  /** Hands on what there is. */
  flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const { writer, spans, options } = this
    if (writer === undefined || spans === 0) return
    options.clock.follow()
    options.frame.close(writer)
    const bytes = this.takeBytes(writer)
    this.spans = 0
    for (const queue of options.queues) queue.push({ bytes, items: spans })
  }

  /** A small request gets memory of its own, so that a queue of them holds no more than it counts. */
  private takeBytes(writer: ProtoWriter): Buffer {
    const written = writer.written()
    if (written.length > writer.capacity / 2) {
      this.writer = undefined
      return written
    }
    const bytes = Buffer.from(written)
    writer.truncate(0)
    return bytes
  }
}
