/**
 * The one typed form of a configuration: everything inherited, converted to milliseconds and cleaned, deeply frozen.
 * Over 300 lines: a list of all keys, each with its unit and default.
 * What comes in is a file or an object (`load.ts`); what goes out is read at boot by every other room and never changes.
 */

import type { ConfigProblem, ErrorStatusMode } from '../errors.js'

/** A plain JSON value of the configuration. Objects are null-prototype or frozen plain objects. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
/** A JSON object of the configuration. */
export type JsonObject = { readonly [key: string]: Json }

/** `extra_config`, keys normalised to the short namespaces (`proxy`, `plugin/http-server` …); values untouched and frozen. */
export type ExtraConfig = { readonly [namespace: string]: Json }

/** A whole configuration. */
export interface ServiceConfig {
  /** The file it came from, as given; `(object)` for an object. Relative paths in it resolve against the working directory. */
  readonly source: string
  /** '' when not given. */
  readonly name: string
  /** 0 lets the kernel choose (library use). Default 8080. */
  readonly port: number
  /** '' = all interfaces. */
  readonly listenIp: string
  /** Default endpoint timeout, ms. */
  readonly timeoutMs: number
  /** ms; 0 = no Cache-Control. */
  readonly cacheTtlMs: number
  /** Hosts of backends that name none. */
  readonly hosts: readonly string[]
  /** Of endpoints that set none. Default `json`. */
  readonly outputEncoding: string
  /** The listener. */
  readonly server: ServerConfig
  /** Connections to backends. */
  readonly transport: TransportConfig
  /** Routing, errors and logs. */
  readonly router: RouterConfig
  /** Root key `plugin`; undefined = no loader. */
  readonly plugin: PluginsConfig | undefined
  /** Serves `/__debug/`. Default false. */
  readonly debugEndpoint: boolean
  /** Serves `/__echo/`. Default false. */
  readonly echoEndpoint: boolean
  /** `sluice/admin`; undefined = no admin port. */
  readonly admin: AdminConfig | undefined
  /** Largest body, in bytes after decoding, that may be held in memory. Default 10 MiB. */
  readonly maxBodyBytes: number
  /** `disable_rest`: parameters may stand anywhere in a segment. */
  readonly disableRest: boolean
  /** In the order of the file, one for each method. */
  readonly endpoints: readonly EndpointConfig[]
  /** Typed core namespaces are read out of here; components read their own. */
  readonly extra: ExtraConfig
  /** Warnings that did not stop the load, and, with `tolerant`, errors that were left out. */
  readonly problems: readonly ConfigProblem[]
  /** `KRAKEND_*` variables that override nothing; worth a DEBUG line each. */
  readonly ignoredEnv: readonly string[]
  /** What cannot be honoured was left out. Default false. */
  readonly tolerant: boolean
}

/** The port for operators. */
export interface AdminConfig {
  /** An address, or `localhost`. Default `127.0.0.1`. */
  readonly address: string
  /** Default 9901; 0 = the kernel chooses. */
  readonly port: number
  /** '' = none, on loopback addresses only. */
  readonly token: string
}

/** Root keys of the listener. */
export interface ServerConfig {
  /** ms; 0 = none (Sluice's own minimum rates still hold). */
  readonly readTimeoutMs: number
  /** ms; 0 = none. */
  readonly writeTimeoutMs: number
  /** ms between requests of a connection; 0 = readTimeoutMs, else the safe default. */
  readonly idleTimeoutMs: number
  /** ms; 0 = readTimeoutMs, else the safe default. */
  readonly readHeaderTimeoutMs: number
  /** bytes; default 1 MiB. */
  readonly maxHeaderBytes: number
  /** ms; 0 = wait for ever. */
  readonly maxShutdownWaitMs: number
  /** HTTP/2 without TLS. Default false. */
  readonly useH2c: boolean
  /** `router.unread_answer_timeout`. */
  readonly unreadAnswerTimeoutMs: number
  /** `router.http2_max_header_fields` and the like. */
  readonly http2MaxHeaderFields: number
  /** `router.http2_header_fields_per_second`. */
  readonly http2HeaderFieldsPerSecond: number
  /** bytes; `router.http2_header_bytes_per_second`. */
  readonly http2HeaderBytesPerSecond: number
  /** undefined = cleartext. */
  readonly tls: ServerTlsConfig | undefined
}

