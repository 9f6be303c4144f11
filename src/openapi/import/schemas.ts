/** Schemas of an OpenAPI document as JSON Schemas (draft 2020-12) that stand alone. */

import { isObject } from '../../config/json-value.js'
import type { Json, JsonObject } from '../../config/types.js'
import { resolvePointer } from './read-document.js'

/** Keywords of OpenAPI, and of drafts before 2020-12, that say nothing about values. */
const NOT_FOR_VALUES = new Set([
  ...['discriminator', 'xml', 'externalDocs', 'example', 'nullable'],
  ...['$recursiveAnchor', '$recursiveRef']
])
/** Keywords whose value is no schema. */
const PLAIN = new Set(['enum', 'const', 'default', 'examples', 'required', 'type'])
/** Keywords whose members are schemas by name. */
const BY_NAME = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'])

export interface SchemaOptions {
  readonly root: JsonObject
  /** The schema is one of OpenAPI 3.0. */
  readonly is30: boolean
  /** What a client sends: it need not send what is only read. */
  readonly forRequest: boolean
}

/** Returns a schema with all that it refers to in `$defs`. */
export function standalone(schema: Json, options: SchemaOptions): Json {
  const definitions = new Map<string, { readonly name: string; value: Json }>()
  const names = new Set<string>()
  const refer = (reference: string): string => {
    const known = definitions.get(reference)
    if (known !== undefined) return `#/$defs/${known.name}`
    const wanted =
      reference
        .split('/')
        .at(-1)!
        .replace(/[^\w.-]/g, '_') || 'root'
    let name = wanted
    for (let i = 2; names.has(name); i++) name = `${wanted}_${i}`
    names.add(name)
    // known before it is translated: schemas may refer to themselves
    const entry = { name, value: true as Json }
    definitions.set(reference, entry)
    entry.value = new Translation(options, refer).of(resolvePointer(options.root, reference) ?? true)
    return `#/$defs/${name}`
  }
  const translated = new Translation(options, refer).of(schema)
  if (definitions.size === 0 || !isObject(translated)) return translated
  const $defs = Object.fromEntries([...definitions.values()].map(({ name, value }) => [name, value]))
  return { ...(translated as JsonObject), $defs }
}

/** Returns a schema whose references lead to the components of a document, as those of the read one do. */
export function component(schema: Json, options: SchemaOptions): Json {
  return new Translation(options, reference => reference).of(schema)
}

class Translation {
  private readonly options: SchemaOptions
  private readonly refer: (reference: string) => string

  constructor(options: SchemaOptions, refer: (reference: string) => string) {
    this.options = options
    this.refer = refer
  }

  of(schema: Json): Json {
    if (Array.isArray(schema)) return schema.map(one => this.of(one as Json))
    if (!isObject(schema)) return schema
    const given = schema as JsonObject
    if (typeof given.$ref === 'string' && this.options.is30) return { $ref: this.refer(given.$ref) }
    const out: { [key: string]: Json } = {}
    for (const [key, value] of Object.entries(given)) {
      if (key.startsWith('x-') || NOT_FOR_VALUES.has(key)) continue
      if (key === '$ref' && typeof value === 'string') out.$ref = this.refer(value)
      else if (PLAIN.has(key)) out[key] = value
      else if (BY_NAME.has(key) && isObject(value))
        out[key] = Object.fromEntries(Object.entries(value as JsonObject).map(([name, one]) => [name, this.of(one)]))
      else out[key] = this.of(value)
    }
    if (this.options.is30) withNull(given, out)
    withBounds(given, out)
    if (this.options.forRequest) this.withoutReadOnly(given, out)
    return out
  }

  private withoutReadOnly({ properties }: JsonObject, out: { [key: string]: Json }): void {
    if (!Array.isArray(out.required) || !isObject(properties)) return
    const isReadOnly = (name: Json): boolean => {
      const property = typeof name === 'string' ? (properties as JsonObject)[name] : undefined
      return isObject(property) && (property as JsonObject).readOnly === true
    }
    const required = out.required.filter(name => !isReadOnly(name as Json))
    if (required.length > 0) out.required = required
    else delete out.required
  }
}

/** OpenAPI 3.0 has `nullable`. */
function withNull(given: JsonObject, out: { [key: string]: Json }): void {
  if (given.nullable !== true) return
  if (typeof given.type === 'string') out.type = [given.type, 'null']
  if (Array.isArray(given.enum) && !given.enum.includes(null)) out.enum = [...given.enum, null]
}

/** OpenAPI 3.0 has switches beside the bounds, and so have documents that only call themselves 3.1. */
function withBounds(given: JsonObject, out: { [key: string]: Json }): void {
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum']
  ] as const) {
    if (typeof given[exclusive] !== 'boolean') continue
    delete out[exclusive]
    if (given[exclusive] !== true || given[bound] === undefined) continue
    out[exclusive] = given[bound]
    delete out[bound]
  }
}
