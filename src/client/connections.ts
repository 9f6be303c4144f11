/** How connections to an origin are opened: undici's options for KrakenD's transport keys, with TLS, through a proxy. */

import { isIP } from 'node:net'
import type { Client, Dispatcher, buildConnector as undiciConnector } from 'undici'
import type { TransportConfig } from '../config/types.js'
import { connectFailure, omitConnection, reportResets } from '../http/undici-quirks.js'
import type { TimerWheel } from '../telemetry/timer-wheel.js'
import { clientTlsOptions, type UpstreamTlsOptions } from './client-tls.js'
import type { ClientSettings } from './pooled-client.js'
import type { SocketReader } from './socket-reader.js'
import { buildConnector, wholeUndici } from './undici.js'

/** What connections depend on. */
export interface ConnectionSettings {
  readonly transport: TransportConfig
  /** Connections per origin. */
  readonly maxConnections: number
  readonly wheel: TimerWheel
  /** In place of `transport.tls`. */
  readonly tls?: UpstreamTlsOptions
}

/** Idle connections are closed after this long when `idle_connection_timeout` is 0: below the 5 s of common backends (RFC 9112 §9.3). */
const DEFAULT_IDLE_MS = 4_000
/** Dialling takes at most this long when `dialer_timeout` is 0. */
const DEFAULT_CONNECT_MS = 10_000
/** Largest head of a response, bytes. */
const MAX_HEAD_BYTES = 1024 * 1024

function connectOptions({ transport, tls }: ConnectionSettings): undiciConnector.BuildOptions {
  return {
    timeout: transport.dialerTimeoutMs || DEFAULT_CONNECT_MS,
    keepAlive: transport.dialerKeepAliveMs >= 0,
    allowH2: false,
    ...(transport.dialerKeepAliveMs > 0 ? { keepAliveInitialDelay: transport.dialerKeepAliveMs } : {}),
    autoSelectFamily: true,
    ...(transport.dialerFallbackDelayMs > 0
      ? { autoSelectFamilyAttemptTimeout: Math.max(10, transport.dialerFallbackDelayMs) }
      : {}),
    ...((tls ?? clientTlsOptions(transport.tls)) as object)
  }
}

function httpOptions({ transport }: ConnectionSettings): Client.Options {
  return {
    pipelining: transport.disableKeepAlives ? 0 : 1,
    keepAliveTimeout: transport.idleConnectionTimeoutMs || DEFAULT_IDLE_MS,
    keepAliveMaxTimeout: transport.idleConnectionTimeoutMs || 600_000,
    headersTimeout: transport.responseHeaderTimeoutMs,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEAD_BYTES,
    allowH2: false
  }
}

/** How a pool opens its connections. */
export function clientSettings(origin: string, settings: ConnectionSettings): ClientSettings {
  const connect = connectOptions(settings)
  // TLS connections share a connector and its sessions
  const shared = origin.startsWith('https:') ? nameless(buildConnector(connect)) : undefined
  const connectorOf = (reader: SocketReader | undefined): undiciConnector.connector =>
    shared ?? buildConnector({ ...connect, onread: reader!.onread } as undiciConnector.BuildOptions)
  return {
    origin: new URL(origin),
    options: httpOptions(settings),
    connectorOf,
    wheel: settings.wheel,
    maxAgeMs: settings.transport.dnsCacheTtlMs,
    endsAll: settings.transport.disableKeepAlives
  }
}

/** Leaves out a server name that is an address: TLS knows none (RFC 6066 §3), and the certificate is verified for the address itself. */
function nameless(connect: undiciConnector.connector): undiciConnector.connector {
  return ({ servername, ...target }, done) =>
    connect(servername === undefined || isIP(servername) !== 0 ? target : { servername, ...target }, done)
}

/** The agent of an origin behind a proxy. */
export function createProxyAgent(origin: string, proxy: string, settings: ConnectionSettings): Dispatcher {
  // plain http is asked of the proxy in absolute form, https goes through a CONNECT tunnel (RFC 9110 §9.3.6), as Go does
  const proxyTunnel = origin.startsWith('https:')
  const requestTls = connectOptions(settings) as never
  const options = { ...httpOptions(settings), connections: settings.maxConnections }
  const endsAll = settings.transport.disableKeepAlives
  const { Pool, ProxyAgent } = wholeUndici()
  return new ProxyAgent({
    ...options,
    uri: proxy,
    proxyTunnel,
    requestTls,
    factory: (url, given) => {
      const { connect } = given as { connect: undiciConnector.connector }
      return new Pool(url, { ...options, connect: proxied(nameless(connect), endsAll) })
    }
  })
}

/** What {@link PooledClient} does when a connection opens, for those of the agent. */
function proxied(connect: undiciConnector.connector, endsAll: boolean): undiciConnector.connector {
  return (target, done) =>
    connect(target, (...outcome) => {
      if (!outcome[1]) return done(connectFailure(outcome[0]!), null)
      omitConnection(outcome[1], endsAll)
      reportResets(outcome[1])
      done(...outcome)
    })
}
