import { GobError } from './types.js'

/** Reads the primitive values of gob from one message. Every method throws GobError where the bytes end early. */
export class ByteReader {
  private readonly bytes: Buffer
  private at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  /** An unsigned number: one byte below 128, else the complement of a count and that many bytes, big-endian. */
  uint(): number | bigint {
    const first = this.byte()
    if (first < 0x80) return first
    const count = 0x100 - first
    if (count > 8) throw new GobError('a number of more than 8 bytes')
    if (count > this.left) throw new GobError('the message ends within a number')
    const start = this.at
    this.at += count
    if (count <= 6) return this.bytes.readUIntBE(start, count)
    let value = 0n
    for (let i = start; i < this.at; i++) value = (value << 8n) | BigInt(this.bytes[i]!)
    return value <= MAX_SAFE ? Number(value) : value
  }

  /** A signed number: the lowest bit says whether the others are complemented. */
  int(): number | bigint {
    const coded = this.uint()
    if (typeof coded === 'bigint') {
      const value = coded & 1n ? -(coded >> 1n) - 1n : coded >> 1n
      return value >= -MAX_SAFE && value <= MAX_SAFE ? Number(value) : value
    }
    const half = Math.floor(coded / 2)
    return coded % 2 === 1 ? -half - 1 : half
  }

  /** A count of bytes or elements, each of which takes a byte at least: never more than are left. */
  count(): number {
    const count = this.uint()
    if (typeof count === 'bigint' || count > this.left) throw new GobError('a length beyond the end of the message')
    return count
  }

  /** The number of a type, or the distance to a field: small. */
  small(value: number | bigint): number {
    if (typeof value === 'bigint' || Math.abs(value) > MAX_SMALL)
      throw new GobError('the number of a type or field is out of range')
    return value
  }

  bool(): boolean {
    const value = this.uint()
    if (value !== 0 && value !== 1) throw new GobError('a boolean that is neither 0 nor 1')
    return value === 1
  }

  /** IEEE 754 bits in reversed order of bytes, as an unsigned number. */
  float(): number {
    SCRATCH.writeBigUInt64BE(BigInt(this.uint()))
    return SCRATCH.readDoubleLE()
  }

  /** A view of the message, not a copy. */
  view(): Buffer {
    const count = this.count()
    const start = this.at
    this.at += count
    return this.bytes.subarray(start, this.at)
  }

  /** Text in UTF-8; what is no UTF-8 becomes U+FFFD. */
  text(): string {
    return this.view().toString('utf8')
  }

  private byte(): number {
    if (this.at >= this.bytes.length) throw new GobError('the message ends within a value')
    return this.bytes[this.at++]!
  }
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)
const MAX_SMALL = 1 << 20
const SCRATCH = Buffer.alloc(8)
