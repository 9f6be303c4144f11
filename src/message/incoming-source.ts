import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.js'
import { fieldOf } from '../http/fields.js'
import type { ByteSink, ByteSource } from './byte-flow.js'
import { joinChunks } from './collect-sink.js'

/** Largest body that is taken in one piece, bytes: what one read of the connection can bring. */
const WHOLE_BYTES = 64 * 1024

/**
 * A client's request body. A sink gets `end` only for a body that came whole: over HTTP/2 that is known by END_STREAM, not by
 * the length, so the chunk that reaches the length waits for it. Nothing is read before a sink asks; the listener then sends 100 (`Expect: 100-continue`).
 * Destroying it only stops the reading: the socket stays, because the response still has to go out on it.
 */
export class IncomingSource implements ByteSource {
  /** From `Content-Length`; undefined when chunked. */
  readonly length: number | undefined
  private readonly req: IncomingMessage
  private readonly maxBytes: number
  private sink: ByteSink | undefined
  /** Body bytes read so far. */
  received = 0
  private over = false
  /** HTTP/2: the last chunk of a body of known length. */
  private last: Buffer | undefined = undefined

  /** @param maxBytes `router.max_request_bytes`; 0 = no limit */
  constructor(req: IncomingMessage, maxBytes: number) {
    this.req = req
    this.maxBytes = maxBytes
    const length = fieldOf(req.rawHeaders, 'content-length')
    this.length = length === undefined ? undefined : Number(length)
  }

  flow(sink: ByteSink): void {
    // a second call for the same body (`next` again): what has been read is gone
    if (this.sink !== undefined || this.over) return sink.fail(new GatewayError('SLUICE_ERR_PLUGIN_BODY_TAKEN'))
    this.sink = sink
    const { req, length, maxBytes } = this
    if (maxBytes > 0 && length !== undefined && length > maxBytes) return this.finish(this.overLimit())
    // what was read, or dropped behind a response, is gone
    if (req.readableEnded && req.complete) return this.finish(new GatewayError('SLUICE_ERR_PLUGIN_BODY_TAKEN'))
    if (req.readableEnded || req.destroyed) return this.finish(clientAborted())
    req.on('data', (chunk: Buffer) => this.take(chunk))
    req.on('end', () => this.finish(req.complete ? undefined : clientAborted()))
    req.on('error', cause => this.finish(cause instanceof GatewayError ? cause : clientAborted()))
    req.on('close', () => {
      if (!req.complete) this.finish(clientAborted())
    })
  }

  /** A small body mostly comes in one read with its head: one write to the upstream, no stream (bench/peers, post-16k). */
  takeWhole(): Buffer | undefined {
    const { req, length, maxBytes } = this
    if (this.sink !== undefined || this.over || req.destroyed || req.httpVersionMajor !== 1) return undefined
    if (length === undefined || length > WHOLE_BYTES) return undefined
    if (req.readableLength !== length || (maxBytes > 0 && length > maxBytes)) return undefined
    if (fieldOf(req.rawHeaders, 'expect') !== undefined) return undefined // a read sends 100 Continue
    this.over = true
    this.received = length
    const chunks: Buffer[] = []
    // newer versions of Node.js return one chunk at a time
    for (let size = 0; size < length; size += chunks[chunks.length - 1]!.length) chunks.push(req.read() as Buffer)
    req.resume() // to its end, for the connection's sake
    return joinChunks(chunks, length)
  }

  private take(chunk: Buffer): void {
    if (this.over) return
    this.received += chunk.length
    if (this.maxBytes > 0 && this.received > this.maxBytes) return this.finish(this.overLimit())
    if (this.received === this.length && this.req.httpVersionMajor !== 1) this.last = chunk
    else if (!this.sink!.write(chunk)) this.req.pause()
  }

  private finish(error: GatewayError | undefined): void {
    if (this.over) return
    this.over = true
    if (error === undefined) {
      if (this.last !== undefined) this.sink!.write(this.last)
      this.sink!.end(this.req.rawTrailers)
    } else {
      this.req.pause()
      this.sink!.fail(error)
    }
  }

  private overLimit(): GatewayError {
    return new GatewayError('SLUICE_ERR_CLIENT_BODY_TOO_LARGE', { limit: `max_request_bytes=${this.maxBytes}` })
  }

  resume(): void {
    if (!this.over) this.req.resume()
  }

  destroy(): void {
    this.over = true
    this.req.pause()
  }
}

/** The failure of an exchange whose client has left. */
export function clientAborted(): GatewayError {
  return new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'context canceled' })
}
