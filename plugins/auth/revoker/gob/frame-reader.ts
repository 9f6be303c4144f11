import { GobError } from './types.js'

/** Cuts a stream of bytes into the messages of gob. Holds what came of a message that is not complete. */
export class FrameReader {
  private chunks: Uint8Array[] = []
  /** bytes that came and are in no message yet. */
  private held = 0

  get heldBytes(): number {
    return this.held
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.chunks.push(chunk)
    this.held += chunk.length
  }

  /**
   * Returns the next message without its length; undefined when it is not complete.
   * @param limitBytes a longer message is refused as soon as its length is there
   * @throws GobError
   */
  next(limitBytes: number): Uint8Array | undefined {
    const head = this.lengthHead()
    if (head === undefined) return undefined
    if (head.length > limitBytes) throw new GobError(`a message of ${head.length} bytes, ${limitBytes} are allowed`)
    const end = head.bytes + head.length
    if (this.held < end) return undefined
    const all = this.joined()
    this.held -= end
    this.chunks = this.held === 0 ? [] : [all.subarray(end)]
    return all.subarray(head.bytes, end)
  }

  /** Reads the length before a message, which takes up to 9 bytes. */
  private lengthHead(): { readonly length: number; readonly bytes: number } | undefined {
    if (this.held === 0) return undefined
    let first = this.chunks[0]!
    const count = first[0]! < 0x80 ? 0 : 0x100 - first[0]!
    if (count > 8) throw new GobError('the length of a message has more than 8 bytes')
    if (this.held < count + 1) return undefined
    if (first.length < count + 1) first = this.joined()
    if (count === 0) return { length: first[0]!, bytes: 1 }
    let length = 0
    for (let i = 1; i <= count; i++) length = length * 256 + first[i]!
    return { length, bytes: count + 1 }
  }

  private joined(): Uint8Array {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)]
    return this.chunks[0]!
  }
}
