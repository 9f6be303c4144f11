import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { GatewayError } from '../errors.js'
import { clientAborted } from '../message/incoming-source.js'

/** Says why a connection or stream closed before its response was over: what the listener closed it for, else the client left. */
export function clientGone(req: IncomingMessage): GatewayError {
  const cause = req.httpVersionMajor === 1 ? req.socket.errored : (req as unknown as Http2ServerRequest).stream.errored
  return cause instanceof GatewayError ? cause : clientAborted()
}
