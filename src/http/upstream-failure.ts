/** One table from undici's and Node's error codes to the gateway's own. */

import { type ErrorCode, GatewayError, messageOf } from '../errors.js'

const CODES: Readonly<Record<string, ErrorCode>> = {
  UND_ERR_CONNECT_TIMEOUT: 'SLUICE_ERR_UPSTREAM_TIMEOUT_CONNECT',
  UND_ERR_HEADERS_TIMEOUT: 'SLUICE_ERR_UPSTREAM_TIMEOUT_HEAD',
  UND_ERR_BODY_TIMEOUT: 'SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE',
  UND_ERR_SOCKET: 'SLUICE_ERR_UPSTREAM_RESET',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'SLUICE_ERR_UPSTREAM_RESET',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'SLUICE_ERR_BODY_TOO_LARGE',
  UND_ERR_HEADERS_OVERFLOW: 'SLUICE_ERR_UPSTREAM_PROTOCOL',
  UND_ERR_INVALID_ARG: 'SLUICE_ERR_UPSTREAM_REQUEST',
  UND_ERR_NOT_SUPPORTED: 'SLUICE_ERR_UPSTREAM_REQUEST',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'SLUICE_ERR_CLIENT_BAD_REQUEST',
  UND_ERR_DESTROYED: 'SLUICE_ERR_GATEWAY_CLOSING',
  UND_ERR_CLOSED: 'SLUICE_ERR_GATEWAY_CLOSING',
  ECONNREFUSED: 'SLUICE_ERR_UPSTREAM_CONNECT',
  ENOTFOUND: 'SLUICE_ERR_UPSTREAM_CONNECT',
  EAI_AGAIN: 'SLUICE_ERR_UPSTREAM_CONNECT',
  EHOSTUNREACH: 'SLUICE_ERR_UPSTREAM_CONNECT',
  ENETUNREACH: 'SLUICE_ERR_UPSTREAM_CONNECT',
  EADDRNOTAVAIL: 'SLUICE_ERR_UPSTREAM_CONNECT',
  EMFILE: 'SLUICE_ERR_UPSTREAM_CONNECT',
  ENFILE: 'SLUICE_ERR_UPSTREAM_CONNECT',
  ETIMEDOUT: 'SLUICE_ERR_UPSTREAM_TIMEOUT_CONNECT',
  ECONNRESET: 'SLUICE_ERR_UPSTREAM_RESET',
  ECONNABORTED: 'SLUICE_ERR_UPSTREAM_RESET',
  EPIPE: 'SLUICE_ERR_UPSTREAM_RESET',
  EPROTO: 'SLUICE_ERR_UPSTREAM_TLS'
}

const TLS_CODE = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL)/

const MORE_FILES = 'raise the limit of this process, such as `ulimit -n 4096`'

function codeOf(given: unknown): ErrorCode {
  const code = typeof given === 'string' ? given : ''
  const known = CODES[code]
  if (known !== undefined) return known
  if (TLS_CODE.test(code)) return 'SLUICE_ERR_UPSTREAM_TLS'
  // HPE_…: the parser's; ERR_ASSERTION: what it was not prepared for. Both mean that the peer did not speak HTTP.
  return 'SLUICE_ERR_UPSTREAM_PROTOCOL'
}

/** Translates what undici or a socket threw. A GatewayError keeps its meaning. */
export function upstreamFailure(cause: unknown, method: string, url: string): GatewayError {
  if (cause instanceof GatewayError) return cause
  const error = unwrap(cause)
  const code = ((error ?? {}) as { code?: unknown }).code
  const text = code === 'EMFILE' || code === 'ENFILE' ? `too many open files (${code}): ${MORE_FILES}` : messageOf(error)
  return new GatewayError(codeOf(code), { message: `${method} "${url}": ${text}`, cause })
}

/** The failure of a call whose request cannot be made. A GatewayError keeps its meaning. */
export function requestFailure(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause
  return new GatewayError('SLUICE_ERR_UPSTREAM_REQUEST', { message: messageOf(cause), cause })
}

/** Several addresses of one name that all failed come as an AggregateError: the first one speaks for all. */
function unwrap(cause: unknown): unknown {
  return cause instanceof AggregateError && (cause as { code?: unknown }).code === undefined ? (cause.errors[0] ?? cause) : cause
}
