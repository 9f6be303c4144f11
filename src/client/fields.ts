import type { Buffer } from 'node:buffer'
import { connectionOptions, HOP_BY_HOP, lowerName, type RawFields } from '../http/fields.js'

/** The head of an answer as the gateway goes on with it. */
export interface DecodedFields {
  /** Without hop-by-hop fields; order, repeats and spelling as they came. */
  readonly fields: RawFields
  /** undefined = unknown (chunked, or until the connection closes). */
  readonly contentLength: number | undefined
}

/** Turns undici's field buffers into strings (latin1: bytes stay bytes) and drops what must not be forwarded (RFC 9110 §7.6.1). */
export function decodeFields(raw: readonly Buffer[]): DecodedFields {
  const fields: RawFields = []
  let contentLength: number | undefined
  let named: Set<string> | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toString('latin1')
    const value = raw[i + 1]!.toString('latin1')
    const lower = lowerName(name)
    if (HOP_BY_HOP.has(lower)) {
      if (lower === 'connection') named = connectionOptions([name, value])
      continue
    }
    if (lower === 'content-length') contentLength = Number(value)
    fields.push(name, value)
  }
  if (named === undefined) return { fields, contentLength }
  const kept: RawFields = []
  for (let i = 0; i < fields.length; i += 2) if (!named.has(lowerName(fields[i]!))) kept.push(fields[i]!, fields[i + 1]!)
  return { fields: kept, contentLength }
}
