/** Spans as Zipkin takes them at `/api/v2/spans`: a list in JSON. */

import { Buffer } from 'node:buffer'
import { isIPv4, isIPv6 } from 'node:net'
import type { BodyFormat } from '../../_shared/otlp/http-sender.js'
import { type ReadSpan, readTraces } from '../../_shared/otlp/read-spans.js'

/** Who sends, as Zipkin shows it. */
export interface ZipkinPlace {
  readonly service: string
  /** '' = not told. */
  readonly ip: string
  /** 0 = not told. */
  readonly port: number
}

const KINDS: readonly string[] = ['', '', 'SERVER', 'CLIENT']

export function zipkinFormat({ service, ip, port }: ZipkinPlace): BodyFormat {
  const localEndpoint = {
    serviceName: service,
    ...(isIPv4(ip) ? { ipv4: ip } : isIPv6(ip) ? { ipv6: ip } : {}),
    ...(port > 0 ? { port } : {})
  }
  return {
    contentType: 'application/json',
    encode: request => Buffer.from(JSON.stringify(readTraces(request).spans.map(span => ({ ...plain(span), localEndpoint }))))
  }
}

function plain(span: ReadSpan): object {
  const { attributes, events, failed, message, parentId, start } = span
  const tags = Object.fromEntries(attributes.map(({ name, value }) => [name, String(value)]))
  // Zipkin marks spans that have the tag `error`
  if (failed) tags.error ??= message || tags['error.type'] || 'true'
  const kind = KINDS[span.kind] ?? ''
  const server = tags['server.address']
  return {
    traceId: span.traceId.toString('hex'),
    id: span.spanId.toString('hex'),
    ...(parentId === undefined ? {} : { parentId: parentId.toString('hex') }),
    name: span.name,
    ...(kind === '' ? {} : { kind }),
    timestamp: start,
    // Zipkin takes 0 for a span that has not ended
    duration: Math.max(1, span.end - start),
    ...(kind === 'CLIENT' && server !== undefined ? { remoteEndpoint: { serviceName: server } } : {}),
    tags,
    annotations: events.map(({ at, name }) => ({ timestamp: at, value: name }))
  }
}
