/** How node:http is set up for a listener. */

import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import { TextResponse } from '../exchange/text-response.js'
import { hasBody } from '../http/fields.js'
import { connectionOf } from './connection.js'
import { headTimeoutOf, idleTimeoutOf, type Limits } from './limits.js'

/** Go reads so much more than `max_header_bytes` before it refuses. */
const HEADER_SLACK_BYTES = 4096

interface Settings extends ServerOptions {
  /** Known to Node.js 24.9 and later: false = the offer is passed over. Older versions give every offer away, with its body unread. */
  readonly shouldUpgradeCallback: (request: IncomingMessage) => boolean
  /** Known to Node.js 24.9 and later: a request without a body is no stream, and emits nothing. */
  readonly optimizeEmptyRequests: boolean
}

/** Returns the ms between two sweeps over all connections: a quarter of the shortest limit, within bounds. */
export function tickOf(limits: Limits): number {
  const shortest = Math.min(
    headTimeoutOf(limits),
    limits.readTimeoutMs || Infinity,
    limits.writeTimeoutMs || Infinity,
    limits.unreadAnswerTimeoutMs
  )
  return Math.max(20, Math.min(1000, Math.floor(shortest / 4)))
}

/** Returns the bytes that the head of a request may have. */
export function headBytesOf({ maxHeaderBytes }: Pick<Limits, 'maxHeaderBytes'>): number {
  return maxHeaderBytes + HEADER_SLACK_BYTES
}

/** Returns the options of `http.createServer`. */
export function settingsOf(limits: Limits, tickMs: number): Settings {
  const headersTimeout = headTimeoutOf(limits)
  return {
    maxHeaderSize: headBytesOf(limits),
    headersTimeout: limits.readTimeoutMs === 0 ? headersTimeout : Math.min(headersTimeout, limits.readTimeoutMs),
    requestTimeout: limits.readTimeoutMs,
    keepAliveTimeout: idleTimeoutOf(limits),
    connectionsCheckingInterval: tickMs,
    requireHostHeader: false, // request-rules.ts judges it with the other rules
    insecureHTTPParser: false,
    shouldUpgradeCallback: keepWithBody,
    ServerResponse: TextResponse as typeof ServerResponse,
    optimizeEmptyRequests: true, // such a body is never read: IncomingSource stands where `hasBody` says so
    keepAlive: true,
    keepAliveInitialDelay: 15_000
  }
}

/**
 * An offer with a body is no tunnel. Where node:http calls this function, it parses the body before it gives a connection away, so such a
 * request stays with node:http. node:http drops what it read behind the body, so the response ends the connection.
 */
function keepWithBody(request: IncomingMessage): boolean {
  if (!hasBody(request.rawHeaders)) return true
  connectionOf(request.socket)!.last = request
  return false
}

/** What of a request node:http knows, and its types do not say. */
interface Internals {
  _dumped: boolean
  readonly _readableState: { ended: boolean; endEmitted: boolean; destroyed: boolean; closed: boolean; closeEmitted: boolean }
}

/**
 * Makes a request without a body a stream that is over. Newer versions of Node.js do so by `optimizeEmptyRequests`; in older ones the end of
 * each such stream takes three ticks and 1.3 KB (bench/peers, pass-150).
 */
export function closeEmptyBody(request: IncomingMessage): void {
  const internals = request as unknown as Internals
  if (internals._dumped) return
  internals._dumped = true
  const state = internals._readableState
  state.ended = true
  state.endEmitted = true
  state.destroyed = true
  state.closed = true
  state.closeEmitted = true
}
