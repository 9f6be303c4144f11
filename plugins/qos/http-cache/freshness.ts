/**
 * What a stored response's fields say about its use (RFC 9111 §3, §4.2, §5.2). Nothing is guessed: without `s-maxage`, `max-age` or
 * `Expires` a response is never fresh, as in KrakenD.
 *
 * In: fields of a response and the time it came. Out: whether it may be stored, and whether it may be used for a request.
 */

import { type Directives, parseDirectives, parseSeconds } from './directives.js'
import { fieldValue } from './fields.js'
import { parseHttpDate } from './http-date.js'

/** Final statuses that a cache understands without being told how long they last (RFC 9110 §15.1). */
const UNDERSTOOD = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
/** 206 and 304 are parts of a response; the others must not be stored (RFC 6585). */
const NEVER_STORED = new Set([206, 304, 428, 429, 431, 511])

/** Clocks of gateways that share a store may differ by so much. */
const CLOCK_SKEW_SECONDS = 30
/** RFC 9111 §1.2.2: what stands for an age that is too large. */
const UNKNOWN_AGE = 2 ** 31

/** Fields of a request by lower-cased name. */
type RequestFields = Readonly<Record<string, string>>

export class Freshness {
  private readonly control: Directives
  private readonly storedAt: number
  /** s at the time the response came. */
  private readonly firstAge: number
  /** s; undefined = the response does not say. */
  private readonly lifetime: number | undefined
  /** Must never be used without asking, once it is stale. */
  private readonly strict: boolean
  /** Must never be used without asking. */
  private readonly asks: boolean

  /** @param storedAt ms since the epoch */
  constructor(fields: readonly string[], storedAt: number) {
    const control = parseDirectives(fieldValue(fields, 'cache-control'))
    this.control = control
    this.storedAt = storedAt
    // of several values the first one counts (RFC 9111 §5.1)
    this.firstAge = parseSeconds((fieldValue(fields, 'age') ?? '').split(',')[0]!.trim()) ?? 0
    this.lifetime = lifetimeOf(control, fields, storedAt)
    this.asks = control.has('no-cache') || (control.size === 0 && /no-cache/i.test(fieldValue(fields, 'pragma') ?? ''))
    this.strict = this.asks || control.has('must-revalidate') || control.has('proxy-revalidate') || control.has('s-maxage')
  }

  /** Tells whether the fields allow storing a response with this status, and whether it can be used again at all. */
  mayStore(status: number, validated: boolean): boolean {
    const { control, lifetime } = this
    if (status < 200 || NEVER_STORED.has(status)) return false
    const understood = UNDERSTOOD.has(status)
    if (control.has('must-understand') ? !understood : control.has('no-store')) return false
    return (lifetime ?? 0) > 0 || (validated && understood)
  }

  /** s, at `now`. The age of an answer that is to come yet is not known, as a clock was set back: it counts as stale. */
  age(now: number): number {
    const storedFor = (now - this.storedAt) / 1000
    return storedFor < -CLOCK_SKEW_SECONDS ? UNKNOWN_AGE : this.firstAge + Math.max(0, storedFor)
  }

  /** Tells whether a request may get the response without asking the upstream. */
  satisfies(request: RequestFields, now: number): boolean {
    const asked = parseDirectives(request['cache-control'])
    if (this.asks || asked.has('no-cache')) return false
    if (asked.size === 0 && /no-cache/i.test(request.pragma ?? '')) return false
    const age = this.age(now)
    const left = (this.lifetime ?? 0) - age
    if (asked.has('max-age') && age > (parseSeconds(asked.get('max-age')) ?? 0)) return false
    if (left > 0) return left >= (parseSeconds(asked.get('min-fresh')) ?? 0)
    const bound = asked.get('max-stale')
    return !this.strict && bound !== undefined && (bound === '' || -left < (parseSeconds(bound) ?? 0))
  }

  /** Tells whether the response may stand in for an upstream that fails (RFC 5861 §4). */
  usableOnError(now: number): boolean {
    const more = parseSeconds(this.control.get('stale-if-error')) ?? 0
    return !this.strict && (this.lifetime ?? 0) + more > this.age(now)
  }
}

/** RFC 9111 §4.2.1. A number or a date that is none means that the response is stale. */
function lifetimeOf(control: Directives, fields: readonly string[], storedAt: number): number | undefined {
  for (const name of ['s-maxage', 'max-age']) if (control.has(name)) return parseSeconds(control.get(name)) ?? 0
  const expires = fieldValue(fields, 'expires')
  if (expires === undefined) return undefined
  const until = parseHttpDate(expires, storedAt)
  if (until === undefined) return 0
  return Math.max(0, (until - (parseHttpDate(fieldValue(fields, 'date'), storedAt) ?? storedAt)) / 1000)
}
