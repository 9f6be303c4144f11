/** Lengths of bodies, for those who measure calls. */

import { Buffer } from 'node:buffer'
import { fieldOf, type RawFields } from '../http/fields.js'
import { isNamed } from './decode-fields.js'
import type { Upload } from './upload.js'

/** Returns the length of a request's body; -1 = unknown. */
export function requestBytes(headers: RawFields, body: Upload | Buffer | null): number {
  if (body === null) return 0
  return Buffer.isBuffer(body) ? body.length : Number(fieldOf(headers, 'content-length') ?? -1)
}

/** Returns the Content-Length of a response; -1 = none. The parser has refused what is no number. */
export function declaredBytes(raw: readonly Buffer[]): number {
  for (let i = 0; i < raw.length; i += 2) {
    if (isNamed(raw[i]!, 'content-length')) return numberIn(raw[i + 1]!)
  }
  return -1
}

/** Reads digits in place: a text would be made for each call that is measured. Stops at the first other byte. */
function numberIn(bytes: Buffer): number {
  let value = 0
  for (let i = 0; i < bytes.length; i++) {
    const digit = bytes[i]! - ZERO
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  return value
}

const ZERO = 0x30
