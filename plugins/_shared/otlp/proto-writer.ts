/**
 * Writes protobuf backwards: the last field first, each message before its length. A length is known when it is written, so no
 * message is made twice and nothing is moved.
 */

import { Buffer } from 'node:buffer'

/** Texts up to this length are written by a loop: a call into the runtime costs more. */
const SHORT_TEXT = 48
const SHORT_BYTES = 32

export class ProtoWriter {
  private bytes: Buffer
  /** Index of the byte that was written last. */
  private at: number

  /** @param capacity bytes; grows when it has to */
  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity)
    this.at = capacity
  }

  /** Bytes written. Messages begin at such a mark: see {@link message}. */
  get size(): number {
    return this.bytes.length - this.at
  }

  get capacity(): number {
    return this.bytes.length
  }

  /** What was written, in the memory of the writer. */
  written(): Buffer {
    return this.bytes.subarray(this.at)
  }

  /** Forgets what was written after `mark`. */
  truncate(mark: number): void {
    this.at = this.bytes.length - mark
  }

  /**
   * Makes room for `length` bytes in front of what was written. Returns the index of the first one in {@link memory}, where they must
   * be written before the next call.
   */
  claim(length: number): number {
    if (this.at < length) this.reserve(length)
    this.at -= length
    return this.at
  }

  /** The memory of the writer. Another one after it has grown. */
  get memory(): Uint8Array {
    return this.bytes
  }

  private reserve(length: number): void {
    if (this.at >= length) return
    const { bytes, at } = this
    const size = bytes.length - at
    const grown = Buffer.allocUnsafe(Math.max(bytes.length * 2, size + length))
    this.at = grown.length - size
    bytes.copy(grown, this.at, at)
    this.bytes = grown
  }

  /** Ends a message or text whose last byte was written at `mark`: its length and the tag of its field. */
  message(mark: number, tag: number): void {
    this.varint(this.size - mark)
    this.tag(tag)
  }

  /** Field number and wire type: `number << 3 | type`. */
  tag(tag: number): void {
    if (tag < 0x80) this.byte(tag)
    else this.varint(tag)
  }

  byte(value: number): void {
    if (this.at === 0) this.reserve(1)
    this.bytes[--this.at] = value
  }

  /** An integer up to 2^53 - 1, also a negative one. */
  varint(value: number): void {
    if (value >= 0 && value < 0x80) return this.byte(value)
    if (value < 0) return this.negative(value)
    this.reserve(8)
    let length = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++
    let to = this.at - length
    this.at = to
    let rest = value
    for (; length > 1; length--) {
      this.bytes[to++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.bytes[to] = rest
  }

  /** Two's complement in 64 bits, ten bytes. */
  private negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value))
    this.reserve(10)
    this.at -= 10
    for (let i = 0; i < 10; i++) {
      this.bytes[this.at + i] = Number(rest & 0x7fn) | (i < 9 ? 0x80 : 0)
      rest >>= 7n
    }
  }

  /** 32 bits, little end first. */
  fixed32(value: number): void {
    this.reserve(4)
    const { bytes } = this
    const at = this.at - 4
    this.at = at
    bytes[at] = value
    bytes[at + 1] = value >>> 8
    bytes[at + 2] = value >>> 16
    bytes[at + 3] = value >>> 24
  }

  /** 64 bits, little end first. */
  fixed64(high: number, low: number): void {
    this.fixed32(high)
    this.fixed32(low)
  }

  double(value: number): void {
    this.reserve(8)
    this.at -= 8
    this.bytes.writeDoubleLE(value, this.at)
  }

  /** Bytes as they are. */
  raw(source: Uint8Array): void {
    const { length } = source
    this.reserve(length)
    const at = this.at - length
    this.at = at
    if (length > SHORT_BYTES) {
      this.bytes.set(source, at)
      return
    }
    const { bytes } = this
    for (let i = 0; i < length; i++) bytes[at + i] = source[i]!
  }

  /** UTF-8 without its length. */
  text(value: string): void {
    const { length } = value
    if (length <= SHORT_TEXT) {
      this.reserve(length)
      const { bytes } = this
      const at = this.at - length
      let i = 0
      for (; i < length; i++) {
        const code = value.charCodeAt(i)
        if (code > 0x7f) break
        bytes[at + i] = code
      }
      if (i === length) {
        this.at = at
        return
      }
    }
    const size = Buffer.byteLength(value)
    this.reserve(size)
    this.at -= size
    this.bytes.write(value, this.at, size, 'utf8')
  }
}
