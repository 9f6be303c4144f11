/** The requests that a test made: what is replayed when exchanges are broken off. */

import type { ClientRequestInit } from './client.js'
import type { UpstreamAnswer, UpstreamSeen } from './upstream.js'

/** One request of the test, and what the upstream sent meanwhile. */
export interface RecordedCase {
  readonly request: ClientRequestInit
  readonly answers: { readonly call: UpstreamSeen; readonly answer: UpstreamAnswer }[]
  /** How long it took, ms. */
  ms: number
}

/** Requests that differ beyond this number are not replayed. */
const MAX_CASES = 4

/** Requests that differ in more than the values of their fields. */
export function distinct(cases: readonly RecordedCase[]): RecordedCase[] {
  const seen = new Map<string, RecordedCase>()
  for (const one of cases) {
    const { method, path, headers = {}, body } = one.request
    const key = `${method} ${path} ${Object.keys(headers).sort().join()} ${body !== undefined}`
    if (!seen.has(key)) seen.set(key, one)
  }
  return [...seen.values()].slice(0, MAX_CASES)
}

export function bodyLength({ body = {} }: UpstreamAnswer): number {
  if (typeof body === 'string' || body instanceof Uint8Array) return body.length
  return JSON.stringify(body).length
}
