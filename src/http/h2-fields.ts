/** Header fields of HTTP/2 requests in the shape of HTTP/1. */

import type { RawFields } from './fields.js'

/** Turns `:authority` into `Host` and drops the other pseudo-fields (RFC 9113 §8.3.1); the array itself when there are none. */
export function withoutPseudoFields(raw: readonly string[]): RawFields {
  if (raw.length === 0 || !raw[0]!.startsWith(':')) return raw as RawFields
  const out: RawFields = []
  let authority: string | undefined
  let hasHost = false
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    if (name === ':authority') authority = raw[i + 1]!
    else if (!name.startsWith(':')) {
      out.push(name, raw[i + 1]!)
      if (name === 'host') hasHost = true
    }
  }
  if (!hasHost && authority !== undefined) out.unshift('host', authority)
  return out
}
