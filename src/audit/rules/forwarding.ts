/** Rules about what an endpoint lets through: components behind its lists see no field that no list names. */

import { pointerTo } from '../../config/findings.js'
import { isObject } from '../../config/json-value.js'
import { BEFORE_INPUT_HEADERS } from '../../telemetry/facts.js'
import type { BackendPart, ComponentPart, EndpointPart } from '../inventory.js'
import type { Rule } from '../rule.js'

/** Fields that are there whatever the lists say: the gateway's own, and those that always go on. */
const ALWAYS: ReadonlySet<string> = new Set(
  'accept-encoding content-length content-type host traceparent tracestate user-agent x-forwarded-for x-forwarded-host x-forwarded-via'.split(
    ' '
  )
)
/** Code of the operator behind the lists, which may set any field. */
const CODE = ['modifier/lua-proxy', 'modifier/lua-backend', 'plugin/req-resp-modifier', 'plugin/http-client']

export const FORWARDING_RULES: readonly Rule[] = [
  {
    id: 'S2.6',
    severity: 'MEDIUM',
    message: 'A claim is put into a header field that reaches no backend: name the field in input_headers.',
    places: ({ endpoints }) => endpoints.flatMap(lostClaims)
  },
  {
    id: 'S2.7',
    severity: 'MEDIUM',
    message: 'A component reads a header field that input_headers keeps back, so it never sees one: name the field there.',
    places: ({ endpoints }) => endpoints.flatMap(lostReads)
  },
  {
    id: 'S2.8',
    severity: 'MEDIUM',
    message: 'A backend names header fields that its endpoint keeps back: name them in the input_headers of the endpoint too.',
    places: ({ endpoints }) =>
      endpoints.flatMap(endpoint =>
        endpoint.backends
          .filter(({ reader }) =>
            reader.strings('input_headers').some(name => name !== '*' && !lets(endpoint.inputHeaders, name))
          )
          .map(({ reader }) => reader.at('input_headers'))
      )
  },
  {
    id: 'S2.9',
    severity: 'MEDIUM',
    message: 'An expression reads a parameter of the query that input_query_strings keeps back: name it there.',
    places: ({ endpoints }) =>
      endpoints.flatMap(endpoint =>
        [endpoint, ...endpoint.backends].flatMap(({ components }) => {
          const cel = components.get('validation/cel')
          const lost = namesIn(cel, QUERY_READ).some(name => !endpoint.inputQueryStrings.some(one => one === '*' || one === name))
          return lost ? [cel!.pointer] : []
        })
      )
  }
]

/** The list lets a field through. */
const lets = (list: readonly string[], name: string): boolean =>
  list.some(one => one === '*' || one.toLowerCase() === name.toLowerCase())

/** Pointers of claims whose field ends at the lists. */
function lostClaims({ components, inputHeaders }: EndpointPart): readonly string[] {
  const validator = components.get('auth/validator')
  const pairs = validator?.options.propagate_claims
  if (!Array.isArray(pairs) || BEFORE_INPUT_HEADERS.some(namespace => components.has(namespace))) return []
  const base = pointerTo(validator!.pointer, 'propagate_claims')
  return pairs.flatMap((pair, i) =>
    Array.isArray(pair) && typeof pair[1] === 'string' && !lets(inputHeaders, pair[1]) ? [pointerTo(pointerTo(base, i), 1)] : []
  )
}

/** Pointers of components that read fields which the lists keep back. */
function lostReads(endpoint: EndpointPart): readonly string[] {
  if (hasCode(endpoint)) return []
  const atEndpoint = readersOf(endpoint).filter(({ names }) => names.some(name => !arrives(endpoint.inputHeaders, name)))
  const atBackends = endpoint.backends.filter(isPlain).flatMap(backend => {
    const own = backend.reader.strings('input_headers')
    return readersOf(backend).filter(({ names }) =>
      names.some(name => !arrives(endpoint.inputHeaders, name) || (own.length > 0 && !arrives(own, name)))
    )
  })
  return [...atEndpoint, ...atBackends].map(({ pointer }) => pointer)
}