/** As Node.js names versions. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

/** The root key `tls`. */
export interface ServerTlsConfig {
  /** Paths of PEM files; several pairs = choice by SNI. `pointer` is where a pair stands in the file. */
  readonly keys: readonly { readonly publicKey: string; readonly privateKey: string; readonly pointer?: string }[]
  /** Paths of PEM files that clients are verified with. */
  readonly caCerts: readonly string[]
  /** Clients must present a certificate. Default false. */
  readonly enableMtls: boolean
  /** Only `caCerts` count. Default false. */
  readonly disableSystemCaPool: boolean
  /** Default TLSv1.3. */
  readonly minVersion: TlsVersion
  /** Default TLSv1.3. */
  readonly maxVersion: TlsVersion
  /** IANA numbers; [] = KrakenD's defaults. */
  readonly curvePreferences: readonly number[]
  /** IANA numbers; [] = KrakenD's defaults. */
  readonly cipherSuites: readonly number[]
}

/** TLS towards backends. */
export interface ClientTlsConfig {
  /** Certificates are not verified. Default false. */
  readonly allowInsecureConnections: boolean
  /** Paths of PEM files that backends are verified with. */
  readonly caCerts: readonly string[]
  /** Only `caCerts` count. Default false. */
  readonly disableSystemCaPool: boolean
  /** Paths of PEM files, for backends that ask for a certificate. */
  readonly clientCerts: readonly { readonly certificate: string; readonly privateKey: string }[]
  /** Default TLSv1.3. */
  readonly minVersion: TlsVersion
  /** Default TLSv1.3. */
  readonly maxVersion: TlsVersion
  /** IANA numbers; [] = KrakenD's defaults. */
  readonly curvePreferences: readonly number[]
  /** IANA numbers; [] = KrakenD's defaults. */
  readonly cipherSuites: readonly number[]
}

/** Root keys of the outgoing transport. */
export interface TransportConfig {
  /** Each call has a connection of its own. Default false. */
  readonly disableKeepAlives: boolean
  /** Backends are not asked for compressed responses. Default false. */
  readonly disableCompression: boolean
  /** 0 = no limit. */
  readonly maxIdleConnections: number
  /** Default 250. */
  readonly maxIdleConnectionsPerHost: number
  /** ms; 0 (default) = 4 000. */
  readonly idleConnectionTimeoutMs: number
  /** ms; 0 (default) = no limit but the endpoint's timeout. */
  readonly responseHeaderTimeoutMs: number
  /** ms; has no effect: no call asks for `100 Continue`. */
  readonly expectContinueTimeoutMs: number
  /** ms; 0 (default) = 10 000. */
  readonly dialerTimeoutMs: number
  /** ms until the other address family is tried, at least 10; 0 (default) = Node's own. */
  readonly dialerFallbackDelayMs: number
  /** ms of silence before keep-alive probes; 0 (default) = 60 000. */
  readonly dialerKeepAliveMs: number
  /** ms; default 30 000, least 1 000. */
  readonly dnsCacheTtlMs: number
  /** `client_tls`. */
  readonly tls: ClientTlsConfig | undefined
}

