import { EventEmitter } from 'node:events'
import { GatewayError } from '../errors.js'
import type { ByteSink, ByteSource } from '../message/byte-flow.js'

/**
 * A request body on its way up, in the least shape of a stream that undici asks for. It is not a Readable: chunks go
 * straight from the source to the upstream's socket. When undici drops the body, the source decides what closes
 * with it: a client's socket must live on to get the response.
 */
export class Upload extends EventEmitter implements ByteSink {
  private readonly source: ByteSource
  private started = false
  private paused = false
  private over = false
  destroyed = false

  constructor(source: ByteSource) {
    super()
    this.source = source
  }

  /** Only marks the object as a stream for undici; never called. */
  pipe(): never {
    throw new Error('an upload is not piped')
  }

  pause(): this {
    this.paused = true
    return this
  }

  resume(): this {
    this.paused = false
    if (this.over) return this
    if (this.started) this.source.resume()
    else {
      this.started = true
      // undici adds its listeners right after this call
      process.nextTick(begin, this)
    }
    return this
  }

  /** Used by {@link begin}. */
  begin(): void {
    if (!this.over) this.source.flow(this)
  }

  write(chunk: Uint8Array): boolean {
    if (this.over) return false
    this.emit('data', chunk)
    return !this.paused
  }

  end(): void {
    if (this.over) return
    this.over = true
    this.emit('end')
    this.emit('close')
  }

  fail(error: GatewayError): void {
    if (this.over) return
    this.over = true
    this.emit('error', error)
    this.emit('close')
  }

  destroy(error?: unknown): this {
    this.destroyed = true
    if (this.over) return this
    this.over = true
    this.source.destroy(
      error instanceof GatewayError
        ? error
        : new GatewayError('SLUICE_ERR_UPSTREAM_RESET', { message: 'the upload was ended', cause: error })
    )
    this.emit('close')
    return this
  }
}

function begin(upload: Upload): void {
  upload.begin()
}
