/** `Upgrade` as pure functions (RFC 9110 §7.8): which offers may become tunnels, which fields belong to a handshake. */

import { lowerName, type RawFields } from './fields.js'

/** Other forms of HTTP, or TLS below it: through a tunnel they would pass requests by every rule of the gateway. */
const NEVER = /^(h2c?|http|tls)(\/|$)/i
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/

/** Returns the protocols of all `Upgrade` fields that may be tunnelled, as one list (`websocket`); undefined when none is left. */
export function tunnelProtocols(raw: readonly string[]): string | undefined {
  let kept: string | undefined
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length !== 7 || lowerName(raw[i]!) !== 'upgrade') continue
    for (const part of raw[i + 1]!.split(',')) {
      const protocol = part.trim()
      if (TOKEN.test(protocol) && !NEVER.test(protocol)) kept = kept === undefined ? protocol : `${kept}, ${protocol}`
    }
  }
  return kept
}

/** True when `chosen` is one of the protocols in `offered`, as both are written in `Upgrade`. */
export function isOffered(offered: string, chosen: string): boolean {
  const wanted = chosen.trim().toLowerCase()
  return offered.split(',').some(one => one.trim().toLowerCase() === wanted)
}

/** What a handshake is made of whatever `input_headers` says; without `Origin` a backend would take a script of another site for a program. */
function belongsToHandshake(lower: string): boolean {
  return lower === 'origin' || lower.startsWith('sec-websocket-')
}

/** Adds to `fields` the handshake fields of `from` that it lacks; changes and returns `fields`. */
export function addHandshake(fields: RawFields, from: readonly string[]): RawFields {
  const had = new Set<string>()
  for (let i = 0; i < fields.length; i += 2) had.add(lowerName(fields[i]!))
  for (let i = 0; i < from.length; i += 2) {
    const lower = lowerName(from[i]!)
    if (belongsToHandshake(lower) && !had.has(lower)) fields.push(from[i]!, from[i + 1]!)
  }
  return fields
}
