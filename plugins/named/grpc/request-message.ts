/** The request message of a call, from a JSON body or from the query. */

import { type GatewayRequest, numberText } from 'sluice/plugin'
import type { GrpcField, GrpcMethod } from './methods.js'

/** A request that cannot be made into a message; its text is for the client. */
export class BadMessage extends Error {}

/**
 * Returns the encoded message.
 * @throws BadMessage; GatewayError for a body that is no JSON
 */
export async function encodeRequest(request: GatewayRequest, method: GrpcMethod): Promise<Buffer> {
  const value = request.hasBody ? await request.body.json() : undefined
  const message = value === undefined ? fromQuery(request.query, method.fields) : exact(value)
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    throw new BadMessage('the body is no JSON object')
  try {
    return method.encode(message)
  } catch (cause) {
    throw new BadMessage((cause as Error).message, { cause })
  }
}

/** Whole numbers beyond 2^53 as text, which the encoder takes for 64 bit fields. */
function exact(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const container = value as Record<string, unknown>
  for (const key of Object.keys(container)) {
    const item = container[key]
    if (typeof item !== 'number') exact(item)
    else if (Number.isInteger(item) && !Number.isSafeInteger(item)) {
      const text = numberText(container, key, item)
      if (/^-?\d{1,20}$/.test(text)) container[key] = text
    }
  }
  return value
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$|^-?Infinity$|^NaN$/

function fromQuery(query: string, fields: ReadonlyMap<string, GrpcField>): object {
  const message: Record<string, unknown> = {}
  for (const [name, text] of new URLSearchParams(query)) {
    const field = fields.get(name)
    if (field === undefined) continue
    const value = queryValue(name, text, field)
    if (!field.repeated) message[name] = value
    else if (Object.hasOwn(message, name)) (message[name] as unknown[]).push(value)
    else message[name] = [value]
  }
  return message
}

function queryValue(name: string, text: string, { kind }: GrpcField): unknown {
  if (kind === 'bool') {
    if (text === 'true' || text === '1' || text === '') return true
    if (text === 'false' || text === '0') return false
    throw new BadMessage(`'${name}' is true or false`)
  }
  if (kind === 'number' && !NUMBER.test(text)) throw new BadMessage(`'${name}' is a number`)
  return text
}
