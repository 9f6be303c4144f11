/** Links of a running body chain: each is a sink for what comes before it and a source for what comes after. */

import { GatewayError } from '../errors.js'
import { UnclaimedFailure } from './blame.js'
import type { ByteSink, ByteSource } from './byte-flow.js'

/** A link of a running chain: a sink for what comes before it, a source for what comes after. */
export abstract class BodyLink implements ByteSink, ByteSource {
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
  /** The body breaks off. */
  abort?(reason: Error): void
}

/** Bytes that a filter gets at once. */
const PIECE_BYTES = 64 * 1024
/** ms that a filter may work on one chunk in one turn of the event loop. */
const TURN_MS = 8

/** Runs a body through a filter. A large chunk is filtered in pieces, and others get their turn in between. */
export class FilterLink extends BodyLink {
  private readonly filter: ChunkFilter
  /** What is left of a large chunk, and chunks that came behind it. */
  private readonly waiting: Uint8Array[] = []
  private turn: NodeJS.Immediate | undefined
  /** Trailers of an end that came while chunks were waiting. */
  private ending: readonly string[] | undefined

  constructor(filter: ChunkFilter) {
    super()
    this.filter = filter
  }

  write(chunk: Uint8Array): boolean {
    if (this.closed) return false
    if (chunk.length > PIECE_BYTES || this.waiting.length > 0) {
      this.waiting.push(chunk)
      return this.waiting.length === 1 && this.work()
    }
    return this.run(chunk)
  }

  private run(chunk: Uint8Array): boolean {
    try {
      return this.push(this.filter.write(chunk))
    } catch (cause) {
      return this.broke(cause)
    }
  }

  /** Works on the waiting chunks until its time is over or the sink is full. True when none is left and the sink has room. */
  private work(): boolean {
    const until = performance.now() + TURN_MS
    const { waiting } = this
    for (let chunk = waiting[0]; chunk !== undefined; chunk = waiting[0]) {
      const piece = chunk.subarray(0, PIECE_BYTES)
      if (piece.length === chunk.length) waiting.shift()
      else waiting[0] = chunk.subarray(PIECE_BYTES)
      const hasRoom = this.run(piece)
      if (this.closed) return false
      if (!hasRoom) return false
      if (waiting.length > 0 && performance.now() > until) {
        this.turn = setImmediate(() => {
          this.turn = undefined
          this.goOn()
        })
        return false
      }
    }
    return true
  }

  private goOn(): void {
    if (!this.work()) return
    if (this.ending === undefined) this.upstream.resume()
    else this.finish(this.ending)
  }

  override resume(): void {
    if (this.waiting.length === 0 && this.ending === undefined) this.upstream.resume()
    else if (this.turn === undefined) this.goOn()
  }

  private push(parts: readonly Uint8Array[]): boolean {
    let more = true
    for (const part of parts) more = this.sink.write(part) && more
    return more
  }

  end(trailers: readonly string[]): void {
    if (this.closed) return
    if (this.waiting.length > 0) this.ending = trailers
    else this.finish(trailers)
  }

  private finish(trailers: readonly string[]): void {
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
    clearImmediate(this.turn)
    this.waiting.length = 0
    try {
      this.filter.abort?.(error)
    } catch {
      // the body has failed already: a second failure changes nothing
    }
  }
}
