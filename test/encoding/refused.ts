import { GatewayError } from '../../src/errors.js'

/** For `assert.rejects` and `assert.throws`: a body that could not be decoded, with such a message. */
export const refused =
  (message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof GatewayError && error.code === 'SLUICE_ERR_UPSTREAM_DECODE' && message.test(error.message)
