/** Which requests may share a response. */

import { hash } from 'node:crypto'

/** A request as the cache sees it. */
export interface RequestHead {
  readonly method: string
  /** Origin, path and query. */
  readonly url: string
  /** Lower-cased names, repeats joined. */
  readonly headers: Readonly<Record<string, string>>
}

/** Fields that differ each time and choose nothing. */
const VOLATILE = new Set(['x-request-id', 'traceparent', 'tracestate', 'content-length', 'date'])

/** Names a host, a target, a method or an address. A backend may make its response of them, and seldom says so in `Vary`. */
const TARGET =
  /^(?:forwarded|host|origin|x-forwarded-(?!for$|via$).+|x-(?:original|rewrite)-.+|x-.*(?:host|scheme|proto|override|method)|.+-ip)$/
/** Says who asks, or opens a door. */
const CREDENTIAL =
  /auth|token|key|secret|session|cookie|passw|signature|credential|jwt|user(?!-agent$)|account|tenant|customer|subject|role|scope|claim|identity|email/

/** What backends are known to negotiate by, and to name in `Vary`. */
const NEGOTIATED =
  /^(?:accept(?:-.+)?|user-agent|referer|dnt|sec-.+|cache-control|pragma|if-.+|range|content-.+|traceparent|tracestate|x-request-id|x-forwarded-for)$/

/**
 * Returns the fields that an endpoint's and a backend's `input_headers` let through by name: what the operator listed is what the backend
 * makes its response of. Claims of a token are among them. `*` lists nothing.
 */
export function listedFields(endpoint: readonly string[], backend: readonly string[]): string[] {
  const list = backend.length > 0 ? backend : endpoint.includes('*') ? [] : endpoint
  return list.map(name => name.toLowerCase()).filter(name => !NEGOTIATED.test(name))
}

/** Spellings remembered; clients choose names where an endpoint lets all fields through. */
const MOST_NAMES = 1000
const known = new Map<string, boolean>()

/** Tells whether a field is part of every key. What else reaches the backend is part of it when it is listed, or when `Vary` names it. */
export function isKeyField(name: string): boolean {
  const found = known.get(name)
  if (found !== undefined) return found
  const always = TARGET.test(name) || CREDENTIAL.test(name)
  if (known.size < MOST_NAMES && name.length <= 64) known.set(name, always)
  return always
}

/**
 * Returns the key of a request's response: method, URL, the fields that `selecting` names (`*` = all) and those that are always part of it.
 * Hashed, so that no token stands in a key.
 */
export function answerKey(head: RequestHead, selecting: readonly string[], generation: string): string {
  const all = selecting.includes('*')
  const names = new Set(selecting)
  for (const name in head.headers) if (all || isKeyField(name)) names.add(name)
  let fields = ''
  for (const name of [...names].sort()) {
    if (!VOLATILE.has(name)) fields += JSON.stringify([name, head.headers[name] ?? null])
  }
  return `${head.method} ${head.url} ${generation} ${hash('sha256', fields, 'base64')}`
}
