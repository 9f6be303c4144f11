/**
 * Requests and responses of HTTP/2 whose ends show as those of HTTP/1 do. node:http2's compatibility objects call a request
 * `complete` when its stream was cut, and a response finished when its client has gone.
 */

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { ReadableOptions } from 'node:stream'

/** bytes; most of a response in memory that is handed to the stream at once, so that progress shows. */
const PIECE_BYTES = 16 * 1024

/** Why a response was cut by code that gave no reason; with an error the stream ends by RST_STREAM(INTERNAL_ERROR). */
const CUT = new Error('the response was cut')

// node's types declare accessors as properties and methods as functions, which TypeScript does not let a class override
interface RequestShape extends Omit<Http2ServerRequest, 'complete' | 'push'> {
  push(chunk: Buffer | null): boolean
}
const RequestBase = Http2ServerRequest as unknown as new (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  options: ReadableOptions,
  rawHeaders: readonly string[]
) => RequestShape

export class Http2Request extends RequestBase {
  /** Body bytes received so far. */
  bodyBytes = 0
  private ended = false
  private settled = false
  private dropped = false

  /** True when the client has ended its half of the stream (END_STREAM) and neither side has cut it. */
  get complete(): boolean {
    return this.ended || this.stream.endAfterHeaders
  }

  /**
   * Asks the client to stop sending: the response is out and does not need the rest (RFC 9113 §8.1). What has come is dropped.
   * node:http2 keeps a stream with unread bytes, and its session, which could not end when the gateway closes.
   */
  dropRest(): void {
    const { stream } = this
    this.dropped = true
    stream.close()
    stream.removeAllListeners('data')
    stream.resume()
  }

  /** Called by node with each chunk, and with null when the stream ends or closes for any reason. */
  override push(chunk: Buffer | null): boolean {
    if (chunk !== null) this.bodyBytes += chunk.length
    else if (!this.settled) {
      this.settled = true
      this.ended = !this.dropped && this.stream.readableEnded && !isCut(this.stream)
    }
    return super.push(chunk)
  }
}

/** A stream that closed while one half was open. RST_STREAM(NO_ERROR) of a client shows only by `aborted`. */
function isCut(stream: ServerHttp2Stream): boolean {
  return stream.closed && (stream.rstCode !== 0 || stream.aborted)
}

type Told = 'writableEnded' | 'writableFinished' | 'destroyed' | 'writableNeedDrain'

interface ResponseShape extends Omit<Http2ServerResponse, Told | 'write' | 'end' | 'destroy'> {
  write(chunk: Uint8Array | string): boolean
  end(chunk?: Uint8Array | string): unknown
  destroy(error?: Error): unknown
}
const ResponseBase = Http2ServerResponse as unknown as new (stream: ServerHttp2Stream) => ResponseShape

export class Http2Response extends ResponseBase {
  private ending = false
  private wrote = false
  /** The gateway has cut it; before that its client had not reset the stream. */
  wasCut = false
  /** What is left of a large last chunk. */
  private rest: Uint8Array | undefined = undefined

  get writableEnded(): boolean {
    return this.ending
  }

  /** True when all of the response has been handed to the connection. */
  get writableFinished(): boolean {
    // node:http2 sends trailers, mostly none, right behind the last byte of a body
    return this.ending && (this.wrote ? this.stream.sentTrailers !== undefined : this.stream.headersSent)
  }

  get destroyed(): boolean {
    return this.stream.destroyed || this.stream.aborted
  }

  get writableNeedDrain(): boolean {
    return this.stream.writableNeedDrain
  }

  /** Bytes of the body that the client has not let the connection take. */
  get unsentBytes(): number {
    return (this.rest?.length ?? 0) + this.stream.bufferSize
  }

  override write(chunk: Uint8Array | string): boolean {
    if (this.stream.writableEnded) return true // node:http2 has ended it: a HEAD, or a status without content
    this.wrote = true
    return super.write(chunk)
  }

  override end(chunk?: Uint8Array | string): this {
    if (this.ending) return this
    this.ending = true
    if (chunk === undefined || chunk.length === 0 || this.stream.writableEnded) super.end()
    else if (typeof chunk === 'string' || chunk.length <= PIECE_BYTES) this.finish(chunk)
    else {
      this.rest = chunk
      this.stream.on('drain', () => this.feed())
      this.feed()
    }
    return this
  }

  private finish(chunk: Uint8Array | string): void {
    this.wrote = true
    super.end(chunk)
  }

  private feed(): void {
    while (this.rest !== undefined && !this.destroyed) {
      const piece = this.rest.subarray(0, PIECE_BYTES)
      this.rest = this.rest.length > piece.length ? this.rest.subarray(piece.length) : undefined
      if (this.rest === undefined) this.finish(piece)
      else if (!this.write(piece)) return
    }
  }

  /** Cuts a response that is not out: RST_STREAM with an error code, never one that reads as a clean end. */
  override destroy(error: Error = CUT): this {
    if (!this.stream.aborted) this.wasCut = true
    if (!this.writableFinished) super.destroy(error)
    return this
  }
}
