/** Pieces up to this length are copied byte by byte: a call costs more. */
const SHORT = 24

/** Text being written as bytes, into one buffer that grows. */
export class ByteWriter {
  private bytes: Buffer
  private length = 0

  /** @param expected bytes that there is room for at first. */
  constructor(expected: number) {
    this.bytes = Buffer.allocUnsafe(expected + 64)
  }

  /** The byte written last; -1 = none yet. */
  get last(): number {
    return this.length === 0 ? -1 : this.bytes[this.length - 1]!
  }

  byte(byte: number): void {
    if (this.length === this.bytes.length) this.grow(1)
    this.bytes[this.length++] = byte
  }

  /** Copies all of `from`. */
  write(from: Buffer): void {
    this.copy(from, 0, from.length)
  }

  /** Copies a part of `from`. */
  copy(from: Buffer, start: number, end: number): void {
    const size = end - start
    if (this.length + size > this.bytes.length) this.grow(size)
    if (size > SHORT) from.copy(this.bytes, this.length, start, end)
    else for (let i = 0; i < size; i++) this.bytes[this.length + i] = from[start + i]!
    this.length += size
  }

  /** Writes text in UTF-8. */
  text(text: string): void {
    const { length } = text
    if (this.length + length * 3 > this.bytes.length) this.grow(length * 3)
    if (length <= SHORT && this.ascii(text)) return
    this.length += this.bytes.write(text, this.length)
  }

  private ascii(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return false
      this.bytes[this.length + i] = code
    }
    this.length += text.length
    return true
  }

  private grow(by: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.length + by, Math.ceil(this.bytes.length * 1.5)))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  /** What was written; nothing may be written afterwards. */
  finish(): Buffer {
    return this.bytes.subarray(0, this.length)
  }
}
