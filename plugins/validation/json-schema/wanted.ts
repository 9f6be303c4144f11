/**
 * What a schema looks at in a value, so that the rest of a body need not be decoded.
 *
 * In: a schema. Out: the members and items that its keywords name, a superset of what they read; undefined where that is all of the
 * value. Every keyword that is not known here counts as one that reads all of the value at its place.
 */

/** What is looked at in a value. Scalars always are. */
export interface Wanted {
  /** All of it. */
  whole: boolean
  members: Map<string, Wanted>
  /** What is looked at in members that are not named; undefined = not even their names. */
  others: Wanted | undefined
  /** How many items there are. */
  length: boolean
}

type Schema = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value)

const nothing = (): Wanted => ({ whole: false, members: new Map(), others: undefined, length: false })

/** What all of a schema looks at; undefined where it is the whole value. */
export function wantedBy(schema: unknown): Wanted | undefined {
  const root = nothing()
  const reader = new Reader(schema)
  reader.read(schema, root, 0)
  return root.whole || !reader.spread(root) ? undefined : root
}

/** Keywords that read nothing, or scalars alone. */
const OF_SCALARS: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  'id',
  '$anchor',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'type',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf'
])

const HERE: ReadonlySet<string> = new Set(['not', 'if', 'then', 'else'])
const ALL_HERE: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf'])

/** References are followed so far; a schema that leads back to itself reads all. */
const MOST_DEEP = 24
/** Subschemas that are read, a shared one each time, and places that are noted; more read all. */
const MOST_STEPS = 10_000

class Reader {
  private readonly root: unknown
  /** A schema within has a name of its own, which may change what references mean. */
  private readonly named: boolean
  private steps = 0

  constructor(root: unknown) {
    this.root = root
    this.named = isObject(root) && Object.values(root).some(hasName)
  }

  read(schema: unknown, into: Wanted, depth: number): void {
    if (typeof schema === 'boolean') return
    if (!isObject(schema) || depth > MOST_DEEP || ++this.steps > MOST_STEPS) {
      into.whole = true
      return
    }
    for (const [keyword, value] of Object.entries(schema)) {
      if (into.whole) return
      if (!this.keyword(keyword, value, into, depth)) into.whole = true
    }
  }

  /** Returns false for what reads all. */
  private keyword(keyword: string, value: unknown, into: Wanted, depth: number): boolean {
    if (OF_SCALARS.has(keyword)) return true
    if (HERE.has(keyword)) return this.here([value], into, depth)
    if (ALL_HERE.has(keyword)) return Array.isArray(value) && this.here(value, into, depth)
    switch (keyword) {
      case 'minItems':
      case 'maxItems':
        into.length = true
        return true
      case 'uniqueItems':
        return value === false
      case 'items':
        return value === true
      case 'required':
        return Array.isArray(value) && this.names(value, into)
      case 'properties':
        return isObject(value) && this.properties(value, into, depth)
      case 'patternProperties':
        return isObject(value) && this.unnamed(Object.values(value), into, depth)
      case 'additionalProperties':
        return value === true || this.unnamed([value], into, depth)
      case 'minProperties':
      case 'maxProperties':
      case 'propertyNames':
        into.others ??= nothing()
        return true
      case 'dependentRequired':
        return isObject(value) && Object.entries(value).every(([name, list]) => this.names([name, list].flat(), into))
      case 'dependentSchemas':
        return isObject(value) && this.names(Object.keys(value), into) && this.here(Object.values(value), into, depth)
      case 'const':
        return !isContainer(value)
      case 'enum':
        return Array.isArray(value) && !value.some(isContainer)
      case '$ref':
        return this.reference(value, into, depth)
      default:
        return false
    }
  }

  private here(schemas: readonly unknown[], into: Wanted, depth: number): boolean {
    for (const schema of schemas) this.read(schema, into, depth + 1)
    return true
  }

  private names(names: readonly unknown[], into: Wanted): boolean {
    for (const name of names) {
      if (typeof name !== 'string') return false
      memberOf(into, name)
    }
    return true
  }

  private properties(schemas: Schema, into: Wanted, depth: number): boolean {
    for (const [name, schema] of Object.entries(schemas)) this.read(schema, memberOf(into, name), depth + 1)
    return true
  }

  private unnamed(schemas: readonly unknown[], into: Wanted, depth: number): boolean {
    into.others ??= nothing()
    for (const schema of schemas) this.read(schema, into.others, depth + 1)
    return true
  }

  private reference(value: unknown, into: Wanted, depth: number): boolean {
    const target = this.named || typeof value !== 'string' ? undefined : this.targetOf(value)
    if (target === undefined) return false
    this.read(target, into, depth + 1)
    return true
  }

  /** The schema that a pointer within the document leads to. */
  private targetOf(reference: string): unknown {
    if (!/^#(?:\/[^%]*)?$/.test(reference)) return undefined
    let target = this.root
    for (const part of reference.slice(2).split('/')) {
      if (reference === '#') break
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof target !== 'object' || target === null || !Object.hasOwn(target, key)) return undefined
      target = (target as Schema)[key]
    }
    return target
  }

  /** What is looked at in members without a name is looked at in those with one too. Returns false where that is too much. */
  spread(wanted: Wanted): boolean {
    const { others, members } = wanted
    if (++this.steps > MOST_STEPS) return false
    if (others !== undefined) {
      for (const member of members.values()) if (!this.add(others, member)) return false
      if (!this.spread(others)) return false
    }
    for (const member of members.values()) if (!this.spread(member)) return false
    return true
  }

  private add(from: Wanted, to: Wanted): boolean {
    if (++this.steps > MOST_STEPS) return false
    to.whole ||= from.whole
    to.length ||= from.length
    if (from.others !== undefined) {
      to.others ??= nothing()
      if (!this.add(from.others, to.others)) return false
    }
    for (const [name, member] of from.members) if (!this.add(member, memberOf(to, name))) return false
    return true
  }
}

const isContainer = (value: unknown): boolean => typeof value === 'object' && value !== null

function hasName(value: unknown): boolean {
  if (!isContainer(value)) return false
  const { $id, id, $anchor } = value as Schema
  return [$id, id, $anchor].some(name => typeof name === 'string') || Object.values(value as object).some(hasName)
}

function memberOf(into: Wanted, name: string): Wanted {
  const known = into.members.get(name)
  if (known !== undefined) return known
  const made = nothing()
  into.members.set(name, made)
  return made
}