/** `extra_config.router`, with Sluice's own keys marked. */
export interface RouterConfig {
  /** `auto_options`: responds to OPTIONS with the methods of the path. Default false. */
  readonly autoOptions: boolean
  /** `disable_access_log`: no line per request. Default false. */
  readonly disableAccessLog: boolean
  /** `disable_handle_method_not_allowed`: another method of a known path gets 404, not 405. Default false. */
  readonly disableHandleMethodNotAllowed: boolean
  /** `disable_health`: no health endpoint. Default false. */
  readonly disableHealth: boolean
  /** `disable_path_decoding`: parameters that are encoded twice, or hold `?` or `#`, are not refused. Default false. */
  readonly disablePathDecoding: boolean
  /** `disable_redirect_fixed_path`: no redirect to the spelling of a route from another case or `//`. Default false. */
  readonly disableRedirectFixedPath: boolean
  /** `disable_redirect_trailing_slash`: no redirect between `/x` and `/x/`. Default false. */
  readonly disableRedirectTrailingSlash: boolean
  /** `error_body.404`: the body of a 404, any JSON; undefined = KrakenD's text. */
  readonly errorBody404: Json | undefined
  /** `error_body.405`: the same for 405. */
  readonly errorBody405: Json | undefined
  /** `forwarded_by_client_ip`: the address of the client is read from {@link remoteIpHeaders}, where the peer is trusted. Default true. */
  readonly forwardedByClientIp: boolean
  /** `remote_ip_headers`: fields that name the client, the first one first. Default `X-Forwarded-For`, `X-Real-IP`. */
  readonly remoteIpHeaders: readonly string[]
  /** CIDRs or addresses. Default: loopback, private and link-local. */
  readonly trustedProxies: readonly string[]
  /** `remove_extra_slash`: a path with repeated slashes is served, not redirected. Default false. */
  readonly removeExtraSlash: boolean
  /** `logger_skip_paths`: paths without a line in the access log. Default none. */
  readonly loggerSkipPaths: readonly string[]
  /** `return_error_msg`: the body of a failure is its message, which may name backends. Default false. */
  readonly returnErrorMsg: boolean
  /** `health_path`: where the health endpoint is. Default `/__health`. */
  readonly healthPath: string
  /** `hide_version_header`: `X-Krakend` has no version number. Default false. */
  readonly hideVersionHeader: boolean
  /** `use_h2c`: HTTP/2 without TLS, beside HTTP/1. Default false. */
  readonly useH2c: boolean
  /** `app_engine`: trust `X-Appengine-Remote-Addr`. */
  readonly appEngine: boolean
  /** Sluice's own. `auto_head`: responds to HEAD from the GET endpoint. Default false. */
  readonly autoHead: boolean
  /** Sluice's own. Whose names stand on the wire. Default "krakend". */
  readonly identity: 'krakend' | 'sluice'
  /** Sluice's own. "krakend" (default): 500 for failures further in; "http": 502, 503 and 504 by cause. */
  readonly errorStatus: ErrorStatusMode
  /** Sluice's own. "head" (default): the timeout of a no-op endpoint ends with the head; "whole": KrakenD's rule. */
  readonly noOpTimeout: 'head' | 'whole'
  /** Sluice's own. Largest streamed request body; 0 (default) = no limit. */
  readonly maxRequestBytes: number
  /** Sluice's own. Pass or make `X-Request-Id` towards backends. Default false. */
  readonly requestId: boolean
  /** Sluice's own. Connections per upstream origin. Default 1024. */
  readonly maxConnectionsPerHost: number
  /** Sluice's own. Requests that may wait for a connection of one origin. Default 1024. */
  readonly maxQueuedPerHost: number
  /** Sluice's own. ms that an upgraded connection (WebSocket) may be silent; 0 (default) = the endpoint's timeout, but at least 60 s. */
  readonly tunnelIdleTimeoutMs: number
  /** Sluice's own. ms that a client may read nothing of a response which is complete. Default 15 000. */
  readonly unreadAnswerTimeoutMs: number
  /** Sluice's own. ms between the first 503 of the ready probe and the end of the port. Default 0. */
  readonly shutdownDelayMs: number
  /** Sluice's own. Header fields of an HTTP/2 request; beyond: 431. Default 500. */
  readonly http2MaxHeaderFields: number
  /** Sluice's own. Fields that an HTTP/2 connection brings in one second beyond the first 64 of each request. Default 20 000. */
  readonly http2HeaderFieldsPerSecond: number
  /** Sluice's own. The same in bytes as they are unpacked, beyond the first 8 KiB of each request. Default 4 MiB. */
  readonly http2HeaderBytesPerSecond: number
}

/** The root key `plugin`. */
export interface PluginsConfig {
  /** Undefined where packages are named and no folder. */
  readonly folder: string | undefined
  /** Text that a file's name must contain; '' = any. */
  readonly pattern: string
  /** Sluice's own. Packages by name, or paths, from the folder of the configuration. */
  readonly modules: readonly string[]
  /** Sluice's own. "fail" (default) stops the start; "skip" logs an ERROR and goes on. */
  readonly onError: 'fail' | 'skip'
  /** Sluice's own. bytes that one WebAssembly instance may have. */
  readonly maxGuestMemory: number
}

/** One endpoint: one path and one method. */
export interface EndpointConfig {
  /** JSON pointer of the endpoint in its file: `/endpoints/3`. */
  readonly pointer: string
  /** Cleaned, in KrakenD's braces: `/x/{id}`. */
  readonly path: string
  /** As KrakenD's logs print it: `/x/:id`. */
  readonly ginPath: string
  /** Parameter names in order of position. */
  readonly params: readonly string[]
  /** Upper-cased. */
  readonly method: string
  /** ms for the whole exchange. */
  readonly timeoutMs: number
  /** ms; 0 = no Cache-Control. */
  readonly cacheTtlMs: number
  /** ≥ 1. */
  readonly concurrentCalls: number
  /** As configured; `*` = all; [] = only Content-Type. */
  readonly inputHeaders: readonly string[]
  /** As configured; `*` = all; [] = none. */
  readonly inputQueryStrings: readonly string[]
  /** As configured or inherited; never ''. Case-sensitive. */
  readonly outputEncoding: string
  /** How backends are called and joined. */
  readonly proxy: EndpointProxyConfig
  /** Largest body, in bytes after decoding, that may be held in memory. */
  readonly maxBodyBytes: number
  /** At least one. */
  readonly backends: readonly BackendConfig[]
  /** The `extra_config` of the endpoint. */
  readonly extra: ExtraConfig
  /** Set (tolerant mode only) when KrakenD would serve this endpoint as a 500: the error text. */
  readonly broken: string | undefined
}

