/**
 * A JSON Schema of the configuration as one of an OpenAPI 3.1 document: draft 2020-12, with references that lead where it stands there.
 */

import { isObject } from '../../config/json-value.js'
import type { Json, JsonObject } from '../../config/types.js'

/** Keywords whose value is no schema and holds none. */
const PLAIN = new Set(['enum', 'const', 'default', 'examples', 'example', 'required', 'type'])
/** Keywords whose members are schemas by name. */
const BY_NAME = new Set(['properties', 'patternProperties', 'definitions', '$defs', 'dependentSchemas'])

/** Returns what a reference of a schema is in the document. */
export type References = (reference: string) => string

export function embedSchema(schema: Json, refer: References): Json {
  if (Array.isArray(schema)) return schema.map(one => embedSchema(one as Json, refer))
  return isObject(schema) ? translate(schema as JsonObject, refer) : schema
}

function translate(schema: JsonObject, refer: References): JsonObject {
  const out: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$schema') continue
    if (key === '$ref' && typeof value === 'string') out.$ref = refer(value)
    else if (PLAIN.has(key)) out[key] = value
    else if (BY_NAME.has(key) && isObject(value)) out[key] = mapValues(value as JsonObject, one => embedSchema(one, refer))
    else if (key === 'dependencies' && isObject(value)) addDependencies(value as JsonObject, out, refer)
    else if (key === 'items' && Array.isArray(value)) addTuple(schema, out, refer)
    else if (key === 'additionalItems') continue
    else if (key === 'exclusiveMinimum' || key === 'exclusiveMaximum') addBound(key, schema, out)
    else if ((key === 'minimum' || key === 'maximum') && isExclusive(key, schema)) continue
    else if (key === 'id' && typeof value === 'string') out.$id = value
    else out[key] = embedSchema(value, refer)
  }
  return out
}

const mapValues = (object: JsonObject, work: (value: Json) => Json): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, work(value)]))

/** Up to draft 7 `items` may be a list. */
function addTuple(schema: JsonObject, out: { [key: string]: Json }, refer: References): void {
  out.prefixItems = embedSchema(schema.items!, refer)
  if (schema.additionalItems !== undefined) out.items = embedSchema(schema.additionalItems, refer)
}

/** Up to draft 7 `dependencies` holds both kinds. */
function addDependencies(value: JsonObject, out: { [key: string]: Json }, refer: References): void {
  const lists = Object.entries(value).filter(([, one]) => Array.isArray(one))
  const schemas = Object.entries(value).filter(([, one]) => !Array.isArray(one))
  if (lists.length > 0) out.dependentRequired = Object.fromEntries(lists)
  if (schemas.length > 0) out.dependentSchemas = Object.fromEntries(schemas.map(([key, one]) => [key, embedSchema(one, refer)]))
}

const isExclusive = (key: 'minimum' | 'maximum', schema: JsonObject): boolean =>
  schema[key === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum'] === true

/** In draft 4 the bound stands beside a switch. */
function addBound(key: 'exclusiveMinimum' | 'exclusiveMaximum', schema: JsonObject, out: { [key: string]: Json }): void {
  const value = schema[key]!
  if (typeof value === 'number') out[key] = value
  const bound = schema[key === 'exclusiveMinimum' ? 'minimum' : 'maximum']
  if (value === true && bound !== undefined) out[key] = bound
}
