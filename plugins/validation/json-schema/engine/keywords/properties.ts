/** Keywords about objects. */

import { acts, type Dialect } from '../drafts.js'
import type { Check, Node } from '../node.js'
import type { Pattern, SchemaReader } from '../schema-reader.js'

type Members = Readonly<Record<string, unknown>>

export function objectChecks(reader: SchemaReader, dialect: Dialect): Check[] {
  const checks: Check[] = []
  const validation = acts(dialect, 'validation')
  const applicator = acts(dialect, 'applicator')
  if (validation) checks.push(...sizeChecks(reader))
  if (applicator) {
    checks.push(...dependencyChecks(reader))
    const members = membersCheck(reader)
    if (members !== undefined) checks.push(members)
    const names = reader.version >= 6 ? reader.optional('propertyNames') : undefined
    if (names !== undefined) checks.push(namesCheck(names))
    if (reader.version >= 2019) {
      for (const [name] of reader.entries('dependentSchemas') ?? []) {
        checks.push(dependentSchema(name, reader.sub('dependentSchemas', name)))
      }
    }
  }
  if (validation && reader.version >= 2019) {
    for (const [name, wanted] of reader.entries('dependentRequired') ?? []) {
      if (Array.isArray(wanted)) checks.push(dependentNames(name, wanted))
    }
  }
  return checks
}

const missingIn = (value: Members, wanted: readonly string[]): string[] => wanted.filter(name => !Object.hasOwn(value, name))

function hasAll(value: Members, wanted: readonly string[]): boolean {
  for (const name of wanted) if (!Object.hasOwn(value, name)) return false
  return true
}

function sizeChecks(reader: SchemaReader): Check[] {
  const checks: Check[] = []
  const min = reader.count('minProperties')
  if (min !== undefined) {
    checks.push((value, run) => {
      const got = Object.keys(value as Members).length
      return got >= min || run.fail({ keyword: 'minProperties', got, want: min })
    })
  }
  const max = reader.count('maxProperties')
  if (max !== undefined) {
    checks.push((value, run) => {
      const got = Object.keys(value as Members).length
      return got <= max || run.fail({ keyword: 'maxProperties', got, want: max })
    })
  }
  const required = reader.list('required') as readonly string[] | undefined
  if (required !== undefined && required.length > 0) {
    checks.push((value, run) => {
      if (hasAll(value as Members, required)) return true
      return run.fail({ keyword: 'required', names: missingIn(value as Members, required) })
    })
  }
  return checks
}

function dependentNames(property: string, wanted: readonly string[]): Check {
  return (value, run) => {
    if (!Object.hasOwn(value as Members, property)) return true
    const names = missingIn(value as Members, wanted)
    return names.length === 0 || run.fail({ keyword: 'dependentRequired', names, property })
  }
}

function dependentSchema(property: string, node: Node): Check {
  return (value, run, seen) => !Object.hasOwn(value as Members, property) || run.evaluateHere(node, value, seen)
}

/** `dependencies`, which became `dependentRequired` and `dependentSchemas`; KrakenD still reads it in every draft. */
function dependencyChecks(reader: SchemaReader): Check[] {
  return (reader.entries('dependencies') ?? []).map(([name, wanted]) =>
    Array.isArray(wanted) ? dependentNames(name, wanted) : dependentSchema(name, reader.sub('dependencies', name))
  )
}

function namesCheck(node: Node): Check {
  return (value, run) => {
    let ok = true
    for (const name of Object.keys(value as Members)) {
      if (run.evaluateName(node, value as Members, name)) continue
      ok = false
      if (run.quiet) break
    }
    return ok
  }
}

/** Places that {@link PropertyLookup} remembers. */
const MOST_PLACES = 64

/** Schemas by name. Objects of one list have their members in one order: a name that stands where it stood before costs one comparison. */
class PropertyLookup {
  private readonly nodes: ReadonlyMap<string, Node>
  private readonly names: string[] = []
  private readonly byPlace: Node[] = []

  constructor(nodes: ReadonlyMap<string, Node>) {
    this.nodes = nodes
    for (const [name, node] of nodes) {
      if (this.names.length === MOST_PLACES) break
      this.names.push(name)
      this.byPlace.push(node)
    }
  }

  /** The schema of the member that stands at a place; undefined = none has its name. */
  at(place: number, name: string): Node | undefined {
    if (place < this.names.length && this.names[place] === name) return this.byPlace[place]
    const node = this.nodes.get(name)
    if (node !== undefined && place < this.names.length) {
      this.names[place] = name
      this.byPlace[place] = node
    }
    return node
  }
}

/** `properties`, `patternProperties` and `additionalProperties`, in one walk. */
function membersCheck(reader: SchemaReader): Check | undefined {
  const properties = new Map((reader.entries('properties') ?? []).map(([name]) => [name, reader.sub('properties', name)]))
  const patterns = (reader.entries('patternProperties') ?? []).map(([text]): [Pattern, Node] => [
    reader.pattern(text, 'patternProperties', text),
    reader.sub('patternProperties', text)
  ])
  const rest = reader.get('additionalProperties')
  const closed = rest === false
  const additional = closed ? undefined : reader.optional('additionalProperties')
  if (properties.size === 0 && patterns.length === 0 && !closed && additional === undefined) return undefined
  const lookup = new PropertyLookup(properties)
  return (value, run, seen) => {
    const members = value as Members
    let ok = true
    let others: string[] | undefined
    let place = 0
    // V8 reads the members of such a loop without looking for their names
    for (const name in members) {
      let known = false
      const property = lookup.at(place++, name)
      if (property !== undefined) {
        known = true
        const member = members[name]
        if (property.plain?.(member) !== true && !run.evaluateMember(property, members, name, member)) ok = false
      }
      for (const [pattern, node] of patterns) {
        if (!pattern.test(name)) continue
        known = true
        if (!run.evaluateMember(node, members, name, members[name])) ok = false
      }
      if (!known && closed) {
        ok = false
        others ??= []
        others.push(name)
      } else if (!known && additional !== undefined) {
        known = true
        if (!run.evaluateMember(additional, members, name, members[name])) ok = false
      }
      if (known || closed) seen?.addProperty(name)
      if (!ok && run.quiet) return false
    }
    if (others !== undefined) run.fail({ keyword: 'additionalProperties', names: others })
    return ok
  }
}
