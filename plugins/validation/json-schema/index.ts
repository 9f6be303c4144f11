/**
 * `validation/json-schema`: lets only requests pass whose body fits a JSON Schema.
 *
 * In: requests of an endpoint; the namespace's value is the schema itself. Out: the same with its body unchanged to the bit,
 * or 400; the reason is in the body only with `return_error_msg`. A body over `max_body_bytes` is a 413.
 */

import { defineComponent, GatewayError, type GatewayRequest, stringifyJson, type Wrap } from 'sluice/plugin'
import { compileSchema, readSchemaFile, SchemaError, type Validate } from './schema.js'
import type { SchemaSource } from './thread.js'
import { validateInThread } from './thread-pool.js'

/** Longest body, in bytes, that is validated at once: the most expensive one takes some 10 ms. */
const MAX_AT_ONCE = 64 * 1024

export default defineComponent({
  namespace: 'validation/json-schema',
  scopes: ['endpoint'],
  slots: { endpoint: 'proxy/schema' },
  needs: 'body',
  schema: { type: ['object', 'boolean'], description: 'A JSON Schema, draft-04 to 2020-12 by its $schema; without one 2020-12.' },
  async compile(options, context) {
    const files = new Map<string, string | undefined>()
    const read = (uri: string): string | undefined => {
      const text = readSchemaFile(uri)
      files.set(uri, text)
      return text
    }
    let validate: Validate
    try {
      validate = await compileSchema(options.value as object | boolean, read)
    } catch (cause) {
      return context.fail(cause instanceof SchemaError ? cause.pointer : '', (cause as Error).message)
    }
    context.logger.debug(`${context.tag}[JSONSchema]`, 'Validator enabled')
    return compileStage(validate, { schema: stringifyJson(options.value), files })
  }
})

const refusal = (message: string, cause?: unknown): GatewayError =>
  new GatewayError('SLUICE_ERR_CLIENT_BAD_REQUEST', { message, cause })

function compileStage(validate: Validate, source: SchemaSource): Wrap {
  return next => async request => {
    const bytes = isSmall(request) ? undefined : await decodedBytes(request)
    if (bytes !== undefined && bytes.length > MAX_AT_ONCE) await checkInThread(source, bytes, request.signal)
    else await check(validate, request)
    return next(request)
  }
}

const isEncoded = ({ headers }: GatewayRequest): boolean => headers.has('content-encoding')

function isSmall(request: GatewayRequest): boolean {
  const { length } = request.body
  return length !== undefined && length <= MAX_AT_ONCE && !isEncoded(request)
}

const decodedBytes = async (request: GatewayRequest): Promise<Buffer> =>
  isEncoded(request) ? Buffer.from(await request.body.text()) : request.body.buffer()

/** @throws GatewayError 400 */
async function check(validate: Validate, { body }: GatewayRequest): Promise<void> {
  const value = await body.json()
  if (value === undefined) throw refusal('could not validate an empty body')
  // a number that is the whole body is known by the body's text alone
  const text = typeof value === 'number' ? (await body.text()).trim() : undefined
  let faults: string | undefined
  try {
    faults = validate(value, text)
  } catch (cause) {
    throw notValidated(cause as Error)
  }
  if (faults !== undefined) throw refusal(faults)
}

/** @throws GatewayError 400 */
async function checkInThread(source: SchemaSource, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const verdict = await validateInThread(source, bytes, signal)
  switch (verdict.kind) {
    case 'faults':
      throw refusal(verdict.lines)
    case 'no JSON':
      throw new GatewayError('SLUICE_ERR_BODY_NOT_JSON', { cause: new SyntaxError(verdict.message), statusCode: 400 })
    case 'failed':
      throw notValidated(new Error(verdict.message))
  }
}

const notValidated = (cause: Error): GatewayError => refusal(`could not validate the body: ${cause.message}`, cause)
