/**
 * Collects encoded spans to requests, and hands each request to the queues of the exporters that want it. The memory of requests goes
 * round: new memory for each would make the engine look through its whole heap again and again.
 */

import { Buffer } from 'node:buffer'
import type { UnixClock } from './clock.js'
import type { ExportRequest } from './export-queue.js'
import { ProtoWriter } from './proto-writer.js'
import type { ResourceFrame } from './resource.js'

/** bytes of spans from which a request is complete; collectors take 4 MiB. */
const REQUEST_BYTES = 256 * 1024
/** bytes beyond {@link REQUEST_BYTES} for the span that completes a request, and the frame. */
const SLACK_BYTES = 8 * 1024
/** Writers without a request that are kept. */
const MOST_SPARE = 4

/** Takes requests. */
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
  private readonly spare: ProtoWriter[] = []
  private spans = 0
  private timer: NodeJS.Timeout | undefined = undefined
  private readonly options: BatcherOptions

  constructor(options: BatcherOptions) {
    this.options = options
  }

  /** What the next span is written to. Call {@link spanWritten} afterwards. */
  open(): ProtoWriter {
    this.writer ??= this.spare.pop() ?? new ProtoWriter(REQUEST_BYTES + SLACK_BYTES)
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
    const request = this.takeRequest(writer, spans)
    this.spans = 0
    for (const queue of options.queues) queue.push(request)
  }

  /** A small request gets memory of its own, so that a queue of them holds no more than it counts. */
  private takeRequest(writer: ProtoWriter, items: number): ExportRequest {
    const bytes = writer.written()
    if (bytes.length > writer.capacity / 2) {
      this.writer = undefined
      return new LentRequest(bytes, items, this.options.queues.length, () => this.takeBack(writer))
    }
    const copy = Buffer.from(bytes)
    writer.truncate(0)
    return { bytes: copy, items }
  }

  private takeBack(writer: ProtoWriter): void {
    if (this.spare.length === MOST_SPARE) return
    writer.truncate(0)
    this.spare.push(writer)
  }
}

/** A request in the memory of a writer, which goes back when all queues are done with it. */
class LentRequest implements ExportRequest {
  readonly bytes: Buffer
  readonly items: number
  private users: number
  private readonly free: () => void

  constructor(bytes: Buffer, items: number, users: number, free: () => void) {
    this.bytes = bytes
    this.items = items
    this.users = users
    this.free = free
  }

  release(): void {
    this.users--
    if (this.users === 0) this.free()
  }
}
