import { GatewayError } from '../errors.js'

/**
 * find-my-way compiles the routes, ajv the schemas of options, both with `new Function`. Routes join their tree when they are asked
 * for: without this look the first request would fail in place of the start.
 * @throws GatewayError where Node.js runs with `--disallow-code-generation-from-strings`
 */
export function requireCodeGeneration(): void {
  try {
    new Function('')
  } catch (cause) {
    const message = 'the gateway compiles routes and schemas: start it without --disallow-code-generation-from-strings'
    throw new GatewayError('SLUICE_ERR_CONFIG_INVALID', { message, cause })
  }
}
