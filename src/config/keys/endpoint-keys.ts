/** One item of `endpoints`. */

import { METHODS as HTTP_METHODS } from 'node:http'
import { readOutputEncoding } from '../encodings.js'
import type { ExtraConfigReader } from '../extra-config.js'
import type { ObjectReader } from '../object-reader.js'
import { cleanPath, collidingParams, isRefusedPath, parseEndpointPath } from '../path-params.js'
import type { BackendConfig, EndpointConfig } from '../types.js'
import { type Hosts, readBackend } from './backend-keys.js'
import { checkedExtra } from './plugin-options.js'
import { flatmapFault, readEndpointProxy } from './proxy-options.js'

/** What an endpoint inherits. */
export interface EndpointContext {
  readonly timeoutMs: number
  readonly cacheTtlMs: number
  readonly outputEncoding: string
  /** Names of the encodings that code added. */
  readonly encodings: ReadonlySet<string>
  readonly maxBodyBytes: number
  readonly hosts: Hosts
  readonly disableRest: boolean
  readonly extra: ExtraConfigReader
}

const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** What keys of version 2 files became. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['headers_to_pass', 'version 3 calls it `input_headers`'],
  ['querystring_params', 'version 3 calls it `input_query_strings`'],
  ['backends', 'did you mean `backend`?'],
  ['host', 'set it in the backend or in the root'],
  ['url_pattern', 'set it in the backend']
])

/** Reads one endpoint, as one for each of its methods; none when it cannot be served or, tolerant, is skipped. */
export function readEndpoint(reader: ObjectReader, context: EndpointContext): readonly EndpointConfig[] {
  const given = reader.raw('method')
  const methods = given === '*' ? [...METHODS] : Array.isArray(given) ? [...new Set(reader.strings('method'))] : undefined
  if (methods === undefined) {
    const endpoint = readWithMethod(reader, context, reader.string('method', ''))
    return endpoint === undefined ? [] : [endpoint]
  }
  if (methods.length === 0) {
    const message = 'the list of methods is empty'
    reader.findings.add('fatal', reader.at('method'), message, 'name one, or `"*"` for all five; without `method` it is GET')
  }
  const first = readWithMethod(reader, context, methods[0] ?? '')
  if (first === undefined) return []
  const own = reader.objects('backend').map(backend => (backend?.string('method', '') ?? '') !== '')
  return [
    first,
    ...methods
      .slice(1)
      .map(method => method.toUpperCase())
      .filter(method => isSupported(reader, first.ginPath, method))
      .map(method => ({
        ...first,
        method,
        backends: first.backends.map((backend, i) => (own[i] ? backend : { ...backend, method }))
      }))
  ]
}

function readWithMethod(reader: ObjectReader, context: EndpointContext, givenMethod: string): EndpointConfig | undefined {
  const { findings } = reader
  const cleaned = cleanPath(reader.string('endpoint', ''))
  const { path, ginPath, params, rest } = parseEndpointPath(cleaned, context.disableRest)
  const method = (givenMethod || 'GET').toUpperCase()
  const parts = context.extra.read(reader, 'endpoint')
  const timeoutMs = reader.duration('timeout', 0) || context.timeoutMs
  const outputEncoding = readOutputEncoding(reader, context.encodings) || context.outputEncoding || 'json'
  const concurrentCalls = Math.max(1, reader.integer('concurrent_calls', 1))
  const items = reader.objects('backend')
  const proxy = readEndpointProxy(parts, findings, items.length)
  const backends: BackendConfig[] = []
  const faults: string[] = []
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    if (item === undefined) continue
    const { backend, broken } = readBackend(item, {
      endpointMethod: givenMethod || 'GET',
      ginPath,
      params,
      rest,
      index,
      sequential: proxy.sequential,
      timeoutMs,
      concurrentCalls,
      noOp: outputEncoding === 'no-op',
      encodings: context.encodings,
      serviceHosts: context.hosts,
      extra: context.extra
    })
    backends.push(backend)
    if (broken !== undefined) faults.push(broken)
  }
  const endpoint: EndpointConfig = {
    pointer: reader.pointer,
    path,
    ginPath,
    params,
    method,
    timeoutMs,
    cacheTtlMs: Math.max(0, reader.duration('cache_ttl', 0)) || context.cacheTtlMs,
    concurrentCalls,
    inputHeaders: reader.fieldNames('input_headers'),
    inputQueryStrings: reader.strings('input_query_strings'),
    outputEncoding,
    proxy,
    maxBodyBytes: reader.count('max_body_bytes', 0) || context.maxBodyBytes,
    backends,
    extra: checkedExtra(parts, findings),
    broken: undefined
  }
  reader.finish(RENAMED)
  checkPath(reader, `${givenMethod} ${cleaned}`, cleaned, items.length)
  if (outputEncoding === 'no-op' && items.length > 1) {
    const message = 'can not use NoOp encoding with more than one backends connected to the same endpoint'
    findings.add('fatal', reader.pointer, message, 'keep one backend, or choose another `output_encoding`')
  }
  if (!isSupported(reader, ginPath, method)) return undefined
  const { missingTransport } = parts
  const broken =
    brokenText(reader, endpoint, faults) ??
    (missingTransport && `there is no '${missingTransport}', and no call is made in its place`)
  return broken === undefined ? endpoint : { ...endpoint, broken }
}

