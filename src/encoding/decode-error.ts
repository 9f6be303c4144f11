import { GatewayError } from '../errors.js'

/**
 * Makes the error of a body that cannot be decoded.
 * @param format what the body was taken for, the beginning of the message
 */
export function decodeError(format: string, message: string, cause?: unknown): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_DECODE', { message: `${format}: ${message}`, cause })
}