const hasCode = ({ components }: EndpointPart | BackendPart): boolean => CODE.some(namespace => components.has(namespace))

/** No code stands in it, but for a plugin that says by its options what it reads. */
const isPlain = (backend: BackendPart): boolean => grpcOf(backend) !== undefined || !hasCode(backend)

const arrives = (list: readonly string[], name: string): boolean => ALWAYS.has(name.toLowerCase()) || lets(list, name)

interface HeaderReader {
  readonly pointer: string
  readonly names: readonly string[]
}

/** Components behind the lists that say which fields they read. */
function readersOf(part: EndpointPart | BackendPart): readonly HeaderReader[] {
  const { components } = part
  const found: HeaderReader[] = []
  const add = (component: ComponentPart | undefined, names: readonly string[]): void => {
    if (component !== undefined && names.length > 0) found.push({ pointer: component.pointer, names })
  }
  add(components.get('validation/cel'), namesIn(components.get('validation/cel'), HEADER_READ))
  add(components.get('modifier/martian'), martianReads(components.get('modifier/martian')?.options))
  if ('backends' in part) return found
  add(components.get('governance/quota'), quotaReads(components.get('governance/quota')?.options ?? {}))
  add(components.get('plugin/http-client'), textsOf(grpcOf(part)?.metadata))
  return found
}

const HEADER_READ = /\breq_headers(?:\.`?([\w-]+)`?|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])/g
const QUERY_READ = /\breq_querystring(?:\.`?([\w-]+)`?|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])/g

/** Names that expressions ask a map for. */
function namesIn(cel: ComponentPart | undefined, read: RegExp): readonly string[] {
  const expressions = Array.isArray(cel?.value) ? cel.value : []
  return expressions.flatMap(one => {
    const text = isObject(one) && typeof one.check_expr === 'string' ? one.check_expr : ''
    return [...text.matchAll(read)].map(([, plain, single, double]) => plain ?? single ?? double ?? '')
  })
}

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []

function grpcOf({ components }: BackendPart): Readonly<Record<string, unknown>> | undefined {
  const options = components.get('plugin/http-client')?.options['sluice-grpc']
  return isObject(options) ? options : undefined
}

/** The tiers and the clients of a quota that fields tell. */
function quotaReads({ tier_key, tiers }: Readonly<Record<string, unknown>>): readonly string[] {
  const list = (Array.isArray(tiers) ? tiers : []).filter(isObject)
  const literal = list.some(one => (one.tier_value_as ?? 'literal') === 'literal')
  const keys = list.flatMap(one => ((one.strategy ?? 'header') === 'header' ? [one.key] : []))
  return textsOf([...(literal ? [tier_key] : []), ...keys])
}

/** Options of Martian that name a field which is read, and such that name one which is set. Keys have any case. */
const MARTIAN_READS: Readonly<Record<string, string>> = {
  'header.Copy': 'from',
  'header.Filter': 'name',
  'header.RegexFilter': 'header'
}
const MARTIAN_SETS: Readonly<Record<string, string>> = { 'header.Modifier': 'name', 'header.Append': 'name', 'header.Copy': 'to' }

function martianReads(tree: unknown): readonly string[] {
  const read: string[] = []
  const set = new Set<string>()
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk)
    if (!isObject(value)) return
    for (const [name, options] of Object.entries(value)) {
      if (isObject(options)) {
        const scope = textsOf(optionOf(options, 'scope'))
        const onRequests = optionOf(options, 'scope') === undefined || scope.includes('request')
        const reads = optionOf(options, MARTIAN_READS[name])
        const sets = optionOf(options, MARTIAN_SETS[name])
        if (onRequests && typeof reads === 'string') read.push(reads)
        if (onRequests && typeof sets === 'string') set.add(sets.toLowerCase())
      }
      walk(options)
    }
  }
  walk(tree)
  return read.filter(name => !set.has(name.toLowerCase()))
}

function optionOf(options: Readonly<Record<string, unknown>>, wanted: string | undefined): unknown {
  const key = Object.keys(options).find(one => one.toLowerCase() === wanted)
  return key === undefined ? undefined : options[key]
}
