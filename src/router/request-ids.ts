import type { IncomingMessage } from 'node:http'
import { lowerName } from '../http/fields.js'
import { requestId, validRequestId } from '../telemetry/request-id.js'

const NAME = 'x-request-id'

/**
 * Gives each request an id: the one in `X-Request-Id` when a trusted peer sent it, else a new one. The field is written back, so
 * that what is forwarded is the gateway's id and never that of an untrusted client.
 */
export function compileRequestIds(trusts: (remoteAddress: string) => boolean): (req: IncomingMessage) => string {
  return req => {
    const raw = req.rawHeaders
    for (let i = 0; i < raw.length; i += 2) {
      if (raw[i]!.length !== NAME.length || lowerName(raw[i]!) !== NAME) continue
      const sent = raw[i + 1]!
      if (!validRequestId(sent) || !trusts(req.socket.remoteAddress ?? '127.0.0.1')) raw[i + 1] = requestId()
      return raw[i + 1]!
    }
    const made = requestId()
    raw.push('X-Request-Id', made)
    return made
  }
}
