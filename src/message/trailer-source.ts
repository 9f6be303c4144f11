import type { GatewayError } from '../errors.js'
import type { ByteSink, ByteSource } from './byte-flow.js'
import type { FieldMap } from './field-map.js'

/** Sends a body with the trailer fields that stand in a map when it ends: those received, and those that plugins set. */
export class TrailerSource implements ByteSource, ByteSink {
  /** A body of known length has no trailer section (RFC 9112 §6.3, §7.1.2). */
  readonly length = undefined
  private readonly source: ByteSource
  private readonly map: FieldMap
  private sink!: ByteSink

  constructor(source: ByteSource, map: FieldMap) {
    this.source = source
    this.map = map
  }

  flow(sink: ByteSink): void {
    this.sink = sink
    this.source.flow(this)
  }

  resume(): void {
    this.source.resume()
  }

  destroy(error: GatewayError): void {
    this.source.destroy(error)
  }

  write(chunk: Uint8Array): boolean {
    return this.sink.write(chunk)
  }

  /** A field that a plugin set takes the place of the received one. */
  end(trailers: readonly string[]): void {
    const { map } = this
    const received: string[] = []
    for (let i = 0; i < trailers.length; i += 2) if (!map.has(trailers[i]!)) received.push(trailers[i]!, trailers[i + 1]!)
    map.raw.unshift(...received)
    this.sink.end(map.raw)
  }

  fail(error: GatewayError): void {
    this.sink.fail(error)
  }
}
