import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.js'

/** Says why a client's connection closed before its answer was over: what the listener closed it for, else the client left. */
export function vanished(req: IncomingMessage): GatewayError {
  const cause = req.httpVersionMajor === 1 ? req.socket.errored : null
  return cause instanceof GatewayError ? cause : new GatewayError('SLUICE_ERR_CLIENT_ABORTED', { message: 'context canceled' })
}
