/** Reads schemas to {@link Plan}s, by the rules of their drafts: what `keywords/` makes checks of. */

import { acts, assertsFormat } from '../drafts.js'
import { dynamicReferences } from '../keywords/references.js'
import { NUMBER as DECIMAL, ARRAY as LIST, OBJECT as RECORD, STRING as TEXT } from '../kinds.js'
import type { Node } from '../node.js'
import type { Bound } from '../numbers.js'
import type { SchemaReader } from '../schema-reader.js'
import {
  ANY,
  ARRAY,
  BOOLEAN,
  type Choice,
  type Comparison,
  EMPTY,
  INTEGER,
  type ListPlan,
  NULL,
  NUMBER,
  type NumberPlan,
  OBJECT,
  type ObjectPlan,
  type Plan,
  STRING,
  type TextPlan
} from './plan.js'

export function planOf(reader: SchemaReader): Plan {
  const { version } = reader
  const { dialect } = reader.place.resource
  const reference = reader.text('$ref')
  const all = reference === undefined ? [] : [reader.applied(reader.target(reference, '$ref'))]
  // what stands beside `$ref` is ignored
  if (version < 2019 && reference !== undefined) return { ...EMPTY, all }
  const validation = acts(dialect, 'validation')
  const applicator = acts(dialect, 'applicator')
  const unevaluated = version >= 2019 && acts(dialect, version === 2019 ? 'applicator' : 'unevaluated')
  const unseen = (keyword: string): Node | undefined => (unevaluated ? reader.optional(keyword) : undefined)
  return {
    ...EMPTY,
    types: validation ? typesOf(reader.get('type')) : ANY,
    choices: validation ? choicesOf(reader) : [],
    number: validation ? numberPlan(reader) : undefined,
    text: textPlan(reader, validation, assertsFormat(dialect)),
    list: listPlan(reader, validation, applicator),
    object: objectPlan(reader, validation, applicator),
    dynamic: version >= 2019 ? dynamicReferences(reader) : [],
    unseenMembers: unseen('unevaluatedProperties'),
    unseenItems: unseen('unevaluatedItems'),
    ...(applicator ? conditions(reader, all) : { all })
  }
}

const BITS: Readonly<Record<string, number>> = {
  null: NULL,
  boolean: BOOLEAN,
  number: NUMBER,
  integer: INTEGER,
  string: STRING,
  array: ARRAY,
  object: OBJECT
}

function typesOf(type: unknown): number {
  if (type === undefined) return ANY
  const bits = [type].flat().reduce<number>((sum, name) => sum | (BITS[name as string] ?? 0), 0)
  return (bits & NUMBER) === 0 ? bits : bits & ~INTEGER
}

function choicesOf(reader: SchemaReader): Choice[] {
  const choices: Choice[] = []
  if (reader.version >= 6 && reader.has('const')) choices.push(choiceOf(reader, reader.schema, ['const']))
  const list = reader.list('enum')
  if (list !== undefined) choices.push(choiceOf(reader, list, [...list.keys()]))
  return choices
}

function choiceOf(reader: SchemaReader, container: object, keys: readonly (string | number)[]): Choice {
  const texts = new Set<string>()
  const literals = new Set<boolean | null>()
  const numbers: Bound[] = []
  let hasContainers = false
  for (const key of keys) {
    const { kind, value, number } = reader.expected(container, key, (container as Record<string | number, unknown>)[key])
    if (kind === TEXT) texts.add(value as string)
    else if (kind === DECIMAL) numbers.push(number!)
    else if (kind === LIST || kind === RECORD) hasContainers = true
    else literals.add(value as boolean | null)
  }
  return { texts, literals, numbers, hasContainers }
}

function numberPlan(reader: SchemaReader): NumberPlan | undefined {
  const limits: [Comparison, Bound][] = []
  const add = (keyword: string, comparison: Comparison): void => {
    const bound = reader.bound(keyword)
    if (bound !== undefined) limits.push([comparison, bound])
  }
  const old = reader.version === 4
  add('minimum', old && reader.get('exclusiveMinimum') === true ? '>' : '>=')
  add('maximum', old && reader.get('exclusiveMaximum') === true ? '<' : '<=')
  add('exclusiveMinimum', '>')
  add('exclusiveMaximum', '<')
  const multipleOf = reader.bound('multipleOf')
  return limits.length === 0 && multipleOf === undefined ? undefined : { limits, multipleOf }
}

