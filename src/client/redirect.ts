/** Redirects of backends: followed as KrakenD does, but only to hosts that the configuration names (no SSRF by redirect). */

import type { Buffer } from 'node:buffer'
import { lowerName, type RawFields } from '../http/fields.js'
import type { OriginPool } from './pool.js'

export interface RedirectPolicy {
  /** Most redirects in a row; then the call fails. */
  readonly max: number
  /** `backend/http/client.send_body_on_redirect`: 307 and 308 replay a body that is in memory. */
  readonly sendBody: boolean
  /** Answers the pool of an origin that the configuration names as a backend, undefined for all others. */
  poolOf(origin: string): OriginPool | undefined
  headersFor(headers: RawFields, from: string, to: string, method: string, nextMethod: string): RawFields
}

const SENSITIVE = new Set(['authorization', 'cookie', 'cookie2', 'www-authenticate', 'proxy-authorization'])
const BODY_FIELDS = new Set(['content-length', 'content-type', 'content-encoding', 'content-language', 'content-location'])

/** Most redirects in a row that KrakenD follows. */
const MAX_REDIRECTS = 10

/** Makes a policy. `poolOf` decides which origins may be visited. */
export function createRedirectPolicy(sendBody: boolean, poolOf: (origin: string) => OriginPool | undefined): RedirectPolicy {
  return { max: MAX_REDIRECTS, sendBody, poolOf, headersFor }
}

/** Drops credentials on the way to another host and body fields when the body does not go along. */
function headersFor(headers: RawFields, from: string, to: string, method: string, nextMethod: string): RawFields {
  const out: RawFields = []
  for (let i = 0; i < headers.length; i += 2) {
    const lower = lowerName(headers[i]!)
    if (from !== to && SENSITIVE.has(lower)) continue
    if (method !== nextMethod && BODY_FIELDS.has(lower)) continue
    out.push(headers[i]!, headers[i + 1]!)
  }
  return out
}

/**
 * Answers where a 3xx leads, or undefined when it is the answer itself: no Location, a host the configuration does not
 * name, another scheme, or a body that cannot be sent again (RFC 9110 §15.4).
 */
export function redirectTarget(
  policy: RedirectPolicy,
  status: number,
  raw: readonly Buffer[],
  origin: string,
  path: string,
  method: string,
  repeatable: boolean
): { pool: OriginPool; method: string; path: string } | undefined {
  const keepsMethod = status === 307 || status === 308
  if (!keepsMethod && status !== 301 && status !== 302 && status !== 303) return undefined
  if (keepsMethod && !repeatable) return undefined
  let location = ''
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === 8 && lowerName(raw[i]!.toString('latin1')) === 'location') location = raw[i + 1]!.toString('latin1')
  }
  if (location === '') return undefined
  let url: URL
  try {
    url = new URL(location, origin + path)
  } catch {
    return undefined
  }
  if (url.username !== '' || url.password !== '') return undefined
  const pool = policy.poolOf(url.origin)
  if (pool === undefined) return undefined
  const nextMethod = keepsMethod || method === 'HEAD' || method === 'GET' ? method : 'GET'
  return { pool, method: nextMethod, path: url.pathname + url.search }
}
