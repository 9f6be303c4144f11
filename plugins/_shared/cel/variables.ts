/** The values behind KrakenD's CEL variables, taken from messages; only those that an expression reads are made. */

import type { CelInput, CelValue } from '@bufbuild/cel'
import { type GatewayRequest, type GatewayResponse, type HeaderMap, LazyObject, numberText } from 'sluice/plugin'
import { jsonToCel } from './collections.js'
import type { Activation, VariableName } from './expression.js'
import { viewToCel } from './json-views.js'

/** Under this key of `request.state` stand the claims of a verified token. */
const CLAIMS_KEY = 'JWT'

/** What values are taken from; `data` is the decoded response. */
export interface Facts {
  readonly request: GatewayRequest
  readonly response: GatewayResponse | undefined
  readonly data: unknown
  readonly nowMs: number
}

const TAKE: { readonly [name in VariableName]: (facts: Facts) => CelInput | undefined } = {
  req_method: ({ request }) => request.method,
  req_path: ({ request }) => request.routePath,
  req_params: ({ request }) => paramsOf(request.params),
  req_headers: ({ request }) => fieldsOf(request.headers),
  req_querystring: ({ request }) => queryOf(request.query),
  resp_completed: ({ response }) => (response === undefined ? undefined : response.isComplete !== false),
  resp_metadata_status: ({ response }) =>
    response === undefined ? undefined : BigInt(response.isComplete === undefined ? response.status : response.metadataStatus),
  resp_metadata_headers: ({ response }) => (response === undefined ? undefined : fieldsOf(response.headers)),
  resp_data: ({ response, data }) => (response === undefined ? undefined : dataOf(data)),
  JWT: ({ request }) => {
    const claims = request.state.get(CLAIMS_KEY)
    return claims === undefined ? undefined : claimsOf(claims)
  },
  now: ({ nowMs }) => timeText(nowMs)
}

let lastSecond = Number.NaN
let lastText = ''

/** The text of a second is made once. */
function timeText(nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (second !== lastSecond) {
    lastText = `${new Date(nowMs).toISOString().slice(0, 19)}Z`
    lastSecond = second
  }
  return lastText
}

/** Compiles the values that a group of expressions reads. Values that are not there stay undefined, which fails the expression. */
export function compileActivation(names: Iterable<VariableName>): (facts: Facts) => Activation {
  const takes = [...new Set(names)].map(name => [name, TAKE[name]] as const)
  return facts => {
    const values: Activation = {}
    for (const [name, take] of takes) {
      const value = take(facts)
      if (value !== undefined) values[name] = value
    }
    return values
  }
}

/** KrakenD writes the names of parameters with a capital: `{id}` is `req_params.Id`. */
function paramsOf(params: Readonly<Record<string, string>>): Map<string, string> {
  const map = new Map<string, string>()
  for (const name in params) map.set(name.charAt(0).toUpperCase() + name.slice(1), params[name]!)
  return map
}

/** Names as Go spells them (`X-Role`), values as lists. */
function fieldsOf(headers: HeaderMap): Map<string, string[]> {
  const map = new Map<string, string[]>()
  for (const [name, value] of headers) add(map, canonicalName(name), value)
  return map
}

function queryOf(query: string): Map<string, string[]> {
  const map = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(query)) add(map, name, value)
  return map
}

function add(map: Map<string, string[]>, name: string, value: string): void {
  const known = map.get(name)
  if (known === undefined) map.set(name, [value])
  else known.push(value)
}

const NAMES = new Map<string, string>()

/** `x-rOLE` → `X-Role`. */
export function canonicalName(name: string): string {
  const known = NAMES.get(name)
  if (known !== undefined) return known
  const made = name
    .split('-')
    .map(part => part.charAt(0).toUpperCase() + part.slice(1).toLowerCase())
    .join('-')
  if (NAMES.size < 1000 && name.length <= 64) NAMES.set(name, made)
  return made
}

/** KrakenD hands numbers of a response to CEL as their text: `int(resp_data.a) == 1`. */
export const dataOf = (value: unknown): CelValue =>
  value instanceof LazyObject ? viewToCel(value) : jsonToCel(value, numberText)

/** Claims keep their numbers, which are doubles. */
export const claimsOf = (value: unknown): CelValue => jsonToCel(value, (_container, _key, number) => number)
