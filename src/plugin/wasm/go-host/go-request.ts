/** A request of a server or client plugin, as a message to Go. */

import type { RequestMessage } from '../../../message/request.js'
import { OP, type Outbox } from './go-messages.js'

/** Bits of what is said of a client's connection. */
const SECURE = 1
const HTTP2 = 2

/** Which request it is, and which plugin's. */
export interface RequestAddress {
  readonly place: number
  readonly exchange: number
  /** The backend's, for client plugins; '' for server plugins. */
  readonly origin: string
}

/** @param length of the body, as {@link bodyLength} says */
export function writeRequest(outbox: Outbox, to: RequestAddress, request: RequestMessage, length: number): void {
  const { place, exchange, origin } = to
  const ofServer = origin === ''
  outbox
    .begin(OP.request)
    .u32(place)
    .u32(exchange)
    .u32((request.secure ? SECURE : 0) | (request.exchange.protocol === 'HTTP/2.0' ? HTTP2 : 0))
    .latin(request.method)
    .latin(request.query === '' ? request.path : `${request.path}?${request.query}`)
    .latin(ofServer ? request.host : '')
    .latin(ofServer ? addressOf(request) : '')
    .i64(length)
    .latin(origin)
    .pairs(request.raw, 'host')
    .pairs(ofServer ? (request.outerFields ?? NONE) : NONE)
    .done()
}

const NONE: readonly string[] = []

/** `Request.RemoteAddr`: `127.0.0.1:4711`, `[::1]:4711`. */
function addressOf({ remoteAddress, exchange }: RequestMessage): string {
  const host = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress
  return `${host}:${exchange.remotePort}`
}

/** -1 = not known, 0 = there is none. */
export function bodyLength(request: RequestMessage): number {
  if (!request.hasBody) return 0
  const { openedBody, bodySource } = request
  return (openedBody === undefined ? bodySource?.length : openedBody.length) ?? -1
}
