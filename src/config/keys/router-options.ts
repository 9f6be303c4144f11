/** `extra_config.router`, KrakenD's keys and Sluice's own. */

import { isIP } from 'node:net'
import type { ObjectReader } from '../object-reader.js'
import type { Json, RouterConfig } from '../types.js'

/** Loopback, private and link-local networks: the proxies that are trusted to name a client, unless configured. */
const DEFAULT_TRUSTED_PROXIES: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10'
]

const MIB = 1024 * 1024

const DEFAULT_IP_HEADERS = ['X-Forwarded-For', 'X-Real-IP']

/** Reads the router's options; `reader` is undefined when the namespace is missing. */
export function readRouter(reader: ObjectReader): RouterConfig {
  const errorBody = reader.object('error_body')
  const config: RouterConfig = {
    autoOptions: reader.boolean('auto_options', false),
    disableAccessLog: reader.boolean('disable_access_log', false),
    disableHandleMethodNotAllowed: reader.boolean('disable_handle_method_not_allowed', false),
    disableHealth: reader.boolean('disable_health', false),
    disablePathDecoding: reader.boolean('disable_path_decoding', false),
    disableRedirectFixedPath: reader.boolean('disable_redirect_fixed_path', false),
    disableRedirectTrailingSlash: reader.boolean('disable_redirect_trailing_slash', false),
    errorBody404: errorBody?.raw('404') as Json | undefined,
    errorBody405: errorBody?.raw('405') as Json | undefined,
    forwardedByClientIp: reader.boolean('forwarded_by_client_ip', true),
    remoteIpHeaders: listOr(reader, 'remote_ip_headers', DEFAULT_IP_HEADERS),
    trustedProxies: readTrustedProxies(reader),
    removeExtraSlash: reader.boolean('remove_extra_slash', false),
    loggerSkipPaths: reader.strings('logger_skip_paths'),
    returnErrorMsg: reader.boolean('return_error_msg', false),
    healthPath: readHealthPath(reader),
    hideVersionHeader: reader.boolean('hide_version_header', false),
    useH2c: reader.boolean('use_h2c', false),
    appEngine: reader.boolean('app_engine', false),
    autoHead: reader.boolean('auto_head', false),
    identity: reader.choice('identity', ['krakend', 'sluice'], 'krakend'),
    errorStatus: reader.choice('error_status', ['krakend', 'http'], 'krakend'),
    noOpTimeout: reader.choice('no_op_timeout', ['head', 'whole'], 'head'),
    maxRequestBytes: reader.count('max_request_bytes', 0),
    requestId: reader.boolean('request_id', false),
    maxConnectionsPerHost: reader.count('max_connections_per_host', 0) || 1024,
    maxQueuedPerHost: reader.count('max_queued_per_host', 1024),
    tunnelIdleTimeoutMs: reader.duration('tunnel_idle_timeout', 0),
    unreadAnswerTimeoutMs: reader.duration('unread_answer_timeout', 0) || 15_000,
    shutdownDelayMs: Math.max(0, reader.duration('shutdown_delay', 0)),
    http2MaxHeaderFields: reader.count('http2_max_header_fields', 0) || 500,
    http2HeaderFieldsPerSecond: reader.count('http2_header_fields_per_second', 0) || 20_000,
    http2HeaderBytesPerSecond: reader.count('http2_header_bytes_per_second', 0) || 4 * MIB
  }
  errorBody?.finish()
  reader.ignore('max_multipart_memory')
  for (const key of ['max_payload', 'decompress_gzip', 'disable_gzip']) {
    if (reader.raw(key) === undefined) continue
    reader.findings.add('warning', reader.at(key), `'${key}' is an Enterprise option that Sluice does not have`)
  }
  reader.finish()
  return config
}

function listOr(reader: ObjectReader, name: string, fallback: readonly string[]): readonly string[] {
  const list = reader.fieldNames(name)
  return list.length === 0 ? fallback : list
}

function readTrustedProxies(reader: ObjectReader): readonly string[] {
  if (reader.raw('trusted_proxies') === undefined) return DEFAULT_TRUSTED_PROXIES
  const valid: string[] = []
  for (const text of reader.strings('trusted_proxies')) {
    if (isNetwork(text)) valid.push(text)
    else
      reader.findings.add(
        'error',
        reader.at('trusted_proxies'),
        `invalid CIDR address: ${text}`,
        'write it like `10.0.0.0/8` or `10.1.2.3`'
      )
  }
  return valid
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || (/^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}

function readHealthPath(reader: ObjectReader): string {
  const path = reader.string('health_path', '') || '/__health'
  if (path.startsWith('/')) return path
  reader.findings.add('error', reader.at('health_path'), `the path '${path}' must begin with '/'`)
  return '/__health'
}
