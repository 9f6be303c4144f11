/**
 * How bytes move through the gateway without a Node stream between the steps: a source pushes chunks into a sink, a sink
 * that is full returns `false` and calls `resume()` on its source later. Exactly one of `end` and `fail` closes a flow.
 */

import type { Readable } from 'node:stream'
import { GatewayError } from '../errors.js'
import { type Owned, UnclaimedFailure, type WorkOwner } from './blame.js'

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
