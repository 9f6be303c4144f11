/**
 * Redirects of backends: followed as KrakenD does, but only to hosts that the configuration names (no SSRF by redirect).
 *
 * In: the head of a 3xx and the URL that was called. Out: what to call next and with which fields, or undefined when the 3xx is the
 * response itself.
 */

import { Buffer } from 'node:buffer'
import { GatewayError } from '../errors.js'
import { fieldOf, lowerName, type RawFields } from '../http/fields.js'
import { encodeBeyondAscii } from '../http/target.js'
import type { OriginPool } from './pool.js'

export interface RedirectPolicy {
  /** Most calls of one exchange, the first one included; then it fails. */
  readonly maxCalls: number
  /** `backend/http/client.send_body_on_redirect`: 307 and 308 replay a body that is in memory. */
  readonly sendBody: boolean
  /** Returns the pool of an origin whose host the configuration names as a backend, undefined for all others. */
  poolOf(origin: string): OriginPool | undefined
}

/** Where a redirect leads. */
export interface Redirect {
  readonly pool: OriginPool
  readonly method: string
  /** With the query. */
  readonly path: string
  /** The body goes along: 307 and 308. */
  readonly keepsBody: boolean
}

/** A call as it was sent. */
export interface SentCall {
  readonly origin: string
  /** With the query. */
  readonly path: string
  readonly method: string
  /** null = none. Bytes can be sent again. */
  readonly body: Buffer | object | null
}

/** The call that was redirected. */
export interface RedirectedCall {
  readonly origin: string
  /** With the query. */
  readonly path: string
  readonly method: string
  /** There is no body, or one that can be sent again. */
  readonly repeatable: boolean
  /** `Referer` is the gateway's to write: the client sent none. */
  readonly ownReferer: boolean
}

/** Calls after which Go's client gives up. */
const MAX_CALLS = 10

/** Makes a policy. `poolOf` decides which origins may be visited. */
export function createRedirectPolicy(sendBody: boolean, poolOf: (origin: string) => OriginPool | undefined): RedirectPolicy {
  return { maxCalls: MAX_CALLS, sendBody, poolOf }
}

const BODY_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'content-location'
])

/** Fields that name no client and open no door. Any other name may be that of a key, so another origin does not get it. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...BODY_FIELDS,
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'b3',
  'cache-control',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'pragma',
  'range',
  'traceparent',
  'tracestate',
  'uber-trace-id',
  'user-agent',
  'x-b3-flags',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-spanid',
  'x-b3-traceid',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-via',
  'x-request-id'
])

/**
 * Returns the fields of the next call. Within one origin all go along, and `Referer` names the URL that redirected, as Go's client
 * writes it, unless the client sent a Referer. Another origin gets what is {@link HARMLESS}.
 */
export function redirectedFields(headers: RawFields, call: RedirectedCall, next: Redirect): RawFields {
  const trusted = isTrusted(call.origin, next.pool.origin)
  const out: RawFields = []
  for (let i = 0; i < headers.length; i += 2) {
    const lower = lowerName(headers[i]!)
    if (!trusted && !HARMLESS.has(lower)) continue
    if (!next.keepsBody && BODY_FIELDS.has(lower)) continue
    if (call.ownReferer && lower === 'referer') continue
    out.push(headers[i]!, headers[i + 1]!)
  }
  if (call.ownReferer && call.origin === next.pool.origin) out.push('Referer', call.origin + call.path)
  return out
}

/** The same origin, or the same host from http to https, each on its own port. */
function isTrusted(from: string, to: string): boolean {
  return from === to || (from.startsWith('http:') && `https${from.slice('http'.length)}` === to && new URL(to).port === '')
}

/**
 * Returns where a 3xx leads, or undefined when it is the response itself: no Location, a host the configuration does not
 * name, user information, or a body that cannot be sent again (RFC 9110 §15.4).
 */
export function redirectOf(
  policy: RedirectPolicy,
  status: number,
  raw: readonly Buffer[],
  call: RedirectedCall
): Redirect | undefined {
  const keepsBody = status === 307 || status === 308
  if (!keepsBody && status !== 301 && status !== 302 && status !== 303) return undefined
  if (keepsBody && !call.repeatable) return undefined
  const location = locationOf(raw)
  const base = call.origin + call.path
  if (location === '' || !URL.canParse(location, base)) return undefined
  const url = new URL(location, base)
  if (url.username !== '' || url.password !== '') return undefined
  const pool = policy.poolOf(url.origin)
  if (pool === undefined) return undefined
  const { method } = call
  const keepsMethod = keepsBody || method === 'HEAD' || method === 'GET'
  return { pool, method: keepsMethod ? method : 'GET', path: url.pathname + url.search, keepsBody }
}

/** Follows the redirects of one call. Made at its first 3xx. */
export class RedirectTrail {
  private readonly policy: RedirectPolicy
  private readonly ownReferer: boolean
  private calls = 1

  /** @param headers of the first call */
  constructor(policy: RedirectPolicy, headers: RawFields) {
    this.policy = policy
    this.ownReferer = fieldOf(headers, 'referer') === undefined
  }

  /** Returns where a 3xx leads, or undefined when it is the response itself. @throws GatewayError after the last call that is allowed */
  next(status: number, raw: readonly Buffer[], sent: SentCall): Redirect | undefined {
    const { maxCalls } = this.policy
    const next = redirectOf(this.policy, status, raw, this.redirected(sent))
    if (next === undefined || this.calls++ < maxCalls) return next
    throw new GatewayError('SLUICE_ERR_UPSTREAM_REDIRECT', {
      message: `${sent.method} "${sent.origin}${sent.path}": stopped after ${maxCalls} redirects`
    })
  }

  /** Returns the fields of the call that follows `sent`. */
  fields(headers: RawFields, sent: SentCall, next: Redirect): RawFields {
    return redirectedFields(headers, this.redirected(sent), next)
  }

  private redirected({ origin, path, method, body }: SentCall): RedirectedCall {
    const repeatable = body === null || (this.policy.sendBody && Buffer.isBuffer(body))
    return { origin, path, method, repeatable, ownReferer: this.ownReferer }
  }
}

/** The last `Location`; bytes beyond ASCII stay the same bytes. */
function locationOf(raw: readonly Buffer[]): string {
  let location = ''
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === 8 && lowerName(raw[i]!.toString('latin1')) === 'location') location = raw[i + 1]!.toString('latin1')
  }
  return encodeBeyondAscii(location)
}
