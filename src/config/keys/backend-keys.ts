/** One item of `backend`, with all that it inherits from its endpoint and the service. */

import { METHODS } from 'node:http'
import { readEncoding } from '../encodings.js'
import type { ExtraConfigReader } from '../extra-config.js'
import { type Findings, WITHOUT_EFFECT } from '../findings.js'
import { cleanHost, hasOtherScheme, hostFault, placeholderIn } from '../hosts.js'
import { isObject } from '../json-value.js'
import type { ObjectReader } from '../object-reader.js'
import { cleanPath, compileGoPattern, markRest, type RestParam, withRest } from '../path-params.js'
import type { BackendConfig } from '../types.js'
import { checkedExtra } from './plugin-options.js'
import { flatmapFault, readBackendHttp, readBackendHttpClient, readBackendProxy } from './proxy-options.js'

/** What a backend inherits. */
export interface BackendContext {
  readonly endpointMethod: string
  readonly ginPath: string
  readonly params: readonly string[]
  readonly rest: RestParam | undefined
  readonly index: number
  readonly sequential: boolean
  readonly timeoutMs: number
  readonly concurrentCalls: number
  readonly noOp: boolean
  /** Names of the encodings that code added. */
  readonly encodings: ReadonlySet<string>
  readonly serviceHosts: Hosts
  readonly extra: ExtraConfigReader
}

/** A backend and why, in KrakenD's words, every call to it would fail. */
export interface ReadBackend {
  readonly backend: BackendConfig
  readonly broken: string | undefined
}

/** What keys of version 2 files became. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['whitelist', 'version 3 calls it `allow`'],
  ['blacklist', 'version 3 calls it `deny`'],
  ['concurrent_calls', 'set it in the endpoint'],
  ['timeout', 'set it in the endpoint'],
  ['headers_to_pass', 'version 3 calls it `input_headers`'],
  ['querystring_params', 'version 3 calls it `input_query_strings`']
])

/** Reads one backend. */
export function readBackend(reader: ObjectReader, context: BackendContext): ReadBackend {
  const { findings } = reader
  const parts = context.extra.read(reader, 'backend')
  const disableHostSanitize = reader.boolean('disable_host_sanitize', false)
  const sd = readDiscovery(reader)
  const own = readHosts(reader, disableHostSanitize)
  const { hosts, refused } = own.hosts.length > 0 || own.refused ? own : context.serviceHosts
  const hasClientPlugin = parts.extra['plugin/http-client'] !== undefined
  const encoding = readEncoding(reader, context.encodings)
  const broken =
    parts.missingTransport !== undefined
      ? `there is no '${parts.missingTransport}', and no other call is made in its place`
      : refused
        ? undefined
        : hostsFault(reader, hosts, sd === 'dns' || hasClientPlugin)
  const urlPattern = withRest(cleanPath(reader.string('url_pattern', '')), context.rest)
  checkNoEffect(reader)
  const proxy = readBackendProxy(parts, findings, context.timeoutMs)
  // a no-op body is never shaped
  const unrunnable = context.noOp ? undefined : flatmapFault(proxy.flatmapFilter)
  const backend: BackendConfig = {
    pointer: reader.pointer,
    method: readMethod(reader, context.endpointMethod),
    hosts,
    disableHostSanitize,
    urlPattern: markRest(urlPattern, context.rest),
    goPattern: compileGoPattern(urlPattern, {
      method: context.endpointMethod,
      ginPath: context.ginPath,
      params: context.params,
      backendIndex: context.index,
      sequential: context.sequential,
      pointer: reader.pointer,
      findings
    }),
    encoding: context.noOp ? 'no-op' : encoding,
    isCollection: reader.boolean('is_collection', false),
    target: reader.string('target', ''),
    allow: reader.strings('allow'),
    deny: reader.strings('deny'),
    mapping: readMapping(reader),
    group: reader.string('group', ''),
    inputHeaders: reader.fieldNames('input_headers'),
    inputQueryStrings: reader.strings('input_query_strings'),
    sd,
    sdScheme: readScheme(reader),
    timeoutMs: context.timeoutMs,
    concurrentCalls: context.concurrentCalls,
    proxy,
    http: readBackendHttp(parts, findings),
    httpClient: readBackendHttpClient(parts, findings),
    extra: checkedExtra(parts, findings),
    broken: parts.missingTransport === undefined ? unrunnable : broken
  }
  reader.finish(RENAMED)
  return { backend, broken: broken ?? unrunnable }
}

