/** Bodies read into memory, where something needs all of one. */

import { Buffer } from 'node:buffer'
import { GatewayError } from '../errors.js'
import { type ByteSink, type ByteSource, DROP } from './byte-flow.js'
import { allocateBytes } from './slab.js'

const NO_TRAILERS: readonly string[] = []

/** bytes; a body up to this length is copied together as it comes, so that what reads it can use its memory again at once. */
export const MOST_COPIED = 64 * 1024
/** So many times its first chunk a body may be long to be copied. */
const MOST_AHEAD = 4

/** Reads a source into memory. */
export class CollectSink implements ByteSink {
  spent = false
  private readonly chunks: Uint8Array[] = []
  private size = 0
  /** bytes; the length of a body that is copied, else 0. */
  private copied: number
  /** What {@link allocateBytes} gave for a body that is copied: nothing else lies there. */
  target: Buffer | undefined = undefined
  private readonly source: ByteSource
  private readonly limit: number
  private readonly done: (error: GatewayError | undefined, bytes: Buffer, trailers: readonly string[]) => void
  private readonly overflow: ((chunks: Uint8Array[]) => ByteSink) | undefined
  private forward: ByteSink | undefined

  /**
   * @param limit most bytes to hold
   * @param overflow called with the chunks so far when there are more; returns the sink for what still comes.
   *   Without it the source is destroyed and `done` gets SLUICE_ERR_BODY_TOO_LARGE.
   */
  constructor(
    source: ByteSource,
    limit: number,
    done: (error: GatewayError | undefined, bytes: Buffer, trailers: readonly string[]) => void,
    overflow?: (chunks: Uint8Array[]) => ByteSink
  ) {
    this.source = source
    this.limit = limit
    this.done = done
    this.overflow = overflow
    const { length = 0 } = source
    this.copied = length <= MOST_COPIED && length <= limit ? length : 0
  }

  write(chunk: Uint8Array): boolean {
    if (this.forward !== undefined) return this.passOn(this.forward, chunk)
    // a sender that is slow from the start gets no memory for what it has not sent
    if (this.size === 0 && chunk.length < this.copied / MOST_AHEAD) this.copied = 0
    if (this.size + chunk.length <= this.copied) return this.copy(chunk)
    this.spent = false
    this.keepCopied()
    this.chunks.push(chunk)
    this.size += chunk.length
    if (this.size <= this.limit) return true
    if (this.overflow !== undefined) {
      this.forward = this.overflow(this.chunks)
      return false
    }
    const error = tooLarge(this.limit)
    this.source.destroy(error)
    this.done(error, EMPTY, NO_TRAILERS)
    this.forward = DROP
    return false
  }

  private passOn(sink: ByteSink, chunk: Uint8Array): boolean {
    const more = sink.write(chunk)
    this.spent = sink.spent === true
    return more
  }

  private copy(chunk: Uint8Array): true {
    this.target ??= allocateBytes(this.copied)
    this.target.set(chunk, this.size)
    this.size += chunk.length
    this.spent = true
    return true
  }

  /** The body is longer than was said. */
  private keepCopied(): void {
    if (this.target !== undefined) this.chunks.push(this.target.subarray(0, this.size))
    this.target = undefined
  }

  end(trailers: readonly string[]): void {
    if (this.forward !== undefined) return this.forward.end(trailers)
    const { target, size } = this
    const bytes =
      target === undefined ? joinChunks(this.chunks, size) : size === target.length ? target : target.subarray(0, size)
    this.done(undefined, bytes, trailers)
  }

  fail(error: GatewayError): void {
    if (this.forward !== undefined) return this.forward.fail(error)
    this.done(error, EMPTY, NO_TRAILERS)
  }
}

const EMPTY = Buffer.alloc(0)

/** Joins chunks; a single Buffer is returned as it is. */
export function joinChunks(chunks: readonly Uint8Array[], size: number): Buffer {
  if (chunks.length === 1) {
    const only = chunks[0]!
    return Buffer.isBuffer(only) ? only : Buffer.from(only.buffer, only.byteOffset, only.length)
  }
  return Buffer.concat(chunks, size)
}

export function tooLarge(limit: number): GatewayError {
  return new GatewayError('SLUICE_ERR_BODY_TOO_LARGE', { limit: `max_body_bytes=${limit}` })
}
