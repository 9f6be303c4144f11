import type { ServerConfig } from '../config/types.js'

/** What a listener reads of the service's limits; times in ms, 0 = not set. */
export type Limits = Pick<
  ServerConfig,
  | 'readTimeoutMs'
  | 'writeTimeoutMs'
  | 'idleTimeoutMs'
  | 'readHeaderTimeoutMs'
  | 'maxHeaderBytes'
  | 'unreadAnswerTimeoutMs'
  | 'http2MaxHeaderFields'
  | 'http2HeaderFieldsPerSecond'
  | 'http2HeaderBytesPerSecond'
>

/** Without `read_header_timeout` and `read_timeout` a head must arrive within this time. */
const DEFAULT_HEAD_TIMEOUT_MS = 10_000
/** Without `idle_timeout` and `read_timeout` an idle connection is kept this long: longer than common load balancers (60 s). */
const DEFAULT_IDLE_TIMEOUT_MS = 75_000

/** Returns the ms within which the head of a request must arrive. */
export function headTimeoutOf(limits: Pick<Limits, 'readHeaderTimeoutMs' | 'readTimeoutMs'>): number {
  return limits.readHeaderTimeoutMs || limits.readTimeoutMs || DEFAULT_HEAD_TIMEOUT_MS
}

/** Returns the ms that an idle connection is kept. */
export function idleTimeoutOf(limits: Pick<Limits, 'idleTimeoutMs' | 'readTimeoutMs'>): number {
  return limits.idleTimeoutMs || limits.readTimeoutMs || DEFAULT_IDLE_TIMEOUT_MS
}

/** Names the limit that a request has broken which did not arrive in time; `begun` = its head was there. */
export function limitOf(limits: Limits, begun: boolean): string {
  return begun ? `read_timeout=${limits.readTimeoutMs}ms` : `read_header_timeout=${headTimeoutOf(limits)}ms`
}