/** A backend has no timeout of its own, yet KrakenD refuses one that is malformed. */
function checkNoEffect(reader: ObjectReader): void {
  if (reader.raw('timeout') === undefined) return
  reader.duration('timeout', 0)
  reader.findings.add(
    'warning',
    reader.at('timeout'),
    `'timeout' does nothing in a backend`,
    'set it in the endpoint',
    WITHOUT_EFFECT
  )
}

function readDiscovery(reader: ObjectReader): BackendConfig['sd'] {
  const sd = reader.string('sd', '')
  if (sd === 'dns') return 'dns'
  reader.word('sd', sd, ['static', 'dns'], 'the hosts are used as they are')
  return 'static'
}

function readScheme(reader: ObjectReader): string {
  const scheme = reader.string('sd_scheme', '')
  reader.word('sd_scheme', scheme, ['http', 'https'])
  return scheme || 'http'
}

/** KrakenD sends any word as the method; one that no server knows is a misspelled one. */
function readMethod(reader: ObjectReader, inherited: string): string {
  const method = (reader.string('method', '') || inherited).toUpperCase()
  if (reader.raw('method') !== undefined) reader.word('method', method, METHODS)
  return method
}

/** What the key `host` gave. */
export interface Hosts {
  readonly hosts: readonly string[]
  /** True when some were refused, which has been reported. */
  readonly refused: boolean
}

/** Reads and, unless told otherwise, cleans the key `host`. */
export function readHosts(reader: ObjectReader, verbatim: boolean): Hosts {
  const texts = reader.strings('host')
  for (const text of texts) checkPlaceholder(reader, text)
  if (verbatim) return { hosts: texts, refused: false }
  const hosts: string[] = []
  for (const text of texts) {
    const clean = cleanHost(text)
    // A tolerant load serves the other endpoints: what is no HTTP is reported, and fails, where it is used.
    if (clean === undefined && hasOtherScheme(text)) hosts.push(text)
    else if (clean === undefined) {
      const suggestion = 'write it like `http://name:8080`, without a path, or set `disable_host_sanitize`'
      reader.findings.add('fatal', reader.at('host'), `host ${text} not valid: invalid host`, suggestion)
    } else {
      if (clean.cut && placeholderIn(text) === undefined) {
        const message = `host ${text} is used as ${clean.host}`
        reader.findings.add('warning', reader.at('host'), message, 'remove what does not belong to it')
      }
      hosts.push(clean.host)
    }
  }
  return { hosts, refused: hosts.length < texts.length }
}

/** A placeholder that was to be filled in before the start, and was not. */
function checkPlaceholder(reader: ObjectReader, text: string): void {
  const placeholder = placeholderIn(text)
  if (placeholder === undefined) return
  const message = `host ${text}: the placeholder ${placeholder} was not filled in`
  reader.findings.add('error', reader.at('host'), message, suggestionFor(placeholder))
}

/** Says which way of filling in reads a placeholder of this form. */
function suggestionFor(placeholder: string): string {
  if (placeholder.startsWith('${')) return 'set `"env_substitution": true` in the root, or write the host itself'
  if (placeholder === '<no value>') return 'a template printed it where its settings have no value'
  if (placeholder.includes('{{')) return 'start with FC_ENABLE=1, or write the host itself'
  return 'write the host itself; configurations are not expanded by the shell'
}

function hostsFault(reader: ObjectReader, hosts: readonly string[], anyHost: boolean): string | undefined {
  const findings: Findings = reader.findings
  if (hosts.length === 0) {
    findings.add('warning', reader.pointer, 'no hosts available: each call fails', 'give `host` here or in the root')
    return 'no hosts available'
  }
  if (anyHost) return undefined
  let good = 0
  let first: string | undefined
  for (const host of hosts) {
    const fault = hostFault(host)
    if (fault === undefined) good++
    else {
      first ??= fault
      findings.add('error', reader.at('host'), fault, 'write it like `http://name:8080/base`')
    }
  }
  return good === 0 ? first : undefined
}

const NO_MAPPING: BackendConfig['mapping'] = Object.freeze([])

function readMapping(reader: ObjectReader): readonly (readonly [string, string])[] {
  const part = reader.object('mapping')
  if (part === undefined) return NO_MAPPING
  const source = reader.raw('mapping')
  return Object.keys(isObject(source) ? source : {}).map(from => [from, part.string(from, '')] as const)
}
