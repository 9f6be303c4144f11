/** Writes structures of Thrift's binary protocol. */

import { Buffer } from 'node:buffer'

const STOP = 0
const BOOL = 2
const DOUBLE = 4
const I32 = 8
const I64 = 10
const TEXT = 11
const STRUCT = 12
const LIST = 15

const FIRST_CAPACITY = 64 * 1024

export class ThriftWriter {
  private bytes = Buffer.allocUnsafe(FIRST_CAPACITY)
  private size = 0

  /** What was written so far. */
  written(): Buffer {
    return this.bytes.subarray(0, this.size)
  }

  flag(field: number, value: boolean): void {
    this.head(BOOL, field)
    this.size = this.room(1).writeUInt8(value ? 1 : 0, this.size)
  }

  int(field: number, value: number): void {
    this.head(I32, field)
    this.size = this.room(4).writeInt32BE(value, this.size)
  }

  long(field: number, value: bigint): void {
    this.head(I64, field)
    this.size = this.room(8).writeBigInt64BE(value, this.size)
  }

  double(field: number, value: number): void {
    this.head(DOUBLE, field)
    this.size = this.room(8).writeDoubleBE(value, this.size)
  }

  text(field: number, value: string): void {
    this.head(TEXT, field)
    const length = Buffer.byteLength(value)
    this.size = this.room(4).writeInt32BE(length, this.size)
    this.size += this.room(length).write(value, this.size)
  }

  /** A structure whose fields `write` writes. */
  struct(field: number, write: () => void): void {
    this.head(STRUCT, field)
    write()
    this.stop()
  }

  /** A list of structures; nothing when it is empty. */
  structs<T>(field: number, items: readonly T[], write: (item: T) => void): void {
    if (items.length === 0) return
    this.head(LIST, field)
    this.size = this.room(5).writeUInt8(STRUCT, this.size)
    this.size = this.bytes.writeInt32BE(items.length, this.size)
    for (const item of items) {
      write(item)
      this.stop()
    }
  }

  /** Ends a structure. */
  stop(): void {
    this.size = this.room(1).writeUInt8(STOP, this.size)
  }

  private head(type: number, field: number): void {
    this.size = this.room(3).writeUInt8(type, this.size)
    this.size = this.bytes.writeInt16BE(field, this.size)
  }

  private room(more: number): Buffer {
    if (this.size + more > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.size + more))
      this.bytes.copy(grown, 0, 0, this.size)
      this.bytes = grown
    }
    return this.bytes
  }
}
