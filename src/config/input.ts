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

/** The root key `tls`: TLS of the listener. */
export interface ServerTlsInput {
  /** Switches TLS off and keeps the options. Default false. */
  readonly disabled?: boolean
  /** Path of the PEM file of the certificate. */
  readonly public_key?: string
  /** Path of the PEM file of its key. */
  readonly private_key?: string
  /** Several certificates, chosen by the name that the client asks for. */
  readonly keys?: readonly { readonly public_key: string; readonly private_key: string }[]
  /** Paths of PEM files with further certificate authorities. */
  readonly ca_certs?: readonly string[]
  /** Trusts only the certificates of `ca_certs`, not those of the operating system. Default false. */
  readonly disable_system_ca_pool?: boolean
  /** Demands a certificate from every client. Default false. */
  readonly enable_mtls?: boolean
  /** Oldest TLS version that is accepted. Default `TLS13`. */
  readonly min_version?: 'SSL3.0' | 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13'
  /** Newest TLS version that is offered. Default `TLS13`. */
  readonly max_version?: 'SSL3.0' | 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13'
  /** Key exchange curves by their IANA numbers, preferred first: 23 = P-256, 24 = P-384, 25 = P-521, 29 = X25519. */
  readonly curve_preferences?: readonly number[]
  /** Cipher suites of TLS 1.2 by their IANA numbers. */
  readonly cipher_suites?: readonly number[]
  /** Accepted for compatibility; has no effect. Default false. */
  readonly prefer_server_cipher_suites?: boolean
}

/** TLS towards backends. */
export interface ClientTlsInput {
  /** Accepts any certificate. Not for production. Default false. */
  readonly allow_insecure_connections?: boolean
  /** Paths of PEM files with further certificate authorities. */
  readonly ca_certs?: readonly string[]
  /** Trusts only the certificates of `ca_certs`, not those of the operating system. Default false. */
  readonly disable_system_ca_pool?: boolean
  /** Certificates to show to backends. */
  readonly client_certs?: readonly { readonly certificate: string; readonly private_key: string }[]
  /** Oldest TLS version that is accepted. Default `TLS13`. */
  readonly min_version?: ServerTlsInput['min_version']
  /** Newest TLS version that is offered. Default `TLS13`. */
  readonly max_version?: ServerTlsInput['max_version']
  /** Key exchange curves by their IANA numbers, preferred first: 23 = P-256, 24 = P-384, 25 = P-521, 29 = X25519. */
  readonly curve_preferences?: readonly number[]
  /** Cipher suites of TLS 1.2 by their IANA numbers. */
  readonly cipher_suites?: readonly number[]
}

/** One item of `backend`. */
export interface BackendInput extends FreeKeys {
  /** Path and static query of the call; `{name}` is filled with the endpoint's parameter of that name. */
  readonly url_pattern: string
  /** Method of the call; the endpoint's when not given. */
  readonly method?: string
  /** Hosts that take turns; the service's when not given. Listed twice = twice the share. */
  readonly host?: readonly string[]
  /** Uses the hosts as they are written, also with a base path. Default false. */
  readonly disable_host_sanitize?: boolean
  /** Encoding of the response: `json`, `no-op`, `xml` … Default `json`. */
  readonly encoding?: string
  /** The body is a JSON array; it is put under `collection`, or under `group`. Default false. */
  readonly is_collection?: boolean
  /** Path, in dot notation, of the object that becomes the response. */
  readonly target?: string
  /** Paths of the only fields to keep. Wins over `deny`. */
  readonly allow?: readonly string[]
  /** Paths of fields to drop. */
  readonly deny?: readonly string[]
  /** New names of top-level fields, by their old names. */
  readonly mapping?: Readonly<Record<string, string>>
  /** Puts the whole response under this key. */
  readonly group?: string
  /** How hosts are found: as listed, or by SRV records of the first. Default `static`. */
  readonly sd?: 'static' | 'dns'
  /** Scheme of hosts found by SRV records. Default `http`. */
  readonly sd_scheme?: string
  /** Narrows the header fields of the endpoint for this backend; `*` has no meaning here. */
  readonly input_headers?: readonly string[]
  /** Narrows the query parameters of the endpoint for this backend; `*` has no meaning here. */
  readonly input_query_strings?: readonly string[]
  /** Options of components, by namespace. */
  readonly extra_config?: ExtraConfigInput
}

