import type { IncomingMessage } from 'node:http'
import type { GatewayError } from '../errors.js'
import { AccessEntry, type AccessLog } from '../telemetry/access-log.js'
import type { ClientErrorInfo } from './client-error.js'

/**
 * Returns a function that writes to the access log what the listener refused by itself. Two kinds are not written: a connection
 * that was closed without a response is no request, and an exchange that a handler has reports itself.
 */
export function refusalsTo(log: AccessLog): (info: ClientErrorInfo) => void {
  return info => {
    if (info.served || info.status === 0) return
    const entry = new AccessEntry()
    const mark = info.target.indexOf('?')
    entry.client = info.remoteAddress
    entry.method = info.method
    entry.path = mark < 0 ? info.target : info.target.slice(0, mark)
    entry.query = mark < 0 ? '' : info.target.slice(mark + 1)
    entry.status = info.status
    entry.error = info.code
    entry.limit = info.detail
    log.write(entry)
  }
}

/** A request whose target cannot be read, as a refusal. */
export function targetRefusal(req: IncomingMessage, error: GatewayError): ClientErrorInfo {
  return {
    code: error.code,
    status: error.statusCode,
    remoteAddress: req.socket.remoteAddress ?? '',
    detail: error.limit ?? error.message,
    method: req.method ?? '',
    target: req.url ?? '',
    served: false
  }
}
