/** `extra_config.proxy` of endpoints and backends, `backend/http` and `backend/http/client`. */

import type { ExtraParts } from '../extra-config.js'
import { type Findings, WITHOUT_EFFECT } from '../findings.js'
import { isObject, NOTHING } from '../json-value.js'
import { ObjectReader } from '../object-reader.js'
import type {
  BackendHttpClientConfig,
  BackendHttpConfig,
  BackendProxyConfig,
  EndpointProxyConfig,
  FlatmapOperation,
  Json,
  JsonObject,
  StaticStrategy
} from '../types.js'
import { readClientTls } from './transport-keys.js'

const STRATEGIES: readonly StaticStrategy[] = ['always', 'success', 'errored', 'complete', 'incomplete']
const ARGS = { move: 2, append: 2, del: 1 } as const
const ENTERPRISE_KEYS = ['decompress_gzip', 'max_payload']
const PROPAGATED = /^[Rr]esp(\d+)_?([\w\-.]+)?$/

/** Opens the options of a core namespace; an empty object when it is missing. */
export function optionsReader(parts: ExtraParts, namespace: string, findings: Findings): ObjectReader {
  let value: Json | undefined = parts.extra[namespace]
  if (value !== undefined && !isObject(value)) {
    findings.add('error', parts.pointerOf(namespace), `'${namespace}' expected an object, got a list`)
    value = undefined
  }
  return new ObjectReader(isObject(value) ? value : NOTHING, parts.pointerOf(namespace), namespace, findings, 'strict')
}

/** What endpoints and backends have without these namespaces, as most are; one object for all. */
const NO_ENDPOINT_PROXY: EndpointProxyConfig = {
  sequential: false,
  sequentialPropagatedParams: [],
  static: undefined,
  flatmapFilter: [],
  forceSandboxedRequest: false
}
const NO_FLATMAP: readonly FlatmapOperation[] = []
const NO_HTTP: BackendHttpConfig = { returnErrorDetails: '', returnErrorCode: false }
const NO_CLIENT: BackendHttpClientConfig = {
  sendBodyOnRedirect: false,
  noRedirect: false,
  tls: undefined,
  proxyAddress: undefined
}

/** Reads `proxy` of an endpoint with that many backends. */
export function readEndpointProxy(parts: ExtraParts, findings: Findings, backends: number): EndpointProxyConfig {
  if (parts.extra.proxy === undefined) return NO_ENDPOINT_PROXY
  const reader = optionsReader(parts, 'proxy', findings)
  const strategy = reader.string('strategy', '')
  const sequential = reader.boolean('sequential', false) || strategy === 'sequential'
  const config: EndpointProxyConfig = {
    sequential,
    sequentialPropagatedParams: readPropagated(reader, backends),
    static: readStatic(reader),
    flatmapFilter: readFlatmap(reader),
    forceSandboxedRequest: reader.boolean('force_sandboxed_request', false)
  }
  const combiner = reader.string('combiner', '')
  if (combiner !== '' && combiner !== 'default')
    reader.findings.add('warning', reader.at('combiner'), `unknown combiner '${combiner}', the default is used`)
  if (config.flatmapFilter.length > 0 && backends < 2) {
    reader.findings.add(
      'warning',
      reader.at('flatmap_filter'),
      'flatmap_filter of an endpoint does nothing with one backend',
      'move it to the backend'
    )
  }
  finish(reader, ['shadow', 'shadow_timeout'], 'it belongs to a backend')
  return config
}

/** Reads `proxy` of a backend. `timeoutMs` is the backend's own, the default of the shadow's. */
export function readBackendProxy(parts: ExtraParts, findings: Findings, timeoutMs: number): BackendProxyConfig {
  if (parts.extra.proxy === undefined) return { shadow: false, shadowTimeoutMs: timeoutMs, flatmapFilter: NO_FLATMAP }
  const reader = optionsReader(parts, 'proxy', findings)
  const shadowTimeout = reader.duration('shadow_timeout', 0)
  const config = {
    shadow: reader.boolean('shadow', false),
    shadowTimeoutMs: shadowTimeout > 0 ? shadowTimeout : timeoutMs,
    flatmapFilter: readFlatmap(reader)
  }
  const misplaced = ['sequential', 'strategy', 'sequential_propagated_params', 'static', 'force_sandboxed_request', 'combiner']
  finish(reader, misplaced, 'it belongs to the endpoint')
  return config
}

