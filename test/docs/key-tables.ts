/** The keys of the gateway itself as tables, out of the schema: name, type, default, meaning. */

import { readPage } from './pages.js'

/** What of a schema the tables tell. */
interface Shape {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Shape[]
  readonly oneOf?: readonly Shape[]
  readonly items?: Shape
  readonly default?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, Shape>>
}

const SCHEMA = JSON.parse(readPage('schema/sluice.schema.json')) as Shape & { readonly $defs: Readonly<Record<string, Shape>> }

/** Sections of docs/keys.md, and where their keys stand in the schema. */
const SECTIONS: readonly (readonly [title: string, from: () => Shape])[] = [
  ['Root', () => SCHEMA],
  ['`tls`', () => SCHEMA.$defs.tls!],
  ['`client_tls`', () => SCHEMA.$defs.client_tls!],
  ['`plugin`', () => resolved(SCHEMA.properties!.plugin!)],
  ['Endpoint', () => SCHEMA.$defs.endpoint!],
  ['Backend', () => SCHEMA.$defs.backend!],
  ['`router`', () => SCHEMA.$defs.ns_router!],
  ['`proxy` of an endpoint', () => SCHEMA.$defs.ns_proxy_endpoint!],
  ['`proxy` of a backend', () => SCHEMA.$defs.ns_proxy_backend!],
  ['`backend/http`', () => SCHEMA.$defs.ns_backend_http!],
  ['`backend/http/client`', () => SCHEMA.$defs.ns_backend_http_client!],
  ['`telemetry/logging`', () => SCHEMA.$defs.ns_logging!],
  ['`sluice/admin`', () => SCHEMA.$defs.ns_admin!]
]

/** All tables, each under its heading. */
export function keyTables(): string {
  return SECTIONS.map(([title, from]) => `## ${title}\n\n${tableOf(from())}`).join('\n\n')
}

function tableOf({ properties = {} }: Shape): string {
  const rows = rowsOf(properties, '').sort()
  return ['| key | type | default | |', '|---|---|---|---|', ...rows].join('\n')
}

/** A row for each key; those of an object within follow with its name in front. */
function rowsOf(properties: Readonly<Record<string, Shape>>, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, given]) => {
    if (name === '$schema') return []
    const shape = resolved(given)
    const key = `\`${prefix}${name}\``
    const about = cell(shape.description ?? '')
    const row = `| ${key} | ${cell(isDuration(given) ? 'duration' : typeOf(shape))} | ${defaultOf(shape)} | ${about} |`
    const inner = prefix === '' && name !== 'extra_config' && !SEPARATE.has(name) ? shape.properties : undefined
    return [row, ...(inner === undefined ? [] : rowsOf(inner, `${name}.`))]
  })
}

/** Objects with a section of their own. */
const SEPARATE = new Set(['tls', 'client_tls', 'plugin'])

/** Follows a reference; what stands beside it wins. */
function resolved(shape: Shape): Shape {
  if (shape.$ref === undefined) return shape
  const { $ref, ...own } = shape
  return { ...resolved(SCHEMA.$defs[$ref.replace('#/$defs/', '')]!), ...own }
}

function typeOf(shape: Shape): string {
  const { type, const: only, enum: values, items } = shape
  const either = shape.anyOf ?? shape.oneOf
  if (only !== undefined) return `\`${JSON.stringify(only)}\``
  if (values !== undefined) return values.map(value => `\`${JSON.stringify(value)}\``).join(', ')
  if (either !== undefined) return [...new Set(either.map(one => typeOf(resolved(one))))].join(' or ')
  if (type === 'array') return items === undefined ? 'list' : `list of ${typeOf(resolved(items))}`
  return typeof type === 'string' ? (WORDS[type] ?? type) : (type ?? ['any']).map(one => WORDS[one] ?? one).join(' or ')
}

const isDuration = ({ $ref }: Shape): boolean => $ref === '#/$defs/duration'

const WORDS: Readonly<Record<string, string>> = { string: 'text', boolean: 'switch', integer: 'whole number' }

const defaultOf = ({ default: value }: Shape): string => (value === undefined ? '' : `\`${cell(JSON.stringify(value))}\``)

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
