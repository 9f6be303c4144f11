/** Fields that describe a body, and what becomes of them when its bytes change. */

import { GatewayError } from '../errors.js'
import { lowerName } from '../http/fields.js'
import type { FieldMap } from './field-map.js'

/** The message a body belongs to. */
export interface BodyOwner {
  readonly headers: FieldMap
  /** Failures of a `request` are 400 and 413, others count as failures of the upstream. */
  readonly side: 'request' | 'response'
}

/** Fields that an edit of the bytes has made untrue (RFC 9110 §8, RFC 9530, RFC 3230). */
const STALE_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges'
])
const LONGEST_STALE = 'content-length'.length
/** The Content-Range of a 416: it describes no bytes of the body. */
const NO_RANGE = /^\w+ \*\//

/** Returns the Content-Encoding to undo, undefined for identity. */
export function codingOf({ headers }: BodyOwner): string | undefined {
  const coding = headers.get('content-encoding')
  return coding === undefined || coding === '' || coding.toLowerCase() === 'identity' ? undefined : coding
}

/**
 * A request that sends a part of a resource (RFC 9110 §14.5) keeps its body: a backend would put changed bytes where they do not belong.
 * @throws GatewayError 400
 */
export function refusePart({ headers, side }: BodyOwner): void {
  if (side === 'response' || !headers.has('content-range')) return
  throw new GatewayError('SLUICE_ERR_PLUGIN_FAILED', {
    message: 'the body of a request with Content-Range is a part and cannot be changed: delete the field to send a whole',
    statusCode: 400
  })
}

/** Drops the fields that described the old bytes, and weakens a strong ETag (RFC 9110 §8.8.1). */
export function outdateFields({ headers, side }: BodyOwner): void {
  const { raw } = headers
  for (let i = raw.length - 2; i >= 0; i -= 2) {
    const name = raw[i]!
    if (name.length > LONGEST_STALE) continue
    const lower = lowerName(name)
    // a request keeps its Content-Range: see refusePart
    if (STALE_FIELDS.has(lower) || (lower === 'content-range' && side === 'response' && !NO_RANGE.test(raw[i + 1]!)))
      raw.splice(i, 2)
    else if (lower === 'etag' && raw[i + 1]!.startsWith('"')) raw[i + 1] = `W/${raw[i + 1]}`
  }
}
