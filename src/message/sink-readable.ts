import { Readable } from 'node:stream'
import type { GatewayError } from '../errors.js'
import { GatewayError as GatewayErrorClass } from '../errors.js'
import type { ByteSink, ByteSource } from './byte-flow.js'

/** A byte source as a Node Readable, with its back-pressure; destroying it frees the source. */
export class SinkReadable extends Readable implements ByteSink {
  private readonly source: ByteSource
  private started = false
  private over = false
  private ended = false

  constructor(source: ByteSource) {
    super()
    this.source = source
  }

  /** Its reader waits for bytes that have not come. */
  get hungry(): boolean {
    return this.started && !this.ended && this.readableLength === 0 && (!this.destroyed || this.errored !== null)
  }

  override _read(): void {
    if (this.started) {
      this.source.resume()
      return
    }
    this.started = true
    this.source.flow(this)
  }

  write(chunk: Uint8Array): boolean {
    return this.push(chunk)
  }

  end(): void {
    this.over = true
    this.ended = true
    this.push(null)
  }

  fail(error: GatewayError): void {
    this.over = true
    this.destroy(error)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.over) {
      this.over = true
      const reason =
        error instanceof GatewayErrorClass
          ? error
          : new GatewayErrorClass('SLUICE_ERR_PLUGIN_FAILED', { message: 'the body stream was closed', cause: error })
      this.source.destroy(reason)
    }
    done(error)
  }
}
