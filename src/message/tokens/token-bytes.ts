import { isPlain, TokenGrammar } from './token-writer.js'

/** How an ASCII character is written in a string: itself (0), `\` and this, or by `JSON.stringify` (1). */
const ESCAPES = new Uint8Array(128).fill(1, 0, 0x20)
for (const pair of ['""', '\\\\', '\bb', '\ff', '\nn', '\rr', '\tt']) ESCAPES[pair.charCodeAt(0)] = pair.charCodeAt(1)

const NOTHING = Buffer.alloc(0)
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Longer strings cost less in one native call, characters. */
const SHORT = 96

/**
 * Writes tokens as UTF-8. One pass over the characters of a short string quotes and encodes it. Parsing and writing 16 KB takes
 * a fifth less time than with a text that is encoded afterwards. With escapes or umlauts it takes a third less.
 */
export class TokenBytes extends TokenGrammar {
  private bytes: Buffer = NOTHING
  private used = 0

  /** Makes room for as much, bytes; more is made as it is needed. */
  reserve(bytes: number): void {
    if (this.used + bytes <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.used + bytes, this.bytes.length * 2))
    larger.set(this.bytes.subarray(0, this.used))
    this.bytes = larger
  }

  /** A copy of the bytes since the last call; undefined when there are none. */
  take(): Buffer | undefined {
    if (this.used === 0) return undefined
    const taken = Buffer.from(this.bytes.subarray(0, this.used))
    this.used = 0
    return taken
  }

  protected mark(code: number): void {
    if (this.used === this.bytes.length) this.reserve(1)
    this.bytes[this.used++] = code
  }

  protected plain(text: string): void {
    this.reserve(text.length)
    const { bytes } = this
    let at = this.used
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
    this.used = at
  }

  protected string(value: string): void {
    if (value.length > SHORT || !this.short(value)) this.quoted(value)
  }

  /** False, and nothing written, for control characters without a short form and for surrogates. */
  private short(value: string): boolean {
    this.reserve(value.length * 3 + 2)
    const { bytes } = this
    let at = this.used
    bytes[at++] = QUOTE
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code < 0x80) {
        const short = ESCAPES[code]!
        if (short === 0) bytes[at++] = code
        else {
          if (short === 1) return false
          bytes[at++] = BACKSLASH
          bytes[at++] = short
        }
      } else if (code < 0x800) {
        bytes[at++] = 0xc0 | (code >> 6)
        bytes[at++] = 0x80 | (code & 0x3f)
      } else {
        if (code >= 0xd800 && code <= 0xdfff) return false
        bytes[at++] = 0xe0 | (code >> 12)
        bytes[at++] = 0x80 | ((code >> 6) & 0x3f)
        bytes[at++] = 0x80 | (code & 0x3f)
      }
    }
    bytes[at++] = QUOTE
    this.used = at
    return true
  }

  private quoted(value: string): void {
    this.mark(QUOTE)
    this.part(value)
    this.mark(QUOTE)
  }

  protected part(value: string): void {
    if (isPlain(value)) {
      this.reserve(value.length)
      this.used += this.bytes.write(value, this.used, 'latin1')
      return
    }
    const text = JSON.stringify(value).slice(1, -1)
    this.reserve(text.length * 3)
    this.used += this.bytes.write(text, this.used)
  }
}