/** Tells of a method that endpoints cannot have. */
function isSupported(reader: ObjectReader, ginPath: string, method: string): boolean {
  if (METHODS.has(method)) return true
  const message = `[SERVICE: Router] [ENDPOINT: ${ginPath} ] Unsupported method ${method}`
  // KrakenD goes on without the endpoint; a word that is no method at all was meant to be another one.
  const severity = HTTP_METHODS.includes(method) ? 'warning' : 'error'
  reader.findings.add(severity, reader.at('method'), message, 'one of GET, POST, PUT, PATCH, DELETE; the endpoint is left out')
  return false
}

function checkPath(reader: ObjectReader, name: string, cleaned: string, backends: number): void {
  const pointer = reader.at('endpoint')
  if (isRefusedPath(cleaned)) {
    const suggestion = cleaned.includes('*')
      ? 'use parameters, `/{name}`, instead of `*`'
      : 'the paths /__debug, /__echo and /__health are reserved'
    reader.findings.add('fatal', pointer, `ignoring the '${name}' endpoint, since it is invalid!!!`, suggestion)
  } else if (cleaned.includes('*') && !cleaned.endsWith('/*')) {
    const message = `wildcards must be named with a non-empty name in path '${cleaned}' (endpoint '${name}')`
    reader.findings.add('fatal', pointer, message, 'use parameters, `/{name}`, instead of `*`')
  } else if (/\{[\w-]+\.\.\.\}\//.test(cleaned)) {
    const message = `the path '${cleaned}' goes on behind a parameter that takes all the rest`
    reader.findings.add('error', pointer, message, 'let `{name...}` be the last segment, or write `{name}`')
  } else if (cleaned.includes('?')) {
    reader.findings.add(
      'warning',
      pointer,
      `the path '${cleaned}' holds a query and is never matched`,
      'list its names in `input_query_strings`'
    )
  }
  if (backends === 0) {
    reader.findings.add(
      'fatal',
      reader.pointer,
      `ignoring the '${name}' endpoint, since it has 0 backends defined!`,
      'give a list `backend`'
    )
  }
}

/** Why every request to the endpoint would fail; reported here unless a backend has said it already. */
function brokenText(reader: ObjectReader, endpoint: EndpointConfig, faults: readonly string[]): string | undefined {
  const colliding = collidingParams(endpoint.params)
  if (colliding !== undefined) {
    const message = `the parameters '${colliding[0]}' and '${colliding[1]}' are one and the same to backends`
    reader.findings.add(
      'error',
      reader.at('endpoint'),
      message,
      'give them names that differ in more than the case of the first letter'
    )
    return message
  }
  if (endpoint.timeoutMs < 0) return 'context deadline exceeded'
  const { backends } = endpoint
  const unrunnable = backends.length > 1 ? flatmapFault(endpoint.proxy.flatmapFilter) : undefined
  if (unrunnable !== undefined) return unrunnable
  if (backends.length > 0 && backends.every(backend => backend.proxy.shadow)) {
    const message = 'all endpoints must have at least one backend'
    reader.findings.add('error', reader.pointer, message, 'one backend must not be a shadow')
    return message
  }
  // Static data or another backend still makes a response.
  return endpoint.proxy.static === undefined && backends.length > 0 && faults.length === backends.length ? faults[0] : undefined
}
