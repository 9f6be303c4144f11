/**
 * The one typed form of a configuration: everything inherited, converted to milliseconds and cleaned, deeply frozen.
 * What comes in is a file or an object (`load.ts`); what goes out is read at boot by every other room and never changes.
 */

import type { ConfigProblem, ErrorStatusMode } from '../errors.js'

/** A plain JSON value of the configuration. Objects are null-prototype or frozen plain objects. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** `extra_config`, keys normalised to the short namespaces (`proxy`, `plugin/http-server` …); values untouched and frozen. */
export type ExtraConfig = { readonly [namespace: string]: Json }

export interface ServiceConfig {
  /** The file it came from, as given; `(object)` for an object. Relative paths in it resolve against the working directory. */
  readonly source: string
  readonly name: string
  /** 0 lets the system choose (library use). Default 8080. */
  readonly port: number
  /** '' = all interfaces. */
  readonly listenIp: string
  /** Default endpoint timeout, ms. */
  readonly timeoutMs: number
  /** ms; 0 = no Cache-Control. */
  readonly cacheTtlMs: number
  readonly hosts: readonly string[]
  readonly outputEncoding: string
  readonly server: ServerConfig
  readonly transport: TransportConfig
  readonly router: RouterConfig
  /** Root key `plugin`; undefined = no loader. */
  readonly plugin: PluginsConfig | undefined
  readonly debugEndpoint: boolean
  readonly echoEndpoint: boolean
  /** `sluice/admin`; undefined = no admin port. */
  readonly admin: AdminConfig | undefined
  /** Largest body, in bytes after decoding, that may be held in memory. Default 10 MiB. */
  readonly maxBodyBytes: number
  /** `disable_rest`: parameters may stand anywhere in a segment. */
  readonly disableRest: boolean
  readonly endpoints: readonly EndpointConfig[]
  /** Typed core namespaces are read out of here; components read their own. */
  readonly extra: ExtraConfig
  /** Warnings that did not stop the load, and, with `tolerant`, errors that were left out. */
  readonly problems: readonly ConfigProblem[]
  /** `KRAKEND_*` variables that override nothing; worth a DEBUG line each. */
  readonly ignoredEnv: readonly string[]
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

export interface ServerConfig {
  /** ms; 0 = none (Sluice's own minimum rates still hold). */
  readonly readTimeoutMs: number
  readonly writeTimeoutMs: number
  /** ms between requests of a connection; 0 = readTimeoutMs, else the safe default. */
  readonly idleTimeoutMs: number
  readonly readHeaderTimeoutMs: number
  /** bytes; default 1 MiB. */
  readonly maxHeaderBytes: number
  /** ms; 0 = wait for ever. */
  readonly maxShutdownWaitMs: number
  readonly useH2c: boolean
  /** `router.unread_answer_timeout`. */
  readonly unreadAnswerTimeoutMs: number
  /** `router.http2_max_header_fields` and the like. */
  readonly http2MaxHeaderFields: number
  readonly http2HeaderFieldsPerSecond: number
  readonly http2HeaderBytesPerSecond: number
  /** undefined = cleartext. */
  readonly tls: ServerTlsConfig | undefined
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

export interface ServerTlsConfig {
  /** Paths of PEM files; several pairs = choice by SNI. `pointer` is where a pair stands in the file. */
  readonly keys: readonly { readonly publicKey: string; readonly privateKey: string; readonly pointer?: string }[]
  readonly caCerts: readonly string[]
  readonly enableMtls: boolean
  readonly disableSystemCaPool: boolean
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  /** IANA numbers; [] = KrakenD's defaults. */
  readonly curvePreferences: readonly number[]
  readonly cipherSuites: readonly number[]
}

export interface ClientTlsConfig {
  readonly allowInsecureConnections: boolean
  readonly caCerts: readonly string[]
  readonly disableSystemCaPool: boolean
  readonly clientCerts: readonly { readonly certificate: string; readonly privateKey: string }[]
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  readonly curvePreferences: readonly number[]
  readonly cipherSuites: readonly number[]
}

/** Root keys of the outgoing transport. */
export interface TransportConfig {
  readonly disableKeepAlives: boolean
  readonly disableCompression: boolean
  /** 0 = no limit. */
  readonly maxIdleConnections: number
  readonly maxIdleConnectionsPerHost: number
  /** ms; 0 = Sluice's default. */
  readonly idleConnectionTimeoutMs: number
  readonly responseHeaderTimeoutMs: number
  readonly expectContinueTimeoutMs: number
  readonly dialerTimeoutMs: number
  readonly dialerFallbackDelayMs: number
  readonly dialerKeepAliveMs: number
  /** ms; default 30 000, least 1 000. */
  readonly dnsCacheTtlMs: number
  readonly tls: ClientTlsConfig | undefined
}

/** `extra_config.router`, with Sluice's own keys marked. */
export interface RouterConfig {
  readonly autoOptions: boolean
  readonly disableAccessLog: boolean
  readonly disableHandleMethodNotAllowed: boolean
  readonly disableHealth: boolean
  readonly disablePathDecoding: boolean
  readonly disableRedirectFixedPath: boolean
  readonly disableRedirectTrailingSlash: boolean
  /** Bodies for 404 and 405, any JSON; undefined = KrakenD's text. */
  readonly errorBody404: Json | undefined
  readonly errorBody405: Json | undefined
  readonly forwardedByClientIp: boolean
  readonly remoteIpHeaders: readonly string[]
  /** CIDRs or addresses. Default: loopback, private and link-local. */
  readonly trustedProxies: readonly string[]
  readonly removeExtraSlash: boolean
  readonly loggerSkipPaths: readonly string[]
  readonly returnErrorMsg: boolean
  readonly healthPath: string
  readonly hideVersionHeader: boolean
  readonly useH2c: boolean
  /** `app_engine`: trust `X-Appengine-Remote-Addr`. */
  readonly appEngine: boolean
  /** Ours. */
  readonly autoHead: boolean
  /** Ours. Default "krakend". */
  readonly identity: 'krakend' | 'sluice'
  /** Ours. Default "krakend". */
  readonly errorStatus: ErrorStatusMode
  /** Ours. "head" (default): the timeout of a no-op endpoint ends with the head; "whole": KrakenD's rule. */
  readonly noOpTimeout: 'head' | 'whole'
  /** Ours. Largest streamed request body; 0 (default) = no limit. */
  readonly maxRequestBytes: number
  /** Ours. Pass or make `X-Request-Id` towards backends. Default false. */
  readonly requestId: boolean
  /** Ours. Connections per upstream origin. Default 1024. */
  readonly maxConnectionsPerHost: number
  /** Ours. Requests that may wait for a connection of one origin. Default 1024. */
  readonly maxQueuedPerHost: number
  /** Ours. ms that an upgraded connection (WebSocket) may be silent; 0 (default) = the endpoint's timeout, but at least 60 s. */
  readonly tunnelIdleTimeoutMs: number
  /** Ours. ms that a client may read nothing of a response which is complete. Default 15 000. */
  readonly unreadAnswerTimeoutMs: number
  /** Ours. ms between the first 503 of the ready probe and the end of the port. Default 0. */
  readonly shutdownDelayMs: number
  /** Ours. Header fields of an HTTP/2 request; beyond: 431. Default 500. */
  readonly http2MaxHeaderFields: number
  /** Ours. Fields that an HTTP/2 connection brings in one second beyond the first 64 of each request. Default 20 000. */
  readonly http2HeaderFieldsPerSecond: number
  /** Ours. The same in bytes as they are unpacked, beyond the first 8 KiB of each request. Default 4 MiB. */
  readonly http2HeaderBytesPerSecond: number
}

export interface PluginsConfig {
  /** Undefined where packages are named and no folder. */
  readonly folder: string | undefined
  readonly pattern: string
  /** Ours. Packages by name, or paths, from the folder of the configuration. */
  readonly modules: readonly string[]
  /** Ours. "fail" (default) stops the start; "skip" logs an ERROR and goes on. */
  readonly onError: 'fail' | 'skip'
  /** Ours. bytes that one WebAssembly instance may have. */
  readonly maxGuestMemory: number
}

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
  readonly timeoutMs: number
  readonly cacheTtlMs: number
  /** ≥ 1. */
  readonly concurrentCalls: number
  /** As configured; `*` = all; [] = only Content-Type. */
  readonly inputHeaders: readonly string[]
  readonly inputQueryStrings: readonly string[]
  /** As configured or inherited; never ''. Case-sensitive. */
  readonly outputEncoding: string
  readonly proxy: EndpointProxyConfig
  readonly maxBodyBytes: number
  readonly backends: readonly BackendConfig[]
  readonly extra: ExtraConfig
  /** Set (tolerant mode only) when KrakenD would serve this endpoint as a 500: the error text. */
  readonly broken: string | undefined
}

/** `extra_config.proxy` of an endpoint. */
export interface EndpointProxyConfig {
  readonly sequential: boolean
  /** `resp0_id`, `resp1` … */
  readonly sequentialPropagatedParams: readonly string[]
  readonly static: { readonly data: JsonObject; readonly strategy: StaticStrategy } | undefined
  readonly flatmapFilter: readonly FlatmapOperation[]
  readonly forceSandboxedRequest: boolean
}

export type StaticStrategy = 'always' | 'success' | 'errored' | 'complete' | 'incomplete'

export interface FlatmapOperation {
  readonly type: 'move' | 'append' | 'del'
  readonly args: readonly string[]
}

export interface BackendConfig {
  readonly pointer: string
  /** Upper-cased. */
  readonly method: string
  /** Cleaned origins (`http://h:1`), or verbatim prefixes with disable_host_sanitize. */
  readonly hosts: readonly string[]
  readonly disableHostSanitize: boolean
  /** As in the file, cleaned: one leading slash, `{name}` placeholders. */
  readonly urlPattern: string
  /** As KrakenD prints it: `/users/{{.Id}}`. */
  readonly goPattern: string
  /** Lower-cased; 'json' when empty; forced to 'no-op' under a no-op endpoint. */
  readonly encoding: string
  readonly isCollection: boolean
  /** '' = none. */
  readonly target: string
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  readonly mapping: readonly (readonly [from: string, to: string])[]
  /** '' = none. */
  readonly group: string
  /** Backend-level narrowing lists; [] = everything the endpoint let through. */
  readonly inputHeaders: readonly string[]
  readonly inputQueryStrings: readonly string[]
  readonly sd: 'static' | 'dns'
  /** `http` (default) or `https`. */
  readonly sdScheme: string
  readonly timeoutMs: number
  readonly concurrentCalls: number
  readonly proxy: BackendProxyConfig
  readonly http: BackendHttpConfig
  readonly httpClient: BackendHttpClientConfig
  readonly extra: ExtraConfig
  /** Set (tolerant mode only) when no call may be made: its transport is not there, or its response could not be shaped as it should. The error text. */
  readonly broken: string | undefined
}

export interface BackendProxyConfig {
  readonly shadow: boolean
  /** ms; the backend's timeout when not set. */
  readonly shadowTimeoutMs: number
  readonly flatmapFilter: readonly FlatmapOperation[]
}

/** `backend/http`. */
export interface BackendHttpConfig {
  /** '' = off. */
  readonly returnErrorDetails: string
  readonly returnErrorCode: boolean
}

/** `backend/http/client`. */
export interface BackendHttpClientConfig {
  readonly sendBodyOnRedirect: boolean
  /** Ours (an Enterprise key in KrakenD). */
  readonly noRedirect: boolean
  /** Ours (an Enterprise key in KrakenD): TLS of this backend, in place of the root's. */
  readonly tls: ClientTlsConfig | undefined
  /** Ours (an Enterprise key in KrakenD): URL of the HTTP proxy of this backend, in place of the environment's. */
  readonly proxyAddress: string | undefined
}
