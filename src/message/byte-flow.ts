/**
 * How bytes move through the gateway without a Node stream between the steps: a source pushes chunks into a sink, a sink
 * that is full returns `false` and calls `resume()` on its source later. Exactly one of `end` and `fail` closes a flow.
 */

import type { Readable } from 'node:stream'
import { GatewayError } from '../errors.js'
import { type Owned, UnclaimedFailure, type WorkOwner } from './blame.js'
import { allocateBytes } from './slab.js'

/** Takes the bytes of one body. A chunk is lent: it may be read only during `write`, unless the sink keeps it unchanged. */
export interface ByteSink {
  /** Returns false when the source should wait for {@link ByteSource.resume}; the chunk was taken all the same. */
  write(chunk: Uint8Array): boolean
  /** `trailers` is a flat field array, usually empty. */
  end(trailers: readonly string[]): void
  /** The body broke off; what was written so far must not look complete. */
  fail(error: GatewayError): void
  /** True when the memory of every chunk written may be used again. Absent = unknown. */
  readonly spent?: boolean
  /** It measures by itself how long the body stands still. */
  readonly watchesIdle?: boolean
}

/** Gives the bytes of one body, once. */
export interface ByteSource {
  /** Bytes to come, when known. */
  readonly length: number | undefined
  /** Starts pushing into `sink`; called once. */
  flow(sink: ByteSink): void
  /** Goes on after a `write` that returned false. */
  resume(): void
  /** The rest is not needed: frees the connection or stream behind it. The sink gets no further call. */
  destroy(error: GatewayError): void
  /**
   * Instead of `flow`: takes all bytes when they are here already, else returns undefined and has done nothing. A source that
   * has it is likely to have all bytes a tick later.
   */
  takeWhole?(): Buffer | undefined
}

const NO_TRAILERS: readonly string[] = []

/** ms that chunks which were read ahead may take of one turn of the event loop. */
const REPLAY_MS = 8

/** A body in memory; can be made again from the same bytes. */
export class BufferSource implements ByteSource {
  readonly length: number
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.length = bytes.length
  }

  flow(sink: ByteSink): void {
    if (this.bytes.length > 0) sink.write(this.bytes)
    sink.end(NO_TRAILERS)
  }

  resume(): void {}
  destroy(): void {}
}

/** Chunks that were read ahead, then the rest of the source they came from. */
export class ReplaySource implements ByteSource, ByteSink {
  readonly length: number | undefined
  private readonly chunks: Uint8Array[]
  private readonly rest: ByteSource
  private sink: ByteSink | undefined
  private started = false
  /** Goes on in the next turn of the event loop. */
  private turn: NodeJS.Immediate | undefined

  /** `rest` was started with a sink that hands over to this object (see `Body`). */
  constructor(chunks: Uint8Array[], rest: ByteSource, length: number | undefined) {
    this.chunks = chunks
    this.rest = rest
    this.length = length
  }

  private ended: readonly string[] | undefined
  private failed: GatewayError | undefined

  flow(sink: ByteSink): void {
    this.sink = sink
    this.resume()
  }

  /** What was read ahead may be much, and the sink may do more than copy it: others get their turn in between. */
  resume(): void {
    if (this.turn !== undefined) return
    const sink = this.sink!
    const until = this.chunks.length > 1 ? performance.now() + REPLAY_MS : 0
    while (this.chunks.length > 0) {
      if (!sink.write(this.chunks.shift()!)) return
      if (this.chunks.length === 0 || performance.now() < until) continue
      this.turn = setImmediate(() => {
        this.turn = undefined
        this.resume()
      })
      return
    }
    if (this.failed !== undefined) return sink.fail(this.failed)
    if (this.ended !== undefined) return sink.end(this.ended)
    this.started = true
    this.rest.resume()
  }

  destroy(error: GatewayError): void {
    clearImmediate(this.turn)
    this.chunks.length = 0
    this.rest.destroy(error)
  }

  write(chunk: Uint8Array): boolean {
    if (this.started) return this.sink!.write(chunk)
    this.chunks.push(chunk)
    return false
  }

  end(trailers: readonly string[]): void {
    if (this.started) this.sink!.end(trailers)
    else this.ended = trailers
  }

  fail(error: GatewayError): void {
    if (this.started) this.sink!.fail(error)
    else this.failed = error
  }
}

/** A Readable that a plugin gave. */
export class ReadableSource implements ByteSource, Owned {
  readonly length: number | undefined
  owner: WorkOwner | undefined = undefined
  private readonly readable: Readable
  private readonly broken: string
  private sink: ByteSink | undefined
  private done = false

  /** @param broken says what failed as long as its owner is not known */
  constructor(readable: Readable, broken: string, length?: number) {
    this.readable = readable
    this.broken = broken
    this.length = length
    readable.on('error', cause => this.finish(cause))
  }

  flow(sink: ByteSink): void {
    this.sink = sink
    const { readable } = this
    if (readable.errored) return this.finish(readable.errored)
    if (readable.readableEnded || readable.destroyed) return this.finish(new Error('the stream was already closed'))
    readable.on('data', (chunk: Uint8Array | string) => {
      if (!this.done && !sink.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)) readable.pause()
    })
    readable.on('end', () => this.finish(undefined))
    readable.on('close', () => this.finish(new Error('the stream was closed before its end')))
  }

  private finish(cause: unknown): void {
    if (this.done || this.sink === undefined) return
    this.done = true
    if (cause === undefined) this.sink.end(NO_TRAILERS)
    else this.sink.fail(cause instanceof GatewayError ? cause : this.failureOf(cause))
  }

  private failureOf(cause: unknown): GatewayError {
    return this.owner === undefined ? new UnclaimedFailure(this.broken, cause) : this.owner.failed(cause)
  }

  resume(): void {
    this.readable.resume()
  }

  destroy(error: GatewayError): void {
    this.done = true
    this.readable.destroy(error)
  }
}

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

/** A source that broke while it was read into memory: the next reader gets the same error. */
export class FailedSource implements ByteSource {
  readonly length = undefined
  private readonly error: GatewayError

  constructor(error: GatewayError) {
    this.error = error
  }

  flow(sink: ByteSink): void {
    sink.fail(this.error)
  }

  resume(): void {}
  destroy(): void {}
}

/** Takes anything and keeps nothing. */
export const DROP: ByteSink = { write: () => true, end() {}, fail() {} }

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
