/** Root keys of the listener, of TLS and of the outgoing transport. */

import type { ObjectReader } from '../object-reader.js'
import type { ClientTlsConfig, RouterConfig, ServerConfig, ServerTlsConfig, TlsVersion, TransportConfig } from '../types.js'

const TLS_VERSIONS: ReadonlyMap<string, TlsVersion> = new Map([
  ['SSL3.0', 'TLSv1'],
  ['TLS10', 'TLSv1'],
  ['TLS11', 'TLSv1.1'],
  ['TLS12', 'TLSv1.2'],
  ['TLS13', 'TLSv1.3']
])

const MIB = 1024 * 1024

/** A duration that cannot be negative: a tolerant load takes 0. */
function time(root: ObjectReader, name: string): number {
  return Math.max(0, root.duration(name, 0))
}

/** Reads the listener's keys; some stand in the router's namespace. Of the two `use_h2c` either is enough. */
export function readServer(root: ObjectReader, router: RouterConfig): ServerConfig {
  return {
    readTimeoutMs: time(root, 'read_timeout'),
    writeTimeoutMs: time(root, 'write_timeout'),
    idleTimeoutMs: time(root, 'idle_timeout'),
    readHeaderTimeoutMs: time(root, 'read_header_timeout'),
    maxHeaderBytes: root.count('max_header_bytes', 0) || MIB,
    maxShutdownWaitMs: time(root, 'max_shutdown_wait_time'),
    useH2c: root.boolean('use_h2c', false) || router.useH2c,
    unreadAnswerTimeoutMs: router.unreadAnswerTimeoutMs,
    http2MaxHeaderFields: router.http2MaxHeaderFields,
    http2HeaderFieldsPerSecond: router.http2HeaderFieldsPerSecond,
    http2HeaderBytesPerSecond: router.http2HeaderBytesPerSecond,
    tls: readServerTls(root)
  }
}

function readServerTls(root: ObjectReader): ServerTlsConfig | undefined {
  const tls = root.object('tls')
  if (tls === undefined) return undefined
  const disabled = tls.boolean('disabled', false)
  const publicKey = tls.string('public_key', '')
  const privateKey = tls.string('private_key', '')
  const keys = publicKey === '' && privateKey === '' ? [] : [{ publicKey, privateKey, pointer: tls.pointer }]
  for (const pair of tls.objects('keys')) {
    if (pair === undefined) continue
    keys.push({ publicKey: pair.string('public_key', ''), privateKey: pair.string('private_key', ''), pointer: pair.pointer })
    pair.finish()
  }
  const config = { keys, ...readTlsCommon(tls), caCerts: tls.strings('ca_certs'), enableMtls: tls.boolean('enable_mtls', false) }
  tls.ignore('prefer_server_cipher_suites')
  tls.finish()
  if (disabled) return undefined
  if (keys.length === 0) root.findings.add('error', tls.pointer, 'public key not defined', 'give `keys`, or `"disabled": true`')
  for (const key of keys) {
    if (key.publicKey === '') root.findings.add('error', tls.pointer, 'public key not defined', 'give the path of a PEM file')
    if (key.privateKey === '') root.findings.add('error', tls.pointer, 'private key not defined', 'give the path of a PEM file')
  }
  return config
}

function readTlsCommon(tls: ObjectReader) {
  const common = {
    disableSystemCaPool: tls.boolean('disable_system_ca_pool', false),
    minVersion: readTlsVersion(tls, 'min_version'),
    maxVersion: readTlsVersion(tls, 'max_version'),
    curvePreferences: tls.integers('curve_preferences'),
    cipherSuites: tls.integers('cipher_suites')
  }
  if (common.minVersion > common.maxVersion) {
    const message = `min_version is above max_version (${common.minVersion}, ${common.maxVersion})`
    tls.findings.add('error', tls.pointer, message, 'both are TLS13 when not given')
  }
  return common
}

/** A missing or unknown name means TLS 1.3, as in KrakenD. */
function readTlsVersion(tls: ObjectReader, name: string): TlsVersion {
  const text = tls.string(name, 'TLS13')
  const version = TLS_VERSIONS.get(text)
  if (version !== undefined) return version
  tls.word(name, text, [...TLS_VERSIONS.keys()], 'TLS13 is used')
  return 'TLSv1.3'
}

/** Reads the keys of the outgoing transport. */
export function readTransport(root: ObjectReader): TransportConfig {
  const dnsCacheTtl = root.duration('dns_cache_ttl', 0)
  return {
    disableKeepAlives: root.boolean('disable_keep_alives', false),
    disableCompression: root.boolean('disable_compression', false),
    maxIdleConnections: root.count('max_idle_connections', 0),
    maxIdleConnectionsPerHost: root.count('max_idle_connections_per_host', 0) || 250,
    idleConnectionTimeoutMs: time(root, 'idle_connection_timeout'),
    responseHeaderTimeoutMs: time(root, 'response_header_timeout'),
    expectContinueTimeoutMs: time(root, 'expect_continue_timeout'),
    dialerTimeoutMs: time(root, 'dialer_timeout'),
    dialerFallbackDelayMs: time(root, 'dialer_fallback_delay'),
    dialerKeepAliveMs: time(root, 'dialer_keep_alive'),
    dnsCacheTtlMs: dnsCacheTtl < 1000 ? 30_000 : dnsCacheTtl,
    tls: readClientTls(root, root.boolean('allow_insecure_connections', false))
  }
}

/** Reads `client_tls`; the root has an older switch of the same meaning beside it. */
export function readClientTls(owner: ObjectReader, legacyInsecure: boolean): ClientTlsConfig | undefined {
  const tls = owner.object('client_tls')
  if (tls === undefined) {
    if (!legacyInsecure) return undefined
    return {
      allowInsecureConnections: true,
      caCerts: [],
      disableSystemCaPool: false,
      clientCerts: [],
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      curvePreferences: [],
      cipherSuites: []
    }
  }
  const clientCerts: { certificate: string; privateKey: string }[] = []
  for (const pair of tls.objects('client_certs')) {
    if (pair === undefined) continue
    clientCerts.push({ certificate: pair.string('certificate', ''), privateKey: pair.string('private_key', '') })
    pair.finish()
  }
  const config: ClientTlsConfig = {
    allowInsecureConnections: tls.boolean('allow_insecure_connections', false) || legacyInsecure,
    caCerts: tls.strings('ca_certs'),
    clientCerts,
    ...readTlsCommon(tls)
  }
  tls.finish()
  return config
}
