import type { Observer } from 'sluice/plugin'

/** Copies a body while it flows; a body over the limit, or one that breaks off, is let go. */
export class BodyCopy implements Observer {
  private readonly limit: number
  private readonly done: (body: Buffer) => void
  private chunks: Buffer[] = []
  private size = 0

  /** @param limit bytes. @param done gets the whole body at its end */
  constructor(limit: number, done: (body: Buffer) => void) {
    this.limit = limit
    this.done = done
  }

  chunk(chunk: Uint8Array): void {
    this.size += chunk.length
    if (this.size > this.limit) this.chunks = []
    else this.chunks.push(Buffer.from(chunk))
  }

  end(): void {
    if (this.size <= this.limit) this.done(Buffer.concat(this.chunks, this.size))
    this.chunks = []
  }

  abort(): void {
    this.chunks = []
  }
}
