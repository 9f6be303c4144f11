/** Reads where traces are sent: collectors of Jaeger and of Zipkin. */

import type { ComponentContext, OptionReader } from 'sluice/plugin'
import type { CollectorAddress } from '../../_shared/otlp/collector-address.js'
import type { BodyFormat } from '../../_shared/otlp/http-sender.js'
import { jaegerFormat } from './jaeger-format.js'
import { zipkinFormat } from './zipkin-format.js'

/** One exporter of traces. */
export interface TraceExporterOptions {
  /** `jaeger` */
  readonly name: string
  readonly address: CollectorAddress
  /** With the query. */
  readonly path: string
  readonly format: BodyFormat
  /** Most spans that wait. */
  readonly room: number
}

/** Spans that wait where the options say nothing. */
const ROOM = 65_536

/** Reads `exporters`. What cannot be sent to is a warning. */
export function readTraceExporters(exporters: OptionReader | undefined, context: ComponentContext): TraceExporterOptions[] {
  const jaeger = exporters?.object('jaeger')
  const zipkin = exporters?.object('zipkin')
  return [
    ...(jaeger === undefined ? [] : readJaeger(jaeger, context)),
    ...(zipkin === undefined ? [] : readZipkin(zipkin, context))
  ]
}

const serviceOf = (options: OptionReader, { service }: ComponentContext): string =>
  options.text('service_name') || service.name || 'KrakenD'

function readJaeger(options: OptionReader, context: ComponentContext): TraceExporterOptions[] {
  const pointer = '/exporters/jaeger'
  if (options.has('agent_endpoint')) {
    const message = 'nothing is sent to an agent of Jaeger: give the `endpoint` of its collector, http://HOST:14268/api/traces'
    context.report(`${pointer}/agent_endpoint`, message, 'warning')
  }
  const target = options.text('endpoint')
  if (target === '' && options.has('agent_endpoint')) return []
  const where = readTarget(target, `${pointer}/endpoint`, 'http://HOST:14268/api/traces', context)
  if (where === undefined) return []
  const room = options.count('buffer_max_count', 0) || ROOM
  return [{ name: 'jaeger', ...where, format: jaegerFormat(serviceOf(options, context)), room }]
}

function readZipkin(options: OptionReader, context: ComponentContext): TraceExporterOptions[] {
  const pointer = '/exporters/zipkin/collector_url'
  const where = readTarget(options.text('collector_url'), pointer, 'http://HOST:9411/api/v2/spans', context)
  if (where === undefined) return []
  const place = { service: serviceOf(options, context), ip: options.text('ip'), port: options.count('port', 0) }
  return [{ name: 'zipkin', ...where, format: zipkinFormat(place), room: ROOM }]
}

/** Takes a URL apart; undefined after a warning. */
function readTarget(
  text: string,
  pointer: string,
  example: string,
  context: ComponentContext
): Pick<TraceExporterOptions, 'address' | 'path'> | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    context.report(pointer, `no traces are sent: '${text}' is no address of a collector, such as ${example}`, 'warning')
    return undefined
  }
  const isSecure = url.protocol === 'https:'
  return {
    address: {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || (isSecure ? 443 : 80),
      tls: isSecure ? { minVersion: 'TLSv1.2' } : undefined,
      headers: url.username === '' ? {} : { Authorization: basic(url) },
      userAgent: context.service.userAgent,
      gzip: false
    },
    path: url.pathname + url.search
  }
}

function basic({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
}
