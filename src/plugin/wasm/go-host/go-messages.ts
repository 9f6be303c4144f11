/** Messages between the gateway and a Go module: numbers of four bytes, texts with their length before them, all little-endian. */

/** Operations of messages to Go. The names stand in `go/http/zz_sluice_border.go`. */
export const OP = {
  request: 1,
  wake: 2,
  cancel: 3,
  make: 4,
  modifyRequest: 5,
  modifyResponse: 6,
  stop: 7,
  drop: 8,
  count: 9
} as const

const START_BYTES = 16 * 1024
/** Most bytes that a buffer keeps when it is empty again. */
const KEPT_BYTES = 1024 * 1024
/** Shorter texts are copied in a loop, which is faster than a call into C++. */
const SHORT = 24
/** What the upper half of a number of eight bytes counts. */
const HALF = 2 ** 32
/** Room for the length of all messages. */
const HEAD = 4

/** Messages to Go that wait to be delivered together. What is written while Go runs is delivered next. */
export class Outbox {
  /** Messages that wait. */
  count = 0
  private bytes = Buffer.allocUnsafe(START_BYTES)
  private end = HEAD
  /** Where the message begins that is being written. */
  private begun = 0

  get empty(): boolean {
    return this.end === HEAD
  }

  /** Begins a message; {@link done} ends it. */
  begin(op: number): this {
    this.count++
    this.begun = this.end
    this.end += 4
    return this.u32(op)
  }

  done(): void {
    this.bytes.writeInt32LE(this.end - this.begun - 4, this.begun)
  }

  u32(value: number): this {
    this.room(8)
    this.bytes.writeInt32LE(value | 0, this.end)
    this.end += 4
    return this
  }

  /** A whole number, as two halves. */
  i64(value: number): this {
    this.room(8)
    const high = Math.floor(value / HALF)
    this.bytes.writeInt32LE((value - high * HALF) | 0, this.end)
    this.bytes.writeInt32LE(high | 0, this.end + 4)
    this.end += 8
    return this
  }

  /** A text of bytes: fields, methods, paths. */
  latin(text: string): this {
    const { length } = text
    this.room(8 + length)
    const { bytes } = this
    bytes.writeInt32LE(length, this.end)
    let at = this.end + 4
    if (length < SHORT) for (let i = 0; i < length; i++) bytes[at++] = text.charCodeAt(i)
    else at += bytes.write(text, at, 'latin1')
    this.end = at
    return this
  }

  utf8(text: string): this {
    const length = Buffer.byteLength(text)
    this.room(8 + length)
    this.bytes.writeInt32LE(length, this.end)
    this.bytes.write(text, this.end + 4, 'utf8')
    this.end += 4 + length
    return this
  }

  /** A text without its length: the rest of the message. */
  rest(text: string): this {
    const length = Buffer.byteLength(text)
    this.room(4 + length)
    this.bytes.write(text, this.end, 'utf8')
    this.end += length
    return this
  }

  /** How many pairs there are, then the pairs of a flat array; those that `leave` names in lower case are left out. */
  pairs(raw: readonly string[], leave?: string): this {
    this.room(8)
    const at = this.end
    this.end += 4
    let count = 0
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!
      if (leave !== undefined && name.length === leave.length && name.toLowerCase() === leave) continue
      this.latin(name).latin(raw[i + 1]!)
      count++
    }
    this.bytes.writeInt32LE(count, at)
    return this
  }

  /** Returns all messages, their length in front, and is empty. The memory is used again: it is lent until the next message. */
  take(): Buffer {
    const { bytes, end } = this
    bytes.writeInt32LE(end - HEAD, 0)
    this.clear()
    return bytes.subarray(0, end)
  }

  clear(): void {
    this.count = 0
    this.end = HEAD
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafe(START_BYTES)
  }

  private room(size: number): void {
    const needed = this.end + size
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, needed))
    this.bytes.copy(larger, 0, 0, this.end)
    this.bytes = larger
  }
}

/** Reads what Go wrote. The bytes are Go's own memory: what is kept must be copied. */
export class GoMessage {
  private readonly bytes: Buffer
  private at: number
  private readonly end: number

  constructor(memory: Buffer, at: number, length: number) {
    this.bytes = memory
    this.at = at
    this.end = at + length
  }

  u32(): number {
    const value = this.bytes.readUInt32LE(this.at)
    this.at += 4
    return value
  }

  i64(): number {
    const { bytes, at } = this
    this.at += 8
    return bytes.readInt32LE(at + 4) * HALF + bytes.readUInt32LE(at)
  }

  /** A text of bytes. */
  latin(): string {
    const length = this.u32()
    const { bytes, at } = this
    this.at += length
    if (length >= SHORT) return bytes.toString('latin1', at, at + length)
    let text = ''
    for (let i = at; i < at + length; i++) text += String.fromCharCode(bytes[i]!)
    return text
  }

  utf8(): string {
    const length = this.u32()
    const { at } = this
    this.at += length
    return this.bytes.toString('utf8', at, at + length)
  }

  /** Pairs as a flat array. */
  pairs(): string[] {
    const raw: string[] = []
    for (let left = this.u32(); left > 0; left--) raw.push(this.latin(), this.latin())
    return raw
  }

  /** Fields that differ, each with the values it has now; none: it was deleted. */
  edits(): FieldEdit[] {
    const edits: FieldEdit[] = []
    for (let left = this.u32(); left > 0; left--) {
      const name = this.latin()
      const values: string[] = []
      for (let more = this.u32(); more > 0; more--) values.push(this.latin())
      edits.push({ name, values })
    }
    return edits
  }

  /** A copy of all that is left. */
  rest(): Buffer {
    return Buffer.from(this.bytes.subarray(this.at, this.end))
  }
}

/** One field that a plugin has changed. */
export interface FieldEdit {
  readonly name: string
  readonly values: readonly string[]
}
