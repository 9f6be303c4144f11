/**
 * The options of `documentation/openapi`, as KrakenD Enterprise has them: at the service and at endpoints. They watch nothing and protect
 * nothing, so a value of a wrong type is a note of the export, and stops no start.
 */

import type { Findings } from '../config/findings.js'
import { isObject, NOTHING } from '../config/json-value.js'
import { ObjectReader } from '../config/object-reader.js'
import type { ExtraConfig, Json, JsonObject } from '../config/types.js'

const OPENAPI_NAMESPACE = 'documentation/openapi'

/** What is said of one parameter. */
export interface Definition {
  readonly name: string
  readonly description: string
  /** JSON Schema's type, with the format that belongs to it. */
  readonly schema: JsonObject
  readonly required: boolean | undefined
  readonly hide: boolean
  readonly example: Json | undefined
  readonly examples: JsonObject | undefined
}

/** What is said of a body. */
export interface BodyDefinition {
  readonly description: string
  readonly contentType: string
  readonly example: Json | undefined
  readonly examples: JsonObject | undefined
  /** A JSON Schema; undefined = none is given. */
  readonly schema: Json | undefined
  /** Name of a schema in `components_schemas`; '' = none. */
  readonly ref: string
}

export interface ServiceDocumentation {
  readonly description: string
  readonly version: string
  readonly termsOfService: string
  readonly contact: { readonly name: string; readonly email: string; readonly url: string }
  readonly license: { readonly name: string; readonly url: string }
  readonly servers: readonly { readonly url: string; readonly description: string; readonly variables: JsonObject }[]
  readonly host: string
  readonly basePath: string
  readonly schemes: readonly string[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly schemas: { readonly [name: string]: Json }
  readonly securitySchemes: { readonly [name: string]: Json }
  /** Name of the scheme for tokens. */
  readonly jwtKey: string
  /** Name of the cookie for tokens; '' = the validator's. */
  readonly cookieName: string
  readonly disableDefaultResponses: boolean
}

export interface EndpointDocumentation {
  readonly summary: string
  readonly description: string
  readonly operationId: string
  readonly tags: readonly string[]
  readonly audience: readonly string[]
  readonly params: readonly Definition[]
  readonly queries: readonly Definition[]
  readonly headers: readonly Definition[]
  readonly requests: readonly BodyDefinition[]
  readonly responses: readonly (BodyDefinition & { readonly status: string })[]
  /** Names of schemes that the service declares. */
  readonly securitySchemes: readonly string[]
  readonly example: Json | undefined
}

/** Opens the options in `extra`; nothing where there are none. */
function open(extra: ExtraConfig, pointer: string, findings: Findings): ObjectReader {
  const value: unknown = extra[OPENAPI_NAMESPACE]
  const at = `${pointer}/extra_config/documentation~1openapi`
  if (value !== undefined && !isObject(value)) findings.add('error', at, `'${OPENAPI_NAMESPACE}' expected an object`)
  return new ObjectReader(isObject(value) ? value : NOTHING, at, OPENAPI_NAMESPACE, findings, 'strict')
}

export function readServiceDocumentation(extra: ExtraConfig, findings: Findings): ServiceDocumentation {
  const reader = open(extra, '', findings)
  const text = (key: string): string => reader.string(key, '')
  return {
    description: text('description'),
    version: text('version'),
    termsOfService: text('terms_of_service'),
    contact: { name: text('contact_name'), email: text('contact_email'), url: text('contact_url') },
    license: { name: text('license_name'), url: text('license_url') },
    servers: readServers(reader),
    host: text('host'),
    basePath: text('base_path'),
    schemes: reader.strings('schemes'),
    tags: present(reader.objects('tag_definition')).map(tag => ({
      name: tag.string('name', ''),
      description: tag.string('description', '')
    })),
    schemas: mapOf(reader, 'components_schemas', (value, at) => readSchema(value, at, findings)),
    securitySchemes: mapOf(reader, 'custom_security_schemes', value => value),
    jwtKey: text('jwt_key') || 'KrakenD-JWT',
    cookieName: text('cookie_name'),
    disableDefaultResponses: reader.boolean('disable_default_response_definitions', false)
  }
}

export function readEndpointDocumentation(extra: ExtraConfig, pointer: string, findings: Findings): EndpointDocumentation {
  const reader = open(extra, pointer, findings)
  const responses = reader.object('response_definition')
  return {
    summary: reader.string('summary', ''),
    description: reader.string('description', ''),
    operationId: reader.string('operation_id', ''),
    tags: reader.strings('tags'),
    audience: reader.strings('audience'),
    params: present(reader.objects('param_definition')).map(one => readDefinition(one)),
    queries: present(reader.objects('query_definition')).map(one => readDefinition(one)),
    headers: present(reader.objects('header_definition')).map(one => readDefinition(one)),
    requests: present(reader.objects('request_definition')).map(one => readBody(one, findings)),
    responses: statusesOf(reader).flatMap(status => {
      const body = responses?.object(status)
      return body === undefined ? [] : [{ status, ...readBody(body, findings) }]
    }),
    securitySchemes: Object.keys(mapOf(reader, 'custom_security_schemes', value => value)),
    example: jsonOf(reader, 'example')
  }
}

const present = (readers: readonly (ObjectReader | undefined)[]): ObjectReader[] => readers.filter(one => one !== undefined)
const jsonOf = (reader: ObjectReader, key: string): Json | undefined => reader.raw(key) as Json | undefined
const isComment = (key: string): boolean => /^[@$_#]/.test(key)

function statusesOf(reader: ObjectReader): string[] {
  const value = reader.raw('response_definition')
  if (!isObject(value)) return []
  return Object.keys(value).filter(status => {
    if (isComment(status)) return false
    const isStatus = status === 'default' || /^[1-5](\d\d|XX)$/.test(status)
    if (!isStatus) reader.findings.add('warning', reader.at('response_definition'), `'${status}' is no status`)
    return isStatus
  })
}

function mapOf<T>(reader: ObjectReader, key: string, read: (value: Json, pointer: string) => T): { [name: string]: T } {
  const value = reader.raw(key)
  if (value === undefined || reader.object(key) === undefined) return {}
  const entries = Object.entries(value as JsonObject).filter(([name]) => !isComment(name))
  return Object.fromEntries(entries.map(([name, one]) => [name, read(one, `${reader.at(key)}/${name}`)]))
}

function readServers(reader: ObjectReader): ServiceDocumentation['servers'] {
  return present(reader.objects('servers')).map(server => ({
    url: server.string('url', ''),
    description: server.string('description', ''),
    variables: (server.object('variables') === undefined ? {} : server.raw('variables')) as JsonObject
  }))
}

/** Types of KrakenD's that JSON Schema does not have. */
const TYPES: Readonly<Record<string, JsonObject>> = {
  float: { type: 'number', format: 'float' },
  'date-time': { type: 'string', format: 'date-time' },
  array: { type: 'array', items: {} }
}

function readDefinition(reader: ObjectReader): Definition {
  const type = reader.string('type', 'string')
  const format = reader.string('format', '')
  const values = reader.raw('enum')
  const schema: JsonObject = {
    ...(TYPES[type] ?? { type }),
    ...(format === '' ? {} : { format }),
    ...(Array.isArray(values) && values.length > 0 ? { enum: values as Json[] } : {})
  }
  return {
    name: reader.string('name', ''),
    description: reader.string('description', ''),
    schema,
    required: reader.raw('required') === undefined ? undefined : reader.boolean('required', false),
    hide: reader.boolean('hide', false),
    example: jsonOf(reader, 'example'),
    examples: reader.object('examples') === undefined ? undefined : (jsonOf(reader, 'examples') as JsonObject)
  }
}

function readBody(reader: ObjectReader, findings: Findings): BodyDefinition {
  const schema = jsonOf(reader, 'example_schema')
  return {
    description: reader.string('description', ''),
    contentType: reader.string('content_type', ''),
    example: jsonOf(reader, 'example'),
    examples: reader.object('examples') === undefined ? undefined : (jsonOf(reader, 'examples') as JsonObject),
    schema: schema === undefined ? undefined : readSchema(schema, reader.at('example_schema'), findings),
    ref: reader.string('ref', '')
  }
}

/** A schema is an object, or one in base64. */
function readSchema(value: Json, pointer: string, findings: Findings): Json {
  if (isObject(value) || typeof value === 'boolean') return value as Json
  try {
    const parsed: unknown = typeof value === 'string' ? JSON.parse(Buffer.from(value, 'base64').toString('utf8')) : undefined
    if (isObject(parsed)) return parsed as JsonObject
  } catch {
    // told below
  }
  findings.add('error', pointer, 'a JSON Schema is expected, as an object or as its base64')
  return {}
}