/** Reads `backend/http`. A `return_error_details` that is present but empty switches both off, as in KrakenD. */
export function readBackendHttp(parts: ExtraParts, findings: Findings): BackendHttpConfig {
  if (parts.extra['backend/http'] === undefined) return NO_HTTP
  const reader = optionsReader(parts, 'backend/http', findings)
  const returnErrorDetails = reader.string('return_error_details', '')
  const code = reader.boolean('return_error_code', false)
  const config = { returnErrorDetails, returnErrorCode: code && reader.raw('return_error_details') === undefined }
  reader.finish()
  return config
}

/** Reads `backend/http/client`. */
export function readBackendHttpClient(parts: ExtraParts, findings: Findings): BackendHttpClientConfig {
  if (parts.extra['backend/http/client'] === undefined) return NO_CLIENT
  const reader = optionsReader(parts, 'backend/http/client', findings)
  const config = {
    sendBodyOnRedirect: reader.boolean('send_body_on_redirect', false),
    noRedirect: reader.boolean('no_redirect', false),
    tls: readClientTls(reader, false),
    proxyAddress: readProxyAddress(reader)
  }
  reader.finish()
  return config
}

/** Without a proxy that can be used nothing is called: the calls might not be allowed to go out directly. */
function readProxyAddress(reader: ObjectReader): string | undefined {
  const text = reader.string('proxy_address', '')
  if (text === '') return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if ((url?.protocol === 'http:' || url?.protocol === 'https:') && /^\/?$/.test(url.pathname + url.search + url.hash))
    return url.href
  const message = `'proxy_address' is not the URL of an HTTP proxy`
  reader.findings.add('fatal', reader.at('proxy_address'), message, 'write it like `http://proxy.example:3128`')
  return undefined
}

function finish(reader: ObjectReader, misplaced: readonly string[], where: string): void {
  for (const key of misplaced) {
    if (reader.raw(key) !== undefined)
      reader.findings.add('warning', reader.at(key), `'${key}' does nothing here`, where, WITHOUT_EFFECT)
  }
  for (const key of ENTERPRISE_KEYS) {
    if (reader.raw(key) === undefined) continue
    reader.findings.add('warning', reader.at(key), `'${key}' is an Enterprise option that Sluice does not have`)
  }
  reader.finish()
}

function readPropagated(reader: ObjectReader, backends: number): readonly string[] {
  const entries = reader.strings('sequential_propagated_params')
  for (const entry of entries) {
    const match = PROPAGATED.exec(entry)
    if (match !== null && Number(match[1]) < backends) continue
    const message = match === null ? `'${entry}' names no result of a backend` : `'${entry}' names a backend that does not exist`
    reader.findings.add('warning', reader.at('sequential_propagated_params'), message, 'write it like `resp0_id` or `resp0`')
  }
  return entries
}

function readStatic(reader: ObjectReader): EndpointProxyConfig['static'] {
  const part = reader.object('static')
  if (part === undefined) return undefined
  const strategy = part.choice('strategy', STRATEGIES, 'always')
  const data = part.object('data') === undefined ? undefined : (part.raw('data') as JsonObject)
  part.finish()
  return data === undefined ? undefined : { data, strategy }
}

/** What KrakenD fails each request for, of a filter that a tolerant load has read; undefined = it runs. */
export function flatmapFault(operations: readonly FlatmapOperation[]): string | undefined {
  const faulty = operations.find(({ type, args }) => args.length < ARGS[type])
  return faulty === undefined ? undefined : argsText(faulty)
}

const argsText = ({ type, args }: FlatmapOperation): string =>
  `flatmap_filter: '${type}' needs ${ARGS[type]} args, has ${args.length}`

/** A `del` of nothing is left out; the other operations that cannot run stay, see {@link flatmapFault}. */
function readFlatmap(reader: ObjectReader): readonly FlatmapOperation[] {
  const operations: FlatmapOperation[] = []
  for (const item of reader.objects('flatmap_filter')) {
    if (item === undefined) continue
    const type = item.choice('type', ['move', 'append', 'del'], '' as FlatmapOperation['type'])
    const args = item.strings('args')
    item.finish()
    if (!Object.hasOwn(ARGS, type)) continue
    const operation: FlatmapOperation = { type, args }
    if (args.length < ARGS[type]) {
      const outcome = type === 'del' ? 'leave it out' : 'answer each request with 500, as KrakenD does'
      reader.findings.add('error', item.pointer, argsText(operation), `give them, or start with --tolerant to ${outcome}`)
    } else if (type !== 'del' && args.length > ARGS[type]) {
      reader.findings.add('warning', item.pointer, `'${type}' takes ${ARGS[type]} args, the others do nothing`)
    }
    const given = item.raw('args')
    const deletesNothing = type === 'del' && (given === undefined || (Array.isArray(given) && given.length === 0))
    if (!deletesNothing) operations.push(operation)
  }
  return operations
}
