/** `KRAKEND_*` variables: they override known keys of the root. */

import { isObject } from './json-value.js'

const PREFIX = 'KRAKEND_'

/** Root keys that a variable may set: scalars and the list of hosts. */
const KEYS: ReadonlySet<string> = new Set(
  `name port listen_ip timeout cache_ttl host output_encoding read_timeout write_timeout idle_timeout read_header_timeout
  max_header_bytes disable_keep_alives disable_compression disable_rest sequential_start use_h2c debug_endpoint echo_endpoint
  allow_insecure_connections max_idle_connections max_idle_connections_per_host idle_connection_timeout response_header_timeout
  expect_continue_timeout dialer_timeout dialer_fallback_delay dialer_keep_alive dns_cache_ttl max_shutdown_wait_time max_body_bytes
  version`.split(/\s+/)
)

/** Root keys whose members a variable may set, as `KRAKEND_TLS.PUBLIC_KEY`. */
const OBJECT_KEYS: ReadonlySet<string> = new Set(['tls', 'client_tls', 'plugin'])

export interface Overridden {
  readonly root: Record<string, unknown>
  /** Names of variables that say nothing to the gateway. */
  readonly ignored: readonly string[]
}

/** Lays the variables over a copy of the root. */
export function overrideFromEnvironment(root: Record<string, unknown>, env: NodeJS.ProcessEnv): Overridden {
  const names = Object.keys(env).filter(name => name.startsWith(PREFIX))
  if (names.length === 0) return { root, ignored: [] }
  const copy: Record<string, unknown> = Object.assign(Object.create(null), root)
  const ignored: string[] = []
  for (const name of names.sort()) {
    const path = name.slice(PREFIX.length).toLowerCase().split('.')
    const [key = '', member] = path
    if (path.length === 1 && KEYS.has(key)) copy[key] = env[name]
    else if (
      path.length === 2 &&
      member &&
      member !== '__proto__' &&
      OBJECT_KEYS.has(key) &&
      (copy[key] === undefined || isObject(copy[key]))
    ) {
      copy[key] = Object.assign(Object.create(null), copy[key], { [member]: env[name] })
    } else ignored.push(name)
  }
  return { root: copy, ignored }
}