/** One item of `endpoints`. */
export interface EndpointInput extends FreeKeys {
  /** Path; `{name}` stands for one whole segment. */
  readonly endpoint: string
  /** HTTP method. Sluice's own: a list of methods, or `*` for all five. Default `GET`. */
  readonly method?: string | readonly string[]
  /** The calls whose responses make up the endpoint's. */
  readonly backend: readonly BackendInput[]
  /** Time budget of the whole exchange; the service's when not given. */
  readonly timeout?: Duration
  /** How long clients may keep the response (Cache-Control); the service's when not given. */
  readonly cache_ttl?: Duration
  /** Identical calls made at once; the first complete response wins. Default 1. */
  readonly concurrent_calls?: number
  /** Header fields of the client that go on to backends; `*` = all. Default none but `Content-Type`. */
  readonly input_headers?: readonly string[]
  /** Query parameters of the client that go on to backends; `*` = all. Default none. */
  readonly input_query_strings?: readonly string[]
  /** Encoding of the response; the service's when not given. */
  readonly output_encoding?: string
  /** Sluice's own: largest body that may be held in memory, in bytes after decoding. Default: the service's. */
  readonly max_body_bytes?: number
  /** Options of components, by namespace. */
  readonly extra_config?: ExtraConfigInput
}

/** A whole configuration (`krakend.json`, version 3). */
export interface ConfigInput extends FreeKeys {
  /** Names the JSON Schema, for editors. */
  readonly $schema?: string
  /** Version of the format. */
  readonly version: 3
  /** Name of the service. */
  readonly name?: string
  /** Port of the listener. Default 8080. */
  readonly port?: number
  /** Address of the listener; all interfaces when not given. */
  readonly listen_ip?: string
  /** Hosts of backends that name none. */
  readonly host?: readonly string[]
  /** Time budget of endpoints that set none. Default `2s`. */
  readonly timeout?: Duration
  /** Cache-Control of endpoints that set none; none at all when 0. Default `0s`. */
  readonly cache_ttl?: Duration
  /** Encoding of endpoints that set none. Default `json`. */
  readonly output_encoding?: string
  /** What clients may ask for. */
  readonly endpoints?: readonly EndpointInput[]
  /** Longest time to read a request. */
  readonly read_timeout?: Duration
  /** Longest time to write a response. */
  readonly write_timeout?: Duration
  /** Longest wait between requests of a connection. */
  readonly idle_timeout?: Duration
  /** Longest time to read the head of a request. */
  readonly read_header_timeout?: Duration
  /** Largest head of a request, in bytes; 0 = 1 MiB. */
  readonly max_header_bytes?: number
  /** How long a shutdown waits for exchanges in flight; 0 = for ever. */
  readonly max_shutdown_wait_time?: Duration
  /** Lets `{name}` stand anywhere in a segment of an endpoint's path. Default false. */
  readonly disable_rest?: boolean
  /** Speaks HTTP/2 without TLS. Default false. */
  readonly use_h2c?: boolean
  /** Serves /__debug/, which logs each request. Default false. */
  readonly debug_endpoint?: boolean
  /** Serves /__echo/, which sends the request back. Default false. */
  readonly echo_endpoint?: boolean
  /** Accepted for compatibility; has no effect without agents. Default false. */
  readonly sequential_start?: boolean
  /** Older form of `client_tls.allow_insecure_connections`. Default false. */
  readonly allow_insecure_connections?: boolean
  /** Opens a new connection for every call. Default false. */
  readonly disable_keep_alives?: boolean
  /** Does not ask backends for compressed responses. Default false. */
  readonly disable_compression?: boolean
  /** Idle connections to all backends; 0 = no limit. */
  readonly max_idle_connections?: number
  /** Idle connections to one host; 0 = 250. */
  readonly max_idle_connections_per_host?: number
  /** How long an idle connection is kept. */
  readonly idle_connection_timeout?: Duration
  /** Longest wait for the head of a backend's response. */
  readonly response_header_timeout?: Duration
  /** Longest wait for `100 Continue`. */
  readonly expect_continue_timeout?: Duration
  /** Longest time to connect to a backend. */
  readonly dialer_timeout?: Duration
  /** Wait before the other address family is tried. */
  readonly dialer_fallback_delay?: Duration
  /** Interval of TCP keep-alive probes. */
  readonly dialer_keep_alive?: Duration
  /** How long SRV records are kept; least 1s. Default `30s`. */
  readonly dns_cache_ttl?: Duration
  /** Where plugins are loaded from. */
  readonly plugin?: {
    readonly folder?: string
    readonly pattern?: string
    /** Sluice's own: packages by name, or paths. */
    readonly modules?: readonly string[]
    /** Sluice's own: `skip` starts without plugins that do not load. Default `fail`. */
    readonly on_error?: 'fail' | 'skip'
    /** Sluice's own: bytes, or a text such as `512MB`. */
    readonly wasm?: { readonly max_memory?: number | string }
  }
  /** TLS of the listener. Default: cleartext. */
  readonly tls?: ServerTlsInput
  /** TLS towards backends. */
  readonly client_tls?: ClientTlsInput
  /** Sluice's own: `${NAME}` in texts is filled in from the environment. */
  readonly env_substitution?: boolean
  /** Sluice's own: largest body that may be held in memory, in bytes after decoding. Default 10 MiB. */
  readonly max_body_bytes?: number
  /** Options of components, by namespace. */
  readonly extra_config?: ExtraConfigInput
}
