/** What a document says to people, as options of `documentation/openapi`: an export says it again. */

import { isObject } from '../../config/json-value.js'
import type { Json, JsonObject } from '../../config/types.js'
import type { SoundDocument } from './read-document.js'
import { follow, followAll, membersOf, textOf, textsOf } from './references.js'
import { component } from './schemas.js'

/** Leaves out what is empty. */
function given(members: { readonly [key: string]: Json | undefined }): JsonObject {
  const isThere = (value: Json | undefined): boolean =>
    value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(members).filter(([, value]) => isThere(value))) as JsonObject
}

export function serviceDocumentation({ root, is30 }: SoundDocument): JsonObject {
  const info = follow(root.info, root)
  const contact = follow(info.contact, root)
  const license = follow(info.license, root)
  const options = { root, is30, forRequest: false }
  const schemas = membersOf(follow(root.components, root).schemas).map(([name, one]) => [name, component(one, options)] as const)
  return given({
    description: textOf(info.description),
    version: textOf(info.version),
    terms_of_service: textOf(info.termsOfService),
    contact_name: textOf(contact.name),
    contact_email: textOf(contact.email),
    contact_url: textOf(contact.url),
    license_name: textOf(license.name),
    license_url: textOf(license.url),
    tag_definition: followAll(root.tags, root).map(tag =>
      given({ name: textOf(tag.name), description: textOf(tag.description) })
    ),
    components_schemas: schemas.length === 0 ? undefined : Object.fromEntries(schemas)
  })
}

export function endpointDocumentation(
  operation: JsonObject,
  parameters: readonly JsonObject[],
  { document, names }: { readonly document: SoundDocument; readonly names: ReadonlyMap<string, string> }
): JsonObject {
  const { root, is30 } = document
  const options = { root, is30, forRequest: false }
  const definitions = (where: string, rename: (name: string) => string): JsonObject[] =>
    parameters.filter(one => one.in === where).map(one => definitionOf(one, rename(textOf(one.name)), root))
  const bodyOf = (content: Json | undefined, description: string): JsonObject[] =>
    membersOf(content).map(([type, media]) => mediaOf(type, follow(media, root), description, one => component(one, options)))
  const requestBody = follow(operation.requestBody, root)
  const responses = membersOf(operation.responses).map(([status, one]) => {
    const response = follow(one, root)
    const description = textOf(response.description)
    // KrakenD describes one type of each
    return [status, bodyOf(response.content, description)[0] ?? given({ description })] as const
  })
  return given({
    summary: textOf(operation.summary),
    description: textOf(operation.description),
    operation_id: textOf(operation.operationId),
    tags: textsOf(operation.tags),
    param_definition: definitions('path', name => names.get(name) ?? name),
    query_definition: definitions('query', name => name),
    header_definition: definitions('header', name => name),
    request_definition: bodyOf(requestBody.content, textOf(requestBody.description)),
    response_definition: responses.length === 0 ? undefined : Object.fromEntries(responses)
  })
}

/** Types that KrakenD's definitions have. */
const TYPES = new Set(['integer', 'number', 'string', 'boolean', 'object', 'array'])
const FORMATS = new Set(['int32', 'int64', 'float', 'double', 'date', 'date-time', 'byte', 'uuid'])

function definitionOf(parameter: JsonObject, name: string, root: JsonObject): JsonObject {
  const schema = follow(parameter.schema, root)
  const type = Array.isArray(schema.type) ? textOf(schema.type.find(one => one !== 'null')) : textOf(schema.type)
  const format = textOf(schema.format)
  return given({
    name,
    description: textOf(parameter.description),
    type: TYPES.has(type) ? type : 'string',
    format: FORMATS.has(format) ? format : '',
    enum: Array.isArray(schema.enum) ? schema.enum : undefined,
    ...(parameter.in === 'path' ? {} : { required: parameter.required === true }),
    example: parameter.example
  })
}

/** A schema of the components is referred to by its name. */
function mediaOf(type: string, media: JsonObject, description: string, translate: (schema: Json) => Json): JsonObject {
  const { schema } = media
  const reference = isObject(schema) ? textOf((schema as JsonObject).$ref) : ''
  const ref = /^#\/components\/schemas\/([^/]+)$/.exec(reference)?.[1] ?? ''
  const isGiven = isObject(schema) && ref === '' && Object.keys(schema).length > 0
  return given({
    description,
    content_type: type,
    ref,
    example: media.example,
    ...(isGiven ? { example_schema: translate(schema as Json) } : {})
  })
}