/** `extra_config.proxy` of an endpoint. */
export interface EndpointProxyConfig {
  /** Backends are called one after the other. Default false. */
  readonly sequential: boolean
  /** `resp0_id`, `resp1` … */
  readonly sequentialPropagatedParams: readonly string[]
  /** Data that is added to the response; undefined = none. */
  readonly static: { readonly data: JsonObject; readonly strategy: StaticStrategy } | undefined
  /** Operations on the merged data, in order; [] = none. */
  readonly flatmapFilter: readonly FlatmapOperation[]
  /** `force_sandboxed_request`: each backend has its own copy of the request, also when all are read-only. Default false. */
  readonly forceSandboxedRequest: boolean
}

/** When static data is added. */
export type StaticStrategy = 'always' | 'success' | 'errored' | 'complete' | 'incomplete'

/** One operation of `flatmap_filter`. */
export interface FlatmapOperation {
  /** `move`, `append` or `del`. */
  readonly type: 'move' | 'append' | 'del'
  /** Paths in dot notation, `*` for every element. */
  readonly args: readonly string[]
}

/** One backend of an endpoint. */
export interface BackendConfig {
  /** JSON pointer of the backend in its file: `/endpoints/3/backend/0`. */
  readonly pointer: string
  /** Upper-cased. */
  readonly method: string
  /** Cleaned origins (`http://h:1`), or verbatim prefixes with disable_host_sanitize. */
  readonly hosts: readonly string[]
  /** Hosts are used as they are written. Default false. */
  readonly disableHostSanitize: boolean
  /** As in the file, cleaned: one leading slash, `{name}` placeholders. */
  readonly urlPattern: string
  /** As KrakenD prints it: `/users/{{.Id}}`. */
  readonly goPattern: string
  /** Lower-cased; 'json' when empty; forced to 'no-op' under a no-op endpoint. */
  readonly encoding: string
  /** The body is a JSON array. Default false. */
  readonly isCollection: boolean
  /** '' = none. */
  readonly target: string
  /** Paths of the only fields to keep; [] = all. */
  readonly allow: readonly string[]
  /** Paths of fields to drop; [] = none. */
  readonly deny: readonly string[]
  /** Names of top-level fields, old and new. */
  readonly mapping: readonly (readonly [from: string, to: string])[]
  /** '' = none. */
  readonly group: string
  /** Backend-level narrowing lists; [] = everything the endpoint let through. */
  readonly inputHeaders: readonly string[]
  /** As {@link inputHeaders}, for the query. */
  readonly inputQueryStrings: readonly string[]
  /** How hosts are found: as listed, or by SRV records. Default `static`. */
  readonly sd: 'static' | 'dns'
  /** `http` (default) or `https`. */
  readonly sdScheme: string
  /** ms for the call; in a merge a share of the endpoint's. */
  readonly timeoutMs: number
  /** Identical calls at once, ≥ 1. */
  readonly concurrentCalls: number
  /** `extra_config.proxy` of the backend. */
  readonly proxy: BackendProxyConfig
  /** What becomes of error statuses. */
  readonly http: BackendHttpConfig
  /** Redirects, TLS and proxy of the calls. */
  readonly httpClient: BackendHttpClientConfig
  /** The `extra_config` of the backend. */
  readonly extra: ExtraConfig
  /** Set (tolerant mode only) when no call may be made: its transport is not there, or its response could not be shaped as it should. The error text. */
  readonly broken: string | undefined
}

/** `extra_config.proxy` of a backend. */
export interface BackendProxyConfig {
  /** The backend gets a copy of each request, and its response is dropped. Default false. */
  readonly shadow: boolean
  /** ms; the backend's timeout when not set. */
  readonly shadowTimeoutMs: number
  /** Operations on the data of this backend, in order; [] = none. */
  readonly flatmapFilter: readonly FlatmapOperation[]
}

/** `backend/http`. */
export interface BackendHttpConfig {
  /** '' = off. */
  readonly returnErrorDetails: string
  /** The backend's error status is sent to the client. Default false. */
  readonly returnErrorCode: boolean
}

/** `backend/http/client`. */
export interface BackendHttpClientConfig {
  /** Redirected calls carry the body again. Default false. */
  readonly sendBodyOnRedirect: boolean
  /** Sluice's own; an Enterprise key in KrakenD. */
  readonly noRedirect: boolean
  /** Sluice's own; an Enterprise key in KrakenD: TLS of this backend, in place of the root's. */
  readonly tls: ClientTlsConfig | undefined
  /** Sluice's own; an Enterprise key in KrakenD: URL of the HTTP proxy of this backend, in place of the environment's. */
  readonly proxyAddress: string | undefined
}
