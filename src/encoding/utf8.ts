import { StringDecoder } from 'node:string_decoder'
import type { Sliced } from '../message/slices.js'

/** Bytes that are turned into text before others get their turn. */
const SLICE_BYTES = 64 * 1024

/** Reads bytes as UTF-8 text piece by piece, what is no UTF-8 as U+FFFD; no piece ends within a character. */
export function* utf8Pieces(bytes: Buffer): Generator<string> {
  const decoder = new StringDecoder('utf8')
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) yield decoder.write(bytes.subarray(from, from + SLICE_BYTES))
  yield decoder.end()
}

/** Makes UTF-8 of bytes: what is none becomes U+FFFD. */
export function* mendUtf8(bytes: Buffer): Sliced<Buffer> {
  const pieces: Buffer[] = []
  for (const piece of utf8Pieces(bytes)) {
    if (pieces.length > 0) yield
    pieces.push(Buffer.from(piece))
  }
  return Buffer.concat(pieces)
}
