/** Bodies of requests and responses, as far as the configuration knows them. */

import type { EndpointConfig, Json } from '../../config/types.js'
import type { BodyDefinition, EndpointDocumentation } from '../documentation.js'
import type { Content, MediaType, RequestBody } from '../types.js'
import type { Schemas } from './schemas.js'

const JSON_TYPE = 'application/json'
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])

/** What the client sends; undefined for methods that send none, unless the endpoint says so. */
export function requestBodyOf(
  endpoint: EndpointConfig,
  docs: EndpointDocumentation,
  schemas: Schemas,
  operationId: string
): RequestBody | undefined {
  const checked: Json | undefined = endpoint.extra['validation/json-schema']
  if (checked !== undefined) {
    const described = docs.requests.find(one => one.contentType === JSON_TYPE)
    const content = { [JSON_TYPE]: { schema: schemas.place(checked, `${operationId}_request`), ...examplesOf(described) } }
    return { ...descriptionOf(described?.description), required: true, content }
  }
  if (docs.requests.length > 0) {
    const content: Content = {}
    for (const one of docs.requests) content[one.contentType || JSON_TYPE] ??= mediaTypeOf(one, schemas, `${operationId}_request`)
    return { ...descriptionOf(docs.requests.find(one => one.description !== '')?.description), content }
  }
  return WITH_BODY.has(endpoint.method) ? { content: { '*/*': {} } } : undefined
}

function descriptionOf(description = ''): { description?: string } {
  return description === '' ? {} : { description }
}

/** A body that the configuration describes. */
export function mediaTypeOf(body: BodyDefinition, schemas: Schemas, name: string): MediaType {
  const schema = (body.ref === '' ? undefined : schemas.named(body.ref)) ?? (body.schema && schemas.place(body.schema, name))
  return { ...(schema === undefined ? {} : { schema }), ...examplesOf(body) }
}

function examplesOf(body: BodyDefinition | undefined): Pick<MediaType, 'example' | 'examples'> {
  if (body?.examples !== undefined)
    return { examples: Object.fromEntries(Object.entries(body.examples).map(([key, value]) => [key, { value }])) }
  return body?.example === undefined ? {} : { example: body.example }
}

const OBJECT: MediaType = { schema: { type: 'object' } }
const TEXT: MediaType = { schema: { type: 'string' } }

/** What endpoints with an `output_encoding` respond with. */
const ENCODINGS: Readonly<Record<string, Content>> = {
  json: { [JSON_TYPE]: OBJECT },
  'fast-json': { [JSON_TYPE]: OBJECT },
  'json-collection': { [JSON_TYPE]: { schema: { type: 'array', items: {} } } },
  string: { 'text/plain': TEXT },
  xml: { 'application/xml': OBJECT },
  yaml: { 'application/yaml': OBJECT },
  negotiate: { [JSON_TYPE]: OBJECT, 'application/xml': OBJECT, 'application/yaml': OBJECT },
  'no-op': { '*/*': {} }
}

/** The content of a successful response, with the example of the endpoint. */
export function contentOf({ outputEncoding }: EndpointConfig, example: Json | undefined): Content {
  const content = ENCODINGS[outputEncoding] ?? ENCODINGS.json!
  if (example === undefined) return content
  return Object.fromEntries(Object.entries(content).map(([type, one]) => [type, { ...one, example }]))
}
