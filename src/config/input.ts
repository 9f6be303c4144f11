/**
 * The written form of a configuration, for code that hands one over: KrakenD's keys with their types. What the loader
 * converts besides (strings for numbers, one value for a list) is left out on purpose; see docs/configuration.md.
 */

/** A Go duration: `1500ms`, `2s`, `1h30m`. */
export type Duration = string

/** Keys that are free for comments. */
type FreeKeys = { readonly [key: `${'@' | '$' | '_' | '#'}${string}`]: unknown }

/** `extra_config` at any level: a namespace and its options. */
export interface ExtraConfigInput {
  readonly [namespace: string]: unknown
}

export interface ServerTlsInput {
  readonly disabled?: boolean
  readonly public_key?: string
  readonly private_key?: string
  readonly keys?: readonly { readonly public_key: string; readonly private_key: string }[]
  readonly ca_certs?: readonly string[]
  readonly disable_system_ca_pool?: boolean
  readonly enable_mtls?: boolean
  readonly min_version?: 'SSL3.0' | 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13'
  readonly max_version?: 'SSL3.0' | 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13'
  readonly curve_preferences?: readonly number[]
  readonly cipher_suites?: readonly number[]
  readonly prefer_server_cipher_suites?: boolean
}

export interface ClientTlsInput {
  readonly allow_insecure_connections?: boolean
  readonly ca_certs?: readonly string[]
  readonly disable_system_ca_pool?: boolean
  readonly client_certs?: readonly { readonly certificate: string; readonly private_key: string }[]
  readonly min_version?: ServerTlsInput['min_version']
  readonly max_version?: ServerTlsInput['max_version']
  readonly curve_preferences?: readonly number[]
  readonly cipher_suites?: readonly number[]
}

/** One item of `backend`. */
export interface BackendInput extends FreeKeys {
  readonly url_pattern: string
  readonly method?: string
  readonly host?: readonly string[]
  readonly disable_host_sanitize?: boolean
  readonly encoding?: string
  readonly is_collection?: boolean
  readonly target?: string
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
  readonly mapping?: Readonly<Record<string, string>>
  readonly group?: string
  readonly sd?: 'static' | 'dns'
  readonly sd_scheme?: string
  readonly input_headers?: readonly string[]
  readonly input_query_strings?: readonly string[]
  readonly extra_config?: ExtraConfigInput
}

/** One item of `endpoints`. */
export interface EndpointInput extends FreeKeys {
  readonly endpoint: string
  /** Ours: several methods, or `*` for all. */
  readonly method?: string | readonly string[]
  readonly backend: readonly BackendInput[]
  readonly timeout?: Duration
  readonly cache_ttl?: Duration
  readonly concurrent_calls?: number
  readonly input_headers?: readonly string[]
  readonly input_query_strings?: readonly string[]
  readonly output_encoding?: string
  /** Sluice's own. bytes */
  readonly max_body_bytes?: number
  readonly extra_config?: ExtraConfigInput
}

/** A whole configuration (`krakend.json`, version 3). */
export interface ConfigInput extends FreeKeys {
  readonly $schema?: string
  readonly version: 3
  readonly name?: string
  readonly port?: number
  readonly listen_ip?: string
  readonly host?: readonly string[]
  readonly timeout?: Duration
  readonly cache_ttl?: Duration
  readonly output_encoding?: string
  readonly endpoints?: readonly EndpointInput[]
  readonly read_timeout?: Duration
  readonly write_timeout?: Duration
  readonly idle_timeout?: Duration
  readonly read_header_timeout?: Duration
  readonly max_header_bytes?: number
  readonly max_shutdown_wait_time?: Duration
  readonly disable_rest?: boolean
  readonly use_h2c?: boolean
  readonly debug_endpoint?: boolean
  readonly echo_endpoint?: boolean
  readonly sequential_start?: boolean
  readonly allow_insecure_connections?: boolean
  readonly disable_keep_alives?: boolean
  readonly disable_compression?: boolean
  readonly max_idle_connections?: number
  readonly max_idle_connections_per_host?: number
  readonly idle_connection_timeout?: Duration
  readonly response_header_timeout?: Duration
  readonly expect_continue_timeout?: Duration
  readonly dialer_timeout?: Duration
  readonly dialer_fallback_delay?: Duration
  readonly dialer_keep_alive?: Duration
  readonly dns_cache_ttl?: Duration
  readonly plugin?: {
    readonly folder?: string
    readonly pattern?: string
    /** Sluice's own: packages by name, or paths. */
    readonly modules?: readonly string[]
    /** Sluice's own. */
    readonly on_error?: 'fail' | 'skip'
    /** Sluice's own: bytes, or a text such as `512MB`. */
    readonly wasm?: { readonly max_memory?: number | string }
  }
  readonly tls?: ServerTlsInput
  readonly client_tls?: ClientTlsInput
  /** Sluice's own: `${NAME}` in texts is filled in from the environment. */
  readonly env_substitution?: boolean
  /** Sluice's own. bytes */
  readonly max_body_bytes?: number
  readonly extra_config?: ExtraConfigInput
}
