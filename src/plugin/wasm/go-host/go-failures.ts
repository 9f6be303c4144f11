/** Failures of Go's functions, as plugins throw them. */

import { GatewayError } from '../../../errors.js'
import { sendable } from './go-fields.js'
import { FAIL } from './go-handles.js'

/** The plugin asked for a cut (`http.ErrAbortHandler`), or what it copied broke off. Not logged. */
export function cutError(): GatewayError {
  return new GatewayError('SLUICE_ERR_PLUGIN_FAILED', { message: 'the plugin cut its response' })
}

/** What Go's function failed with, as plugins throw it. */
export function errorOf(status: number, text: string): Error {
  const [message = '', second = '', ...pairs] = text.split('\0')
  if (status === FAIL.cut || status === FAIL.abort) return cutError()
  const error = new Error(message) as Error & { statusCode?: number; contentType?: string; headers?: [string, string][] }
  error.stack = message
  if (status === FAIL.panic) error.stack = `${message}\n${second}`.trimEnd()
  if (status <= 0) return error
  error.statusCode = status
  if (second !== '') error.contentType = second
  if (pairs.length > 1) {
    error.headers = []
    const kept = sendable(pairs)
    for (let i = 0; i < kept.length; i += 2) error.headers.push([kept[i]!, kept[i + 1]!])
  }
  return error
}
