/**
 * Spans as collectors of Jaeger take them at `/api/traces`: a `Batch` in Thrift's binary protocol. Fields have the numbers of Jaeger's
 * interface definition.
 */

import type { BodyFormat } from '../../_shared/otlp/http-sender.js'
import { type ReadAttribute, type ReadEvent, type ReadSpan, readTraces } from '../../_shared/otlp/read-spans.js'
import { ThriftWriter } from './thrift-writer.js'

const KINDS: readonly string[] = ['', '', 'server', 'client']
/** What a tag holds. */
const TEXT = 0
const DOUBLE = 1
const BOOL = 2
const LONG = 3
const SAMPLED = 1

/** @param service what Jaeger lists the spans under */
export function jaegerFormat(service: string): BodyFormat {
  return {
    contentType: 'application/x-thrift',
    encode(request) {
      const { resource, spans } = readTraces(request)
      const out = new ThriftWriter()
      out.struct(1, () => {
        out.text(1, service)
        out.structs(
          2,
          resource.filter(({ name }) => name !== 'service.name'),
          one => writeTag(out, one)
        )
      })
      out.structs(2, spans, span => writeSpan(out, span))
      out.stop()
      return out.written()
    }
  }
}

function writeSpan(out: ThriftWriter, span: ReadSpan): void {
  out.long(1, span.traceId.readBigInt64BE(8))
  out.long(2, span.traceId.readBigInt64BE(0))
  out.long(3, span.spanId.readBigInt64BE(0))
  out.long(4, span.parentId?.readBigInt64BE(0) ?? 0n)
  out.text(5, span.name)
  out.int(7, SAMPLED)
  out.long(8, BigInt(span.start))
  out.long(9, BigInt(Math.max(0, span.end - span.start)))
  out.structs(10, [...span.attributes, ...tagsOf(span)], one => writeTag(out, one))
  out.structs(11, span.events, event => writeLog(out, event))
}

/** What Jaeger has no fields for. */
function tagsOf({ kind, failed, message, attributes }: ReadSpan): ReadAttribute[] {
  const tags: ReadAttribute[] = []
  const add = (name: string, value: string | boolean): void => void tags.push({ name, value, isInteger: false })
  const text = KINDS[kind] ?? ''
  if (text !== '') add('span.kind', text)
  // Jaeger marks spans that have the tag `error`
  if (failed && !attributes.some(({ name }) => name === 'error')) add('error', true)
  if (message !== '') add('otel.status_description', message)
  return tags
}

function writeLog(out: ThriftWriter, { at, name, attributes }: ReadEvent): void {
  out.long(1, BigInt(at))
  out.structs(2, [{ name: 'event', value: name, isInteger: false }, ...attributes], one => writeTag(out, one))
}

function writeTag(out: ThriftWriter, { name, value, isInteger }: ReadAttribute): void {
  out.text(1, name)
  if (typeof value === 'boolean') {
    out.int(2, BOOL)
    out.flag(5, value)
  } else if (typeof value === 'number') {
    out.int(2, isInteger ? LONG : DOUBLE)
    if (isInteger) out.long(6, BigInt(value))
    else out.double(4, value)
  } else {
    out.int(2, TEXT)
    out.text(3, typeof value === 'string' ? value : value.join(', '))
  }
}
