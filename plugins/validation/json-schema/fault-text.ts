/** Says in one line why a value does not fit, in the manner of KrakenD: `- at '/age': got string, want integer`. */

import type { ErrorObject } from 'ajv'

/** Longest piece of the client's own value that is repeated to it, in characters. */
const MAX_ECHO = 100

type Describe = (fault: ErrorObject) => string

const compare: Describe = ({ keyword, data, schema }) => `${keyword}: got ${printed(data)}, want ${printed(schema)}`
const counted =
  (count: (data: never) => number): Describe =>
  ({ keyword, data, schema }) =>
    `${keyword}: got ${count(data as never)}, want ${printed(schema)}`
const characters = counted((text: string) => [...text].length)
const items = counted((list: unknown[]) => list.length)
const properties = counted((object: object) => Object.keys(object).length)

const TEXTS: ReadonlyMap<string, Describe> = new Map<string, Describe>([
  ['type', ({ data, schema }) => `got ${typeName(data)}, want ${(Array.isArray(schema) ? schema : [schema]).join(' or ')}`],
  ['required', ({ data, schema, params }) => missing(data, schema, params.missingProperty)],
  ['additionalProperties', ({ params }) => `additional properties '${cut(params.additionalProperty)}' not allowed`],
  ['enum', ({ schema }) => `value must be one of ${(schema as unknown[]).map(printed).join(', ')}`],
  ['const', ({ schema }) => `value must be ${printed(schema)}`],
  ['minimum', compare],
  ['maximum', compare],
  ['exclusiveMinimum', compare],
  ['exclusiveMaximum', compare],
  ['multipleOf', compare],
  ['minLength', characters],
  ['maxLength', characters],
  ['minItems', items],
  ['maxItems', items],
  ['minProperties', properties],
  ['maxProperties', properties],
  ['uniqueItems', ({ params }) => `items at ${params.i} and ${params.j} are equal`],
  ['pattern', ({ data, schema }) => `${printed(data)} does not match pattern ${printed(schema)}`],
  ['format', ({ data, schema }) => `${printed(data)} is not valid ${schema}`]
])

export function faultText(fault: ErrorObject): string {
  const describe = TEXTS.get(fault.keyword)
  return `- at '${cut(fault.instancePath)}': ${describe === undefined ? fault.message : describe(fault)}`
}

function missing(data: unknown, schema: unknown, first: string): string {
  const names = Array.isArray(schema) ? schema.filter(name => !Object.hasOwn(data as object, name)) : [first]
  return `missing ${names.length === 1 ? 'property' : 'properties'} ${names.map(name => `'${name}'`).join(', ')}`
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function printed(value: unknown): string {
  return typeof value === 'string' ? `'${cut(value)}'` : cut(JSON.stringify(value))
}

const cut = (text: string): string => (text.length <= MAX_ECHO ? text : `${text.slice(0, MAX_ECHO)}…`)