function textPlan(reader: SchemaReader, validation: boolean, asserts: boolean): TextPlan | undefined {
  const min = validation ? reader.count('minLength') : undefined
  const max = validation ? reader.count('maxLength') : undefined
  const text = validation ? reader.text('pattern') : undefined
  const pattern = text === undefined ? undefined : reader.pattern(text, 'pattern')
  const name = asserts ? reader.text('format') : undefined
  const format = name === undefined ? undefined : reader.formats(name, reader.version)
  const isNone = min === undefined && max === undefined && pattern === undefined && format === undefined
  return isNone ? undefined : { min, max, pattern, format }
}

function listPlan(reader: SchemaReader, validation: boolean, applicator: boolean): ListPlan | undefined {
  const min = validation ? reader.count('minItems') : undefined
  const max = validation ? reader.count('maxItems') : undefined
  const unique = validation && reader.get('uniqueItems') === true
  const { prefix, rest } = applicator ? itemsOf(reader) : { prefix: [], rest: undefined }
  const contained = applicator && reader.version >= 6 ? reader.optional('contains') : undefined
  const counted = reader.version >= 2019 && validation
  const contains = contained && {
    node: contained,
    min: (counted ? reader.count('minContains') : undefined) ?? 1,
    max: counted ? reader.count('maxContains') : undefined,
    isSeen: reader.version >= 2020
  }
  const isNone = min === undefined && max === undefined && !unique && rest === undefined && contains === undefined
  return isNone && prefix.length === 0 ? undefined : { min, max, unique, prefix, rest, contains }
}

function itemsOf(reader: SchemaReader): Pick<ListPlan, 'prefix' | 'rest'> {
  if (reader.version >= 2020) return { prefix: reader.subs('prefixItems') ?? [], rest: reader.optional('items') }
  const prefix = reader.subs('items')
  if (prefix === undefined) return { prefix: [], rest: reader.optional('items') }
  return { prefix, rest: reader.get('additionalItems') === false ? false : reader.optional('additionalItems') }
}

function objectPlan(reader: SchemaReader, validation: boolean, applicator: boolean): ObjectPlan | undefined {
  const needs: [string, readonly string[]][] = []
  const applies: [string, Node][] = []
  if (applicator) {
    for (const [name, wanted] of reader.entries('dependencies') ?? []) {
      if (Array.isArray(wanted)) needs.push([name, wanted as string[]])
      else applies.push([name, reader.sub('dependencies', name)])
    }
    if (reader.version >= 2019)
      for (const [name] of reader.entries('dependentSchemas') ?? []) applies.push([name, reader.sub('dependentSchemas', name)])
  }
  if (validation && reader.version >= 2019)
    for (const [name, wanted] of reader.entries('dependentRequired') ?? [])
      if (Array.isArray(wanted)) needs.push([name, wanted as string[]])
  const plan: ObjectPlan = {
    min: validation ? reader.count('minProperties') : undefined,
    max: validation ? reader.count('maxProperties') : undefined,
    required: validation ? ((reader.list('required') ?? []) as readonly string[]) : [],
    ...(applicator ? membersOf(reader) : { properties: new Map(), patterns: [], rest: undefined, names: undefined }),
    needs,
    applies
  }
  const asks = [plan.min, plan.max, plan.rest, plan.names].some(one => one !== undefined)
  const lists = [plan.required, plan.patterns, needs, applies]
  return asks || plan.properties.size > 0 || lists.some(list => list.length > 0) ? plan : undefined
}

function membersOf(reader: SchemaReader): Pick<ObjectPlan, 'properties' | 'patterns' | 'rest' | 'names'> {
  const patterns = reader.entries('patternProperties') ?? []
  return {
    properties: new Map((reader.entries('properties') ?? []).map(([name]) => [name, reader.sub('properties', name)])),
    patterns: patterns.map(([text]) => [reader.pattern(text, 'patternProperties'), reader.sub('patternProperties', text)]),
    rest: reader.get('additionalProperties') === false ? false : reader.optional('additionalProperties'),
    names: reader.version >= 6 ? reader.optional('propertyNames') : undefined
  }
}

function conditions(reader: SchemaReader, all: readonly Node[]): Pick<Plan, 'all' | 'any' | 'one' | 'not' | 'condition'> {
  const when = reader.version >= 7 ? reader.optional('if') : undefined
  return {
    all: [...all, ...(reader.subs('allOf') ?? [])],
    any: reader.subs('anyOf'),
    one: reader.subs('oneOf'),
    not: reader.optional('not'),
    condition: when && [when, reader.optional('then'), reader.optional('else')]
  }
}
