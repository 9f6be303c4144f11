/** Which fields of a client's request go on: `input_headers`, and what the gateway always writes itself (RFC 9110 §7.6, KrakenD `input_headers`). */

import { addConnectionOptions, HOP_BY_HOP, lowerName, type RawFields, withoutNamed } from '../http/fields.js'

/** Returns the fields for the proxy request. `host` is the client's Host, `client` its address. */
export type FieldFilter = (raw: readonly string[], client: string, host: string) => RawFields

const DROP = 0
const PASS = 1
const USER_AGENT = 2
const CONNECTION = 3
type Action = typeof DROP | typeof PASS | typeof USER_AGENT | typeof CONNECTION

/** Never copied: framing, what undici refuses or writes, and what the gateway replaces. */
const OWNED: ReadonlySet<string> = new Set([
  'content-length',
  'expect',
  'host',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-via'
])

/** Trace context goes on whatever the list says (W3C Trace Context §2). */
const ALWAYS: ReadonlySet<string> = new Set(['traceparent', 'tracestate'])

/** Texts that the gateway's own fields take, at the start. */
const OWN_FIELDS = 4

/** Spellings that a filter remembers, and the longest of them. Clients choose names, so others are looked up each time. */
const MEMORY = 512
const LONGEST_REMEMBERED = 64

/**
 * Compiles `input_headers`: empty lets only Content-Type pass, `*` everything but hop-by-hop fields, else the named ones
 * with all their values, besides `always` (lower-case). X-Forwarded-For and -Host are replaced, User-Agent is the gateway's unless the client's passed.
 */
export function compileFieldFilter(names: readonly string[], userAgent: string, always: readonly string[] = []): FieldFilter {
  const all = names.includes('*')
  const listed = new Set([...always, ...(names.length === 0 ? ['content-type'] : names.map(name => name.toLowerCase()))])
  const memory = new Map<string, Action>()

  const decide = (name: string): Action => {
    const lower = lowerName(name)
    let action: Action = DROP
    if (lower === 'connection') action = CONNECTION
    else if (HOP_BY_HOP.has(lower) || OWNED.has(lower) || lower.startsWith(':')) action = DROP
    else if (all || listed.has(lower) || ALWAYS.has(lower)) action = lower === 'user-agent' ? USER_AGENT : PASS
    if (memory.size < MEMORY && name.length <= LONGEST_REMEMBERED) memory.set(name, action)
    return action
  }

  return (raw, client, host) => {
    let out: RawFields = ['X-Forwarded-For', client, 'X-Forwarded-Host', host]
    let ownAgent = true
    let named: Set<string> | undefined
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!
      const action = memory.get(name) ?? decide(name)
      if (action === PASS) out.push(name, raw[i + 1]!)
      else if (action === USER_AGENT) {
        ownAgent = false
        // an empty one goes no further, as with Go's client
        if (raw[i + 1] !== '') out.push(name, raw[i + 1]!)
      } else if (action === CONNECTION) named = addConnectionOptions(named, raw[i + 1]!)
    }
    // what the client declared as meant for this hop
    if (named !== undefined) {
      out = withoutNamed(out, OWN_FIELDS, named)
      ownAgent ||= named.has('user-agent')
    }
    if (ownAgent) out.push('User-Agent', userAgent)
    else out.push('X-Forwarded-Via', userAgent)
    return out
  }
}
