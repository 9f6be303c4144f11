/** A body in memory that lies in several places: what was written anew, and views of the bytes that were read. */

import { allocateBytes } from './slab.js'

/** Byte strings (bytes read as latin1) and bytes, in their order. They are joined only where code wants them in one place. */
export class Pieces {
  readonly list: readonly (string | Buffer)[]
  /** bytes */
  readonly length: number

  constructor(list: readonly (string | Buffer)[]) {
    this.list = list
    let length = 0
    for (const piece of list) length += piece.length
    this.length = length
  }

  join(): Buffer {
    const { list, length } = this
    const joined = allocateBytes(length)
    let at = 0
    for (const piece of list) {
      if (typeof piece === 'string') joined.write(piece, at, 'latin1')
      else joined.set(piece, at)
      at += piece.length
    }
    return joined
  }

  /** The bytes as text, read as UTF-8. */
  toString(): string {
    return this.join().toString()
  }
}

/** Bytes as one Buffer. */
export const joined = (bytes: Buffer | Pieces): Buffer => (bytes instanceof Pieces ? bytes.join() : bytes)
