/** Compiles a schema to the stage that validates bodies with it. */

import {
  type Body,
  type ComponentContext,
  GatewayError,
  type GatewayRequest,
  type OptionReader,
  parseJson,
  stringifyJson,
  type Wrap
} from 'sluice/plugin'
import type { ByteTest } from './engine/index.js'
import { partOf } from './part.js'
import { type CompiledSchema, compileSchema, readSchemaFile, SchemaError } from './schema.js'
import type { SchemaSource } from './thread.js'
import { validateInThread } from './thread-pool.js'
import { type Wanted, wantedBy } from './wanted.js'

/** Longest body, in bytes, that is validated at once: the most expensive one takes some 10 ms. */
const MAX_AT_ONCE = 64 * 1024
/** Shorter bodies, in bytes, are decoded whole: it costs less than a look at a part. */
const MIN_IN_PART = 1024
/** Bodies that are decoded whole after one of which the schema looks at more than half: then a part costs more than it spares. */
const WHOLES = 63

export async function compileValidation(options: OptionReader, context: ComponentContext): Promise<Wrap> {
  const files = new Map<string, string | undefined>()
  const read = (uri: string): string | undefined => {
    const text = readSchemaFile(uri)
    files.set(uri, text)
    return text
  }
  let schema: CompiledSchema
  try {
    schema = await compileSchema(options.value as object | boolean, read)
  } catch (cause) {
    return context.fail(cause instanceof SchemaError ? cause.pointer : '', (cause as Error).message)
  }
  context.logger.debug(`${context.tag}[JSONSchema]`, 'Validator enabled')
  return compileStage({ schema, wanted: wantedBy(options.value), wholes: 0 }, { schema: stringifyJson(options.value), files })
}

const refusal = (message: string, cause?: unknown): GatewayError =>
  new GatewayError('SLUICE_ERR_CLIENT_BAD_REQUEST', { message, cause })

/** How a body is validated in the thread of the gateway. */
interface Validation {
  readonly schema: CompiledSchema
  /** What the schema looks at; undefined = all. */
  readonly wanted: Wanted | undefined
  /** Bodies to be decoded whole, before a part is looked at again. */
  wholes: number
}

function compileStage(validation: Validation, source: SchemaSource): Wrap {
  return next => async request => {
    const bytes = isSmall(request) ? undefined : await decodedBytes(request)
    if (bytes !== undefined && bytes.length > MAX_AT_ONCE) await checkInThread(source, bytes, request.signal)
    else await check(validation, request)
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
async function check(validation: Validation, { body }: GatewayRequest): Promise<void> {
  const { schema, wanted } = validation
  if (schema.byteTest !== undefined) {
    if (await fitsAsText(schema.byteTest, body)) return
  } else if (wanted !== undefined && (await fitsInPart(validation, wanted, body))) return
  const value = await body.json()
  if (value === undefined) throw refusal('could not validate an empty body')
  // a number that is the whole body is known by the body's text alone
  const text = typeof value === 'number' ? (await body.text()).trim() : undefined
  let faults: string | undefined
  try {
    faults = schema.validate(value, text)
  } catch (cause) {
    throw notValidated(cause as Error)
  }
  if (faults !== undefined) throw refusal(faults)
}

/** Whether the text surely fits. What does not, or is no JSON, is decoded: faults tell all of it. */
async function fitsAsText(test: ByteTest, body: Body): Promise<boolean> {
  let bytes: Uint8Array | undefined
  try {
    bytes = await body.jsonBytes()
  } catch {
    return false
  }
  return bytes !== undefined && test(asBuffer(bytes)) === 'fits'
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** Whether the part that the schema looks at fits, and so the whole. What does not, or is no JSON, is looked at as a whole: faults tell all of it. */
async function fitsInPart(validation: Validation, wanted: Wanted, body: Body): Promise<boolean> {
  try {
    const size = (body.bytesInMemory() ?? (await body.buffer())).length
    if (size < MIN_IN_PART || (validation.wholes > 0 && validation.wholes-- > 0)) return false
    const value = await body.lazyJson()
    if (typeof value !== 'object' || value === null) return false
    const part = partOf(value, wanted)
    if (part.length > size / 2) validation.wholes = WHOLES
    return validation.schema.validate(parseJson(part)) === undefined
  } catch {
    return false
  }
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
