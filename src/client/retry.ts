/** The one retry: a call on a connection that the upstream had closed in the meantime. */

/** What a call was when it failed. */
export interface FailedCall {
  readonly method: string
  readonly hasBody: boolean
  /** Its connection had brought a response before. */
  readonly reused: boolean
  /** Its head was read. */
  readonly headSeen: boolean
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Codes of errors that tell of a connection that ended. */
const ENDED: ReadonlySet<string | undefined> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'ECONNABORTED', 'EPIPE'])

/** RFC 9112 §9.3.1: true for a reused connection that ended before a byte of the response, and a call that is safe to send twice. */
export function mayRetry(call: FailedCall, cause: Error): boolean {
  if (!call.reused || call.headSeen || call.hasBody || !SAFE.has(call.method)) return false
  return ENDED.has((cause as { code?: string }).code)
}
