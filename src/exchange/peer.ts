/** The other end of the connection that a request came on. */

import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

/** Peers of in-process requests have no address. */
const LOCAL = '127.0.0.1'

/** Returns the address of the peer: the client, or the proxy in front of it. */
export function peerOf(req: IncomingMessage): string {
  return req.socket.remoteAddress ?? LOCAL
}

/** True when the connection is encrypted. */
export function isEncrypted(req: IncomingMessage): boolean {
  return (req.socket as Partial<TLSSocket>).encrypted === true
}
