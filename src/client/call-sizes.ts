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

/** Returns the Content-Length of a response; -1 = none. */
export function declaredBytes(raw: readonly Buffer[]): number {
  for (let i = 0; i < raw.length; i += 2) {
    if (isNamed(raw[i]!, 'content-length')) return Number(raw[i + 1]!.toString('latin1'))
  }
  return -1
}
