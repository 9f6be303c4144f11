import { GatewayError } from '../errors.js'
import { type Owned, UnclaimedFailure, type WorkOwner } from './blame.js'
import type { ByteSink, ByteSource } from './byte-flow.js'

/** Who pushes into a {@link PushSource}. Both may be called while it pushes. */
export interface Pusher {
  /** The reader has room again after a {@link PushSource.push} that returned false. */
  drained(): void
  /** The rest is not needed: the client left, or a plugin replaced the body. Called at most once, and not after the end. */
  gone(reason: GatewayError): void
}

/** Bytes kept until a reader is there; `push` returns false beyond. */
const AHEAD_BYTES = 64 * 1024
const NO_TRAILERS: readonly string[] = []

/**
 * A body that code pushes in pieces as they come, without a Node stream: the answer or the upload of a plugin that runs elsewhere. It
 * never looks whole when it is not: {@link fail} breaks it off, and so does an end before the declared length.
 */
export class PushSource implements ByteSource, Owned {
  readonly length: number | undefined
  owner: WorkOwner | undefined = undefined
  private readonly pusher: Pusher
  private sink: ByteSink | undefined = undefined
  /** Bytes without a reader, or with one that is full. */
  private readonly ahead: Uint8Array[] = []
  private aheadBytes = 0
  /** The reader, or the lack of one, asked to wait. */
  private waits = false
  /** No `push` counts any more. */
  private over = false
  private trailers: readonly string[] | undefined = undefined
  private failure: GatewayError | undefined = undefined
  private pushed = 0

  /** @param length bytes to come, when they are known */
  constructor(pusher: Pusher, length?: number) {
    this.pusher = pusher
    this.length = length
  }

  /** The end, a failure or {@link destroy} came: nothing that is pushed now goes anywhere. */
  get closed(): boolean {
    return this.over
  }

  /** Takes a chunk, which stays unchanged from now on. Returns false when the pusher should wait for `drained`. */
  push(chunk: Uint8Array): boolean {
    if (this.over) return false
    if (chunk.length === 0) return !this.waits
    this.pushed += chunk.length
    if (this.length !== undefined && this.pushed > this.length) {
      this.fail(new Error(`more bytes than its Content-Length of ${this.length}`))
      return false
    }
    if (this.sink !== undefined && this.ahead.length === 0) this.waits = !this.sink.write(chunk)
    else {
      this.ahead.push(chunk)
      this.aheadBytes += chunk.length
      this.waits = this.sink !== undefined || this.aheadBytes >= AHEAD_BYTES
    }
    return !this.waits
  }

  /** The body is whole. `trailers`: a flat field array. */
  end(trailers: readonly string[] = NO_TRAILERS): void {
    if (this.over) return
    if (this.length !== undefined && this.pushed < this.length) {
      return this.fail(new Error(`${this.pushed} bytes of its Content-Length of ${this.length}`))
    }
    this.over = true
    this.trailers = trailers
    this.settle()
  }

  /** The body breaks off: what a plugin threw becomes its failure. */
  fail(cause: unknown): void {
    if (this.over) return
    this.over = true
    this.failure = cause instanceof GatewayError ? cause : this.failureOf(cause)
    this.settle()
  }

  private failureOf(cause: unknown): GatewayError {
    return this.owner === undefined ? new UnclaimedFailure('a body stream failed', cause) : this.owner.failed(cause)
  }

  private settle(): void {
    const { sink } = this
    if (sink === undefined || this.ahead.length > 0) return
    const { failure, trailers } = this
    this.failure = undefined
    this.trailers = undefined
    if (failure !== undefined) sink.fail(failure)
    else if (trailers !== undefined) sink.end(trailers)
  }

  flow(sink: ByteSink): void {
    this.sink = sink
    this.resume()
  }

  resume(): void {
    const sink = this.sink!
    while (this.ahead.length > 0) if (!sink.write(this.ahead.shift()!)) return
    this.aheadBytes = 0
    if (this.over) return this.settle()
    if (!this.waits) return
    this.waits = false
    this.pusher.drained()
  }

  destroy(reason: GatewayError): void {
    this.ahead.length = 0
    if (this.over) return
    this.over = true
    this.pusher.gone(reason)
  }
}
