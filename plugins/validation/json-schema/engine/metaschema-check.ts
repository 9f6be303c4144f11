/** Checks schemas against the metaschemas of their dialects. */

import { type CompiledSchema, compile } from './compiled.js'
import { DEFAULT_DRAFT, dialectOf } from './drafts.js'
import { SchemaError } from './errors.js'
import { faultLine } from './fault-text.js'
import type { Fault } from './faults.js'
import type { Formats } from './formats/index.js'
import { metaschema } from './metaschemas.js'
import type { Document, Place } from './node.js'
import type { NumberText } from './numbers.js'
import { pointerTo } from './pointer.js'
import { Registry } from './registry.js'

/** Those of the drafts, which are the same for every schema. */
const ofDrafts = new Map<string, CompiledSchema>()

export class Metaschemas {
  private readonly load: (uri: string) => unknown
  private readonly numberText: NumberText
  private readonly formats: Formats
  private readonly own = new Map<string, CompiledSchema>()

  constructor(load: (uri: string) => unknown, numberText: NumberText, formats: Formats) {
    this.load = load
    this.numberText = numberText
    // Whether a pattern can be used is told when it is compiled.
    this.formats = (name, version) => (name === 'regex' ? undefined : formats(name, version))
  }

  /** @throws SchemaError at the fault; `isOwn` = the schema stands in the document that is compiled */
  check(place: Place, isOwn: boolean): void {
    const { dialect, document } = place.resource
    const faults = this.validator(dialect.metaschema).run(inDialect(place), this.numberText)
    if (faults === undefined) return
    const fault = firstLeaf(faults)
    const pointer = fault.at.reduce<string>(pointerTo, place.pointer)
    const where = isOwn ? '' : `${document.uri}#${pointer}: `
    throw new SchemaError(isOwn ? pointer : '', `${where}not a valid JSON Schema: ${faultLine(fault)}`)
  }

  private validator(uri: string): CompiledSchema {
    const bundled = metaschema(uri)
    const known = bundled === undefined ? this.own : ofDrafts
    let validator = known.get(uri)
    if (validator === undefined) {
      const registry = new Registry(this.load)
      validator = compile(registry, registry.add(uri, bundled ?? this.load(uri), dialectOf(DEFAULT_DRAFT), true), {
        numberText: this.numberText,
        compilePattern: pattern => new RegExp(pattern, 'u'),
        formats: this.formats,
        checkEntry: () => undefined
      })
      known.set(uri, validator)
    }
    return validator
  }
}

/** The fault that says most: the first one that no others make up. */
function firstLeaf(faults: readonly Fault[]): Fault {
  const [first] = faults
  return first!.causes.length === 0 ? first! : firstLeaf(first!.causes)
}

/** The schema without the parts that another metaschema describes. */
function inDialect(place: Place): unknown {
  const { document, dialect } = place.resource
  const foreign = new Set<string>()
  for (const [pointer, resource] of document.schemas) {
    if (pointer === resource.pointer && resource.dialect.metaschema !== dialect.metaschema) foreign.add(pointer)
  }
  return foreign.size === 0 ? place.value : without(foreign, place.value, place.pointer)
}

function without(foreign: ReadonlySet<Document['uri']>, value: unknown, pointer: string): unknown {
  if (foreign.has(pointer)) return {}
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item, i) => without(foreign, item, pointerTo(pointer, i)))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, without(foreign, item, pointerTo(pointer, key))]))
}
