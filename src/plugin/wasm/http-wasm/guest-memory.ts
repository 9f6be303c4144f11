import { Buffer } from 'node:buffer'
import type { WasmMemory } from '../web-assembly.js'

/** The memory of one instance: texts and bytes in and out of it, with every border checked. */
export class GuestMemory {
  private readonly memory: WasmMemory
  private view: Buffer

  constructor(memory: WasmMemory) {
    this.memory = memory
    this.view = Buffer.from(memory.buffer)
  }

  /** bytes */
  get size(): number {
    return this.current().length
  }

  /** The bytes themselves: lent until the instance runs again. @throws RangeError outside of the memory */
  lend(at: number, length: number, what: string): Buffer {
    const view = this.current()
    const start = at >>> 0
    const end = start + (length >>> 0)
    if (end > view.length) throw new RangeError(`out of memory reading ${what}`)
    return view.subarray(start, end)
  }

  /** A text whose characters are bytes, as header fields are. */
  latin1(at: number, length: number, what: string): string {
    if (length === 0) return ''
    const view = this.current()
    const start = at >>> 0
    const end = start + (length >>> 0)
    if (end > view.length) throw new RangeError(`out of memory reading ${what}`)
    return view.toString('latin1', start, end)
  }

  utf8(at: number, length: number, what: string): string {
    return this.lend(at, length, what).toString('utf8')
  }

  /** Writes a text whose characters are bytes, when it is no longer than `limit`. Returns its length in any case. */
  putLatin1(at: number, limit: number, text: string): number {
    const { length } = text
    if (length === 0 || length > limit >>> 0) return length
    const view = this.current()
    const start = at >>> 0
    if (start + length > view.length) throw new RangeError('out of memory writing')
    view.write(text, start, length, 'latin1')
    return length
  }

  /** As {@link putLatin1}. */
  putBytes(at: number, limit: number, bytes: Uint8Array): number {
    const { length } = bytes
    if (length === 0 || length > limit >>> 0) return length
    this.lend(at, length, 'a buffer').set(bytes)
    return length
  }

  /** Writes texts with a NUL behind each, when they fit. Returns `count << 32 | length`, as the ABI wants it. */
  putList(at: number, limit: number, texts: readonly string[]): bigint {
    if (texts.length === 0) return 0n
    let length = texts.length
    for (const text of texts) length += text.length
    const result = (BigInt(texts.length) << 32n) | BigInt(length)
    if (length > limit >>> 0) return result
    const view = this.current()
    let to = at >>> 0
    if (to + length > view.length) throw new RangeError('out of memory writing')
    for (const text of texts) {
      view.write(text, to, text.length, 'latin1')
      to += text.length
      view[to++] = 0
    }
    return result
  }

  putU32(at: number, value: number): void {
    this.lend(at, 4, 'a number').writeUInt32LE(value >>> 0)
  }

  putU64(at: number, value: bigint): void {
    this.lend(at, 8, 'a number').writeBigUInt64LE(value)
  }

  u32(at: number): number {
    return this.lend(at, 4, 'a number').readUInt32LE()
  }

  /** Growth makes another buffer, and the old one empty. */
  private current(): Buffer {
    if (this.view.length === 0) this.view = Buffer.from(this.memory.buffer)
    return this.view
  }
}
