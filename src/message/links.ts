/** Links of a running body chain: each is a sink for what comes before it and a source for what comes after. */

import { GatewayError } from '../errors.js'
import type { ByteSink, ByteSource } from './byte-flow.js'
import { UnclaimedFailure } from './foreign.js'

/** A link of a running chain: a sink for what comes before it, a source for what comes after. */
export abstract class Link implements ByteSink, ByteSource {
  /** Bytes to come, where the link changes none of them; undefined = unknown. */
  length: number | undefined = undefined
  protected upstream!: ByteSource
  protected sink!: ByteSink
  protected closed = false

  connect(upstream: ByteSource): this {
    this.upstream = upstream
    return this
  }

  flow(sink: ByteSink): void {
    this.sink = sink
    this.upstream.flow(this)
  }

  resume(): void {
    this.upstream.resume()
  }

  destroy(error: GatewayError): void {
    if (this.closed) return
    this.closed = true
    this.abort(error)
    this.upstream.destroy(error)
  }

  fail(error: GatewayError): void {
    if (this.closed) return
    this.closed = true
    this.abort(error)
    this.sink.fail(error)
  }

  /** A stage threw: the body breaks off on both sides. */
  protected broke(cause: unknown): false {
    if (this.closed) return false
    this.closed = true
    const error = cause instanceof GatewayError ? cause : this.failureOf(cause)
    this.abort(error)
    this.upstream.destroy(error)
    this.sink.fail(error)
    return false
  }

  /** What a throw that is no GatewayError means. */
  protected failureOf(cause: unknown): GatewayError {
    return new UnclaimedFailure('a body stage failed', cause)
  }

  protected abstract abort(error: Error): void
  abstract write(chunk: Uint8Array): boolean
  abstract end(trailers: readonly string[]): void
}

/** Chunks in, chunks out, synchronously: a token pipe, a shape. `write` and `end` may throw. */
export interface ChunkFilter {
  write(chunk: Uint8Array): readonly Uint8Array[]
  end(): readonly Uint8Array[]
  /** The body is over without an end. */
  abort?(reason: Error): void
}

/** Runs a body through a filter. */
export class FilterLink extends Link {
  private readonly filter: ChunkFilter

  constructor(filter: ChunkFilter) {
    super()
    this.filter = filter
  }

  write(chunk: Uint8Array): boolean {
    if (this.closed) return false
    try {
      return this.push(this.filter.write(chunk))
    } catch (cause) {
      return this.broke(cause)
    }
  }

  private push(parts: readonly Uint8Array[]): boolean {
    let more = true
    for (const part of parts) more = this.sink.write(part) && more
    return more
  }

  end(trailers: readonly string[]): void {
    if (this.closed) return
    try {
      this.push(this.filter.end())
    } catch (cause) {
      this.broke(cause)
      return
    }
    this.closed = true
    this.sink.end(trailers)
  }

  protected abort(error: Error): void {
    try {
      this.filter.abort?.(error)
    } catch {
      // a filter that fails while it is told of a failure has nothing left to lose
    }
  }
}
