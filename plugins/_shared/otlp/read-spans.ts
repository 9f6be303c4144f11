/** Reads spans back out of an export request, for senders that speak another protocol than OTLP. */

import type { Buffer } from 'node:buffer'
import { bytesField, intField, type ProtoField, readFields } from './proto-reader.js'

export interface ReadAttribute {
  readonly name: string
  readonly value: string | number | boolean | readonly string[]
  /** A number that is written as a whole one. */
  readonly isInteger: boolean
}

export interface ReadEvent {
  readonly name: string
  /** µs since 1970. */
  readonly at: number
  readonly attributes: readonly ReadAttribute[]
}

export interface ReadSpan {
  /** 16 bytes. */
  readonly traceId: Buffer
  /** 8 bytes. */
  readonly spanId: Buffer
  /** 8 bytes; undefined = it has none. */
  readonly parentId: Buffer | undefined
  readonly name: string
  /** 1 = internal, 2 = server, 3 = client. */
  readonly kind: number
  /** µs since 1970. */
  readonly start: number
  /** µs since 1970. */
  readonly end: number
  readonly attributes: readonly ReadAttribute[]
  readonly events: readonly ReadEvent[]
  readonly failed: boolean
  /** Of the failure; '' = none. */
  readonly message: string
}

export interface ReadTraces {
  /** Who sends. */
  readonly resource: readonly ReadAttribute[]
  readonly spans: readonly ReadSpan[]
}

const FAILED = 2
const MICRO = 1000n

/** Reads a request as `batcher.ts` makes it: one resource, one scope. */
export function readTraces(request: Buffer): ReadTraces {
  const ofResource = fieldsIn(readFields(request), 1)
  return {
    resource: attributesIn(fieldsIn(ofResource, 1), 1),
    spans: messagesIn(fieldsIn(ofResource, 2), 2).map(spanOf)
  }
}

function spanOf(bytes: Buffer): ReadSpan {
  const fields = readFields(bytes)
  const status = fieldsIn(fields, 15)
  return {
    traceId: bytesField(fields, 1)!,
    spanId: bytesField(fields, 2)!,
    parentId: bytesField(fields, 4),
    name: textField(fields, 5),
    kind: intField(fields, 6),
    start: microsField(fields, 7),
    end: microsField(fields, 8),
    attributes: attributesIn(fields, 9),
    events: messagesIn(fields, 11).map(eventOf),
    failed: intField(status, 3) === FAILED,
    message: textField(status, 2)
  }
}

function eventOf(bytes: Buffer): ReadEvent {
  const fields = readFields(bytes)
  return { at: microsField(fields, 1), name: textField(fields, 2), attributes: attributesIn(fields, 3) }
}

function attributesIn(fields: readonly ProtoField[], number: number): ReadAttribute[] {
  return messagesIn(fields, number).map(bytes => {
    const pair = readFields(bytes)
    const [kind, value] = fieldsIn(pair, 2)[0] ?? [1, '']
    return { name: textField(pair, 1), value: anyValue(kind, value), isInteger: kind === 3 }
  })
}

/** `AnyValue`: the number of the field says which type it has. */
function anyValue(kind: number, value: string | number | Buffer): ReadAttribute['value'] {
  if (typeof value === 'number') return kind === 2 ? value !== 0 : value
  if (typeof value === 'string') return value
  if (kind === 4) return value.readDoubleLE()
  if (kind === 5) return messagesIn(readFields(value), 1).map(one => textField(readFields(one), 1))
  return value.toString()
}

function messagesIn(fields: readonly ProtoField[], number: number): Buffer[] {
  return fields.flatMap(([one, value]) => (one === number && typeof value !== 'number' ? [value] : []))
}

function fieldsIn(fields: readonly ProtoField[], number: number): ProtoField[] {
  const bytes = bytesField(fields, number)
  return bytes === undefined ? [] : readFields(bytes)
}

const textField = (fields: readonly ProtoField[], number: number): string => bytesField(fields, number)?.toString() ?? ''

function microsField(fields: readonly ProtoField[], number: number): number {
  return Number((bytesField(fields, number)?.readBigUInt64LE() ?? 0n) / MICRO)
}
