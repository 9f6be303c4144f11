/** What `security/http` says about a request: its host, its encryption, and the fields of its response. */

import type { Pattern } from '../../_shared/re2.js'

/** Fields of responses, in the order in which they are sent. */
export interface HeaderRules {
  /** s; 0 = no Strict-Transport-Security. */
  readonly stsSeconds: number
  readonly stsIncludeSubdomains: boolean
  readonly frameDeny: boolean
  /** Wins over `frameDeny`; '' = none. */
  readonly customFrameOptions: string
  readonly contentTypeNosniff: boolean
  readonly browserXssFilter: boolean
  readonly contentSecurityPolicy: string
  readonly referrerPolicy: string
}

/** Field names and values by turns, for any response. */
export function compileFields(rules: HeaderRules): readonly string[] {
  const fields: string[] = []
  const frame = rules.customFrameOptions || (rules.frameDeny ? 'DENY' : '')
  if (frame !== '') fields.push('X-Frame-Options', frame)
  if (rules.contentTypeNosniff) fields.push('X-Content-Type-Options', 'nosniff')
  if (rules.browserXssFilter) fields.push('X-XSS-Protection', '1; mode=block')
  if (rules.contentSecurityPolicy !== '') fields.push('Content-Security-Policy', rules.contentSecurityPolicy)
  if (rules.referrerPolicy !== '') fields.push('Referrer-Policy', rules.referrerPolicy)
  return fields
}

/** The field for responses over TLS (RFC 6797 §7.2: browsers pass it over elsewhere), or none. */
export function compileSts(rules: HeaderRules): readonly string[] {
  if (rules.stsSeconds === 0) return []
  const scope = rules.stsIncludeSubdomains ? '; includeSubDomains' : ''
  return ['Strict-Transport-Security', `max-age=${rules.stsSeconds}${scope}`]
}

/** Compiles the hosts that are served, without regard to case; a port is part of the host. */
export function compileHosts(hosts: readonly string[]): (host: string) => boolean {
  const allowed = new Set(hosts.map(host => host.toLowerCase()))
  return host => allowed.has(host.toLowerCase())
}

/** The same for patterns, each of which may match anywhere. */
export function compileHostPatterns(patterns: readonly Pattern[]): (host: string) => boolean {
  return host => patterns.some(pattern => pattern.test(host))
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&#34;'],
  ["'", '&#39;']
])

/** The body of a redirect, as Go writes it. */
export function redirectBody(location: string): string {
  return `<a href="${location.replace(/[&<>"']/g, sign => ESCAPES.get(sign)!)}">Moved Permanently</a>.\n\n`
}
