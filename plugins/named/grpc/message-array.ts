import { Readable } from 'node:stream'
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'

/** A stream of messages as the text of a JSON array, with back-pressure. Destroying it cancels the call. */
export class MessageArray extends Readable {
  private readonly call: ClientReadableStream<object>
  private started = false
  private ended = false

  constructor(call: ClientReadableStream<object>, first: object | undefined) {
    super()
    this.call = call
    call.on('data', (message: object) => this.add(message))
    call.on('end', () => this.finish())
    call.on('error', (error: ServiceError) => this.destroy(error))
    if (first === undefined) this.finish()
    else this.add(first)
  }

  private add(message: object): void {
    const more = this.push(`${this.started ? ',' : '['}${JSON.stringify(message)}`)
    this.started = true
    if (!more) this.call.pause()
  }

  private finish(): void {
    if (this.ended || this.destroyed) return
    this.ended = true
    this.push(this.started ? ']' : '[]')
    this.push(null)
  }

  override _read(): void {
    if (!this.ended) this.call.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.ended) this.call.cancel()
    done(error)
  }
}
