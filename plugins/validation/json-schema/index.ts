/**
 * `validation/json-schema`: lets only requests pass whose body fits a JSON Schema.
 *
 * In: requests of an endpoint; the namespace's value is the schema itself. Out: the same with its body unchanged to the bit,
 * or 400; the reason is in the body only with `return_error_msg`. A body over `max_body_bytes` is a 413.
 */

import { defineComponent, GatewayError, type Wrap } from 'sluice/plugin'
import { compileSchema, SchemaError, type Validate } from './schema.js'

export default defineComponent<object | boolean>({
  namespace: 'validation/json-schema',
  scopes: ['endpoint'],
  slots: { endpoint: 'proxy/schema' },
  needs: 'body',
  schema: { type: ['object', 'boolean'], description: 'A JSON Schema, draft-04 to 2020-12 by its $schema; without one 2020-12.' },
  async compile(options, context) {
    let validate: Validate
    try {
      validate = await compileSchema(options)
    } catch (cause) {
      return context.fail(cause instanceof SchemaError ? cause.pointer : '', (cause as Error).message)
    }
    context.logger.debug(`${context.tag}[JSONSchema]`, 'Validator enabled')
    return compileStage(validate)
  }
})

const refusal = (message: string, cause?: unknown): GatewayError =>
  new GatewayError('SLUICE_ERR_CLIENT_BAD_REQUEST', { message, cause })

function compileStage(validate: Validate): Wrap {
  return next => async request => {
    const value = await request.body.json()
    if (value === undefined) throw refusal('could not validate an empty body')
    // a number that is the whole body is known by the body's text alone
    check(validate, value, typeof value === 'number' ? (await request.body.text()).trim() : undefined)
    return next(request)
  }
}

/** @throws GatewayError 400 */
function check(validate: Validate, value: unknown, text: string | undefined): void {
  let faults: string | undefined
  try {
    faults = validate(value, text)
  } catch (cause) {
    throw refusal(`could not validate the body: ${(cause as Error).message}`, cause)
  }
  if (faults !== undefined) throw refusal(faults)
}
