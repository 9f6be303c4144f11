import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../../config/json-value.js'
import type { Json, JsonObject } from '../../config/types.js'
import { embedSchema, type References } from './json-schema.js'

const safeName = (name: string): string => name.replace(/[^\w.-]/g, '_') || '_'
const refTo = (name: string): string => `#/components/schemas/${name}`

/** Parts of a schema that have names: `#/$defs/x`. */
const PART = /^#\/(\$defs|definitions)\/([^/]+)(.*)$/s

/** The schemas of the document, by name. Parts of schemas that have names become schemas of the document. */
export class Schemas {
  readonly byName = new Map<string, Json>()

  constructor(declared: { readonly [name: string]: Json }) {
    const keep: References = reference => reference
    for (const [name, schema] of Object.entries(declared)) this.byName.set(safeName(name), embedSchema(schema, keep))
  }

  /** Returns a schema as it stands in the document, by itself or as a reference. `name` is for one that refers to itself. */
  place(schema: Json, name: string): Json {
    if (!isObject(schema) || hasIdentifier(schema as JsonObject)) return embedSchema(schema, reference => reference)
    const given = schema as JsonObject
    const own = this.free(safeName(name))
    const parts = new Map<string, string>()
    let isNamed = false
    const refer: References = reference => {
      const [, group = '', part = '', rest = ''] = PART.exec(reference) ?? []
      if (group !== '') return refTo(this.part(`${group}/${part}`, { given, parts, own, refer })) + rest
      if (!reference.startsWith('#') || reference.startsWith('#/components/')) return reference
      isNamed = true
      return refTo(own) + reference.slice(1)
    }
    const { $defs, definitions, ...rest } = given
    const placed = embedSchema(rest, refer)
    if (!isNamed) return placed
    this.byName.set(own, placed)
    return { $ref: refTo(own) }
  }

  /** Returns a reference to a schema that the service declares; undefined when it declares none of this name. */
  named(name: string): Json | undefined {
    return this.byName.has(safeName(name)) ? { $ref: refTo(safeName(name)) } : undefined
  }

  /** Returns the name of a part of a schema in the document. */
  private part(path: string, { given, parts, own, refer }: Whole): string {
    const known = parts.get(path)
    if (known !== undefined) return known
    const [group = '', token = ''] = path.split('/')
    const part = token.replaceAll('~1', '/').replaceAll('~0', '~')
    const all = given[group]
    const value = isObject(all) ? ((all as JsonObject)[part] ?? true) : true
    const plain = safeName(part)
    // parts may refer to themselves: the name is known before the part is written
    const declared = this.byName.get(plain)
    if (declared !== undefined) {
      parts.set(path, plain)
      if (isDeepStrictEqual(declared, embedSchema(value, refer))) return plain
    }
    const name = this.free(declared === undefined ? plain : `${own}_${plain}`)
    parts.set(path, name)
    this.byName.set(name, true)
    this.byName.set(name, embedSchema(value, refer))
    return name
  }

  private free(wanted: string): string {
    let name = wanted
    for (let i = 2; this.byName.has(name); i++) name = `${wanted}_${i}`
    return name
  }
}

/** A schema and what became of its parts. */
interface Whole {
  readonly given: JsonObject
  readonly parts: Map<string, string>
  readonly own: string
  readonly refer: References
}

/** A schema with an identifier of its own is a document of its own: its references stay. */
const hasIdentifier = ({ $id, id }: JsonObject): boolean => typeof $id === 'string' || typeof id === 'string'
