import { GatewayError } from '../errors.js'
import type { ByteSink, ByteSource } from '../message/byte-flow.js'

/** Shapes JSON text while it flows: chunks in, chunks out; throws on text that is not JSON. */
export interface StreamShape {
  write(chunk: Uint8Array): readonly Uint8Array[]
  end(): readonly Uint8Array[]
}

/** A body of any size that is shaped on its way. */
export class ShapedSource implements ByteSource, ByteSink {
  readonly length = undefined
  private readonly upstream: ByteSource
  private readonly shape: StreamShape
  private sink!: ByteSink
  private over = false

  constructor(upstream: ByteSource, shape: StreamShape) {
    this.upstream = upstream
    this.shape = shape
  }

  flow(sink: ByteSink): void {
    this.sink = sink
    this.upstream.flow(this)
  }

  resume(): void {
    this.upstream.resume()
  }

  destroy(error: GatewayError): void {
    this.over = true
    this.upstream.destroy(error)
  }

  write(chunk: Uint8Array): boolean {
    if (this.over) return false
    let parts: readonly Uint8Array[]
    try {
      parts = this.shape.write(chunk)
    } catch (cause) {
      this.broke(cause)
      return false
    }
    return this.push(parts)
  }

  private push(parts: readonly Uint8Array[]): boolean {
    let more = true
    for (const part of parts) more = this.sink.write(part) && more
    return more
  }

  end(trailers: readonly string[]): void {
    if (this.over) return
    try {
      this.push(this.shape.end())
    } catch (cause) {
      this.broke(cause)
      return
    }
    this.over = true
    this.sink.end(trailers)
  }

  fail(error: GatewayError): void {
    if (this.over) return
    this.over = true
    this.sink.fail(error)
  }

  private broke(cause: unknown): void {
    this.over = true
    const error =
      cause instanceof GatewayError
        ? cause
        : new GatewayError('SLUICE_ERR_UPSTREAM_DECODE', { message: (cause as Error).message, cause })
    this.upstream.destroy(error)
    this.sink.fail(error)
  }
}
