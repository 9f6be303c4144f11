/** What a listener refuses by itself: which code, which status, which text, and how the response is written. */

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { ERRORS, type ErrorCode } from '../errors.js'

/** A request or connection that was ended before any handler saw it, for the access log. */
export interface ClientErrorInfo {
  readonly code: ErrorCode
  /** Status that was sent, or 0 when the connection was just closed. */
  readonly status: number
  readonly remoteAddress: string
  /** The parser's code or the rule that was broken: `HPE_INVALID_HEADER_TOKEN`, `two Host fields`, `read_header_timeout`. */
  readonly detail: string
  /** '' when the request line was not understood. */
  readonly method: string
  readonly target: string
  /** True when a handler has the request too and says how its exchange ended. */
  readonly served: boolean
}

/** A request or connection that a listener has ended. */
export interface Ended {
  readonly socket: Socket
  /** Undefined when its request is not known. */
  readonly request?: IncomingMessage | undefined
  /** See {@link ClientErrorInfo.served}; default false. */
  readonly served?: boolean
  readonly refused: Refusal
  readonly detail: string
  /** As sent; 0 = nothing was. */
  readonly status: number
}

/** Returns what the access log needs. */
export function infoOf({ socket, request, served = false, refused, detail, status }: Ended): ClientErrorInfo {
  return {
    code: refused.code,
    status,
    remoteAddress: socket.remoteAddress ?? '',
    detail,
    method: request?.method ?? '',
    target: request?.url ?? '',
    served
  }
}

/** A refusal: status and text as KrakenD sends them. */
export interface Refusal {
  readonly code: ErrorCode
  readonly status: number
  readonly text: string
}

const refusal = (code: ErrorCode, text: string, status: number = ERRORS[code].http): Refusal => ({ code, status, text })

export const REFUSALS = {
  malformed: refusal('SLUICE_ERR_CLIENT_BAD_REQUEST', '400 Bad Request'),
  noHost: refusal('SLUICE_ERR_CLIENT_BAD_REQUEST', '400 Bad Request: missing required Host header'),
  badHost: refusal('SLUICE_ERR_CLIENT_BAD_REQUEST', '400 Bad Request: malformed Host header'),
  twoHosts: refusal('SLUICE_ERR_CLIENT_BAD_REQUEST', '400 Bad Request: too many Host headers'),
  version: refusal('SLUICE_ERR_CLIENT_BAD_REQUEST', '505 HTTP Version Not Supported: unsupported protocol version', 505),
  coding: refusal('SLUICE_ERR_CLIENT_BAD_REQUEST', '501 Unsupported transfer encoding', 501),
  connect: refusal('SLUICE_ERR_CLIENT_BAD_REQUEST', '404 page not found', 404),
  expectation: refusal('SLUICE_ERR_CLIENT_BAD_REQUEST', '417 Expectation Failed', 417),
  headers: refusal('SLUICE_ERR_CLIENT_HEADERS_TOO_LARGE', '431 Request Header Fields Too Large'),
  target: refusal('SLUICE_ERR_CLIENT_TARGET_TOO_LONG', '414 URI Too Long'),
  chunks: refusal('SLUICE_ERR_CLIENT_BODY_TOO_LARGE', '413 Content Too Large: chunk extensions'),
  slow: refusal('SLUICE_ERR_CLIENT_TIMEOUT', '408 Request Timeout'),
  cleartext: refusal('SLUICE_ERR_CLIENT_BAD_REQUEST', 'Client sent an HTTP request to an HTTPS server.'),
  closing: refusal('SLUICE_ERR_GATEWAY_CLOSING', '503 Service Unavailable')
} as const

/** Returns the refusal for an error of node:http's parser; undefined when the peer has gone and nothing can be sent. */
export function refusalOf(error: NodeJS.ErrnoException): Refusal | undefined {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return REFUSALS.headers
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return REFUSALS.chunks
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return REFUSALS.slow
    case 'HPE_INVALID_VERSION':
      return namesOtherVersion(error) ? REFUSALS.version : REFUSALS.malformed
    default:
      return error.code?.startsWith('HPE_') ? REFUSALS.malformed : undefined
  }
}

/** What node:http adds to an error of its parser. */
type ParseError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer; readonly bytesParsed?: number }

/** `HTTP/` and two digits with a point (RFC 9112 §2.3); others are no request line at all. */
const OTHER_VERSION = /[ ]HTTP\/(?!1\.[01])[0-9]\.[0-9](?:\r|$)/

/** True for a request line that names a version of HTTP which the listener does not speak. */
function namesOtherVersion({ rawPacket, bytesParsed = 0 }: ParseError): boolean {
  if (rawPacket === undefined) return false
  const start = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf(LF, bytesParsed - 1) + 1
  const end = rawPacket.indexOf(LF, start)
  return OTHER_VERSION.test(rawPacket.toString('latin1', start, end < 0 ? rawPacket.length : end))
}

const LF = 0x0a

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported'
}

/** Header fields of a refusal, flat; the connection never serves another request. */
export function refusalFields(refused: Refusal): string[] {
  return [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(refused.text)),
    'Connection',
    'close'
  ]
}

/** Writes a refusal to a socket that no parser reads any more, and ends the gateway's half of the connection. */
export function endWithRefusal(socket: Socket, refused: Refusal): void {
  const fields = refusalFields(refused)
  let head = `HTTP/1.1 ${refused.status} ${REASONS[refused.status] ?? ''}\r\n`
  for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`
  socket.end(`${head}\r\n${refused.text}`, 'latin1')
}
