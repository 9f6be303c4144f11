/** Reads OTLP exporters: keys of the configuration, and the environment of OpenTelemetry's SDKs where KrakenD reads it. */

import { readFileSync } from 'node:fs'
import { type ConnectionOptions, createSecureContext, rootCertificates } from 'node:tls'
import type { OptionReader } from 'sluice/plugin'
import { type CollectorAddress, parseCollectorHost } from '../../_shared/otlp/collector-address.js'
import { envNumber } from '../../_shared/otlp/env-number.js'
import { type ExporterHeaders, headersOfEnv, readHeaders } from '../../_shared/otlp/header-options.js'

export const DEFAULT_OTLP_PORT = 4317
const DEFAULT_TIMEOUT_MS = 10_000

/** Where one signal of an exporter goes. */
export interface SignalTarget {
  readonly address: CollectorAddress
  /** ms for one attempt. */
  readonly timeoutMs: number
}

/** An OTLP exporter. */
export interface OtlpOptions {
  readonly name: string
  /** Over HTTP; else gRPC. */
  readonly http: boolean
  /** Undefined = it takes none of them. */
  readonly metrics: SignalTarget | undefined
  readonly traces: SignalTarget | undefined
  /** ms between two pushes of metrics; undefined = the service's. */
  readonly periodMs: number | undefined
}

type Env = Readonly<Record<string, string | undefined>>
type Signal = 'TRACES' | 'METRICS'

/** Variables of the SDKs by the end of their names: what one says of a signal goes before what is said of all. */
function envOf(env: Env, signal: Signal): Env {
  const of = (name: string): string | undefined =>
    env[`OTEL_EXPORTER_OTLP_${signal}_${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`]
  return Object.fromEntries(VARIABLES.map(name => [name, of(name)]))
}

const VARIABLES = ['HEADERS', 'TIMEOUT', 'COMPRESSION', 'CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'] as const

/** Reads `exporters.otlp`. @param secrets what another component adds to their requests */
export function readOtlp(
  exporters: OptionReader | undefined,
  env: Env,
  userAgent: string,
  secrets: ExporterHeaders
): readonly OtlpOptions[] {
  return (exporters?.objects('otlp') ?? []).map(options => {
    const { host, secure } = readHost(options)
    const port = options.count('port', 0) || DEFAULT_OTLP_PORT
    if (port > 65535) options.fail('/port', 'expected a port up to 65535')
    const name = options.text('name')
    const targetOf = (signal: Signal): SignalTarget => {
      const own = envOf(env, signal)
      const compression = options.text('compression') || own.COMPRESSION || 'none'
      if (compression !== 'gzip' && compression !== 'none') options.fail('/compression', 'expected "gzip" or "none"')
      const headers = { ...headersOfEnv(own.HEADERS), ...secrets.get(name), ...readHeaders(options) }
      const tls = readTls(options, own, secure)
      return {
        address: { host, port, tls, headers, userAgent, gzip: compression === 'gzip' },
        timeoutMs: options.durationMs('timeout', envNumber(own, 'TIMEOUT', DEFAULT_TIMEOUT_MS))
      }
    }
    const seconds = options.count('custom_metric_reporting_period', 0)
    return {
      name,
      http: options.flag('use_http'),
      metrics: options.flag('disable_metrics') ? undefined : targetOf('METRICS'),
      traces: options.flag('disable_traces') ? undefined : targetOf('TRACES'),
      periodMs: seconds > 0 ? seconds * 1000 : undefined
    }
  })
}

function readHost(options: OptionReader): { host: string; secure: boolean } {
  const text = options.text('host') || 'localhost'
  const host = parseCollectorHost(text)
  if (host === undefined) {
    return options.fail(
      '/host',
      `'${text.replace(/^(.*\/\/)?[^/]*@/, '$1REDACTED@')}' is no host: write a name or an address, with https:// in front for TLS, without port and path`
    )
  }
  return host
}

/** The TLS of `https://`; undefined for plain connections. @param env as {@link envOf} makes it */
function readTls(options: OptionReader, env: Env, secure: boolean): ConnectionOptions | undefined {
  const own = options.object('client_tls')
  if (!secure) {
    if (own !== undefined) options.fail('/client_tls', 'the host says no TLS: write https:// in front of it')
    return undefined
  }
  const authorities = [...(own?.texts('ca_certs') ?? []), ...listed(env.CERTIFICATE)]
  const read = (file: string, pointer: string): string => {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      return options.fail(pointer, `cannot read ${file}: ${(error as Error).message}`)
    }
  }
  const ca = authorities.map(file => read(file, '/client_tls/ca_certs'))
  const pairs = (own?.objects('client_certs') ?? []).map(pair => ({
    cert: read(pair.text('certificate'), '/client_tls/client_certs'),
    key: read(pair.text('private_key'), '/client_tls/client_certs')
  }))
  const { CLIENT_CERTIFICATE: cert, CLIENT_KEY: key } = env
  if (pairs.length === 0 && cert && key) pairs.push({ cert: read(cert, '/host'), key: read(key, '/host') })
  const tls: ConnectionOptions = {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: !(own?.flag('allow_insecure_connections') ?? false),
    ...(own?.flag('disable_system_ca_pool') ? { ca } : ca.length > 0 ? { ca: [...rootCertificates, ...ca] } : {}),
    ...(pairs.length > 0 ? { cert: pairs.map(pair => pair.cert), key: pairs.map(pair => pair.key) } : {})
  }
  try {
    createSecureContext(tls)
  } catch (error) {
    options.fail('/client_tls', (error as Error).message)
  }
  return tls
}

const listed = (file: string | undefined): string[] => (file ? [file] : [])
