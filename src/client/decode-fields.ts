import type { Buffer } from 'node:buffer'
import { addConnectionOptions, type RawFields, withoutNamed } from '../http/fields.js'
import { fieldName, fieldValue } from './field-texts.js'

/** Where the length of a body is noted. */
export interface Framed {
  /** Bytes; undefined = unknown (chunked, or until the connection closes). */
  length: number | undefined
}

/**
 * Turns undici's field buffers into strings (latin1: bytes stay bytes) and drops what must not be forwarded (RFC 9110 §7.6.1). Returns an
 * array of its own, order, repeats and spelling as they came; what `Content-Length` says is noted in `framed`.
 */
export function decodeFields(raw: readonly Buffer[], framed?: Framed): RawFields {
  const fields: RawFields = []
  let named: Set<string> | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const { text, lower, isHopByHop } = fieldName(raw[i]!)
    const value = fieldValue(raw[i + 1]!)
    if (isHopByHop) {
      if (lower === 'connection') named = addConnectionOptions(named, value)
      continue
    }
    if (framed !== undefined && lower === 'content-length') framed.length = Number(value)
    fields.push(text, value)
  }
  return named === undefined ? fields : withoutNamed(fields, 0, named)
}

/** Whether undici's buffer of a field name spells `lower`, which is lower-case, in any case. */
export function isNamed(name: Buffer, lower: string): boolean {
  if (name.length !== lower.length) return false
  for (let i = 0; i < lower.length; i++) if ((name[i]! | 0x20) !== lower.charCodeAt(i)) return false
  return true
}
