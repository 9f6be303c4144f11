/**
 * What a client gets of a stored response with status 200 (RFC 9110 §13, §14): nothing that it has already, a range, or all of it.
 * For pass-through endpoints; a decoded one needs the whole response.
 */

import { parseByteRange } from '../../_shared/byte-range.js'
import { fieldValue } from './fields.js'
import { parseHttpDate } from './http-date.js'
import type { StoredAnswer } from './store.js'

/** Fields of a request by lower-cased name. */
type RequestFields = Readonly<Record<string, string>>

/** A response's status, what its fields change to, and its body. */
export interface Selected {
  readonly status: number
  readonly fields: string[]
  readonly body: Buffer | undefined
}

/** Selects; undefined = the response as it is stored. */
export function select(request: RequestFields, method: string, answer: StoredAnswer, now: number): Selected | undefined {
  if (answer.status !== 200) return undefined
  if (isKnown(request, answer, now)) return { status: 304, fields: withoutContent(answer.fields), body: undefined }
  const { range } = request
  if (range === undefined || method !== 'GET' || !rangeHolds(request, answer, now)) return undefined
  return cut(range, answer)
}

/** RFC 9110 §13.2.2: `If-Modified-Since` counts only without `If-None-Match`. */
function isKnown(request: RequestFields, answer: StoredAnswer, now: number): boolean {
  const tags = request['if-none-match']
  if (tags !== undefined) {
    const own = fieldValue(answer.fields, 'etag')
    if (tags.trim() === '*') return true
    return own !== undefined && tagsOf(tags).some(tag => weak(tag) === weak(own))
  }
  const since = parseHttpDate(request['if-modified-since'], now)
  if (since === undefined) return false
  // RFC 9111 §4.3.2: without Last-Modified the date of the response stands for it
  const { fields } = answer
  const modified = parseHttpDate(fieldValue(fields, 'last-modified') ?? fieldValue(fields, 'date'), now) ?? answer.storedAt
  return modified <= since
}

const tagsOf = (text: string): string[] => text.match(/(?:W\/)?"[^"]*"/g) ?? []
const weak = (tag: string): string => (tag.startsWith('W/') ? tag.slice(2) : tag)

/** RFC 9110 §13.1.5: strong comparison. */
function rangeHolds(request: RequestFields, answer: StoredAnswer, now: number): boolean {
  const wanted = request['if-range']
  if (wanted === undefined) return true
  if (wanted.startsWith('"')) return wanted === fieldValue(answer.fields, 'etag')
  const date = parseHttpDate(wanted, now)
  return date !== undefined && wanted === fieldValue(answer.fields, 'last-modified')
}

/** One range of bytes; several ones, and unknown units, are answered with all of it (RFC 9110 §14.2). */
function cut(text: string, answer: StoredAnswer): Selected | undefined {
  const { body, fields } = answer
  if (/^none$/i.test(fieldValue(fields, 'accept-ranges') ?? '')) return undefined
  const range = parseByteRange(text, body.length)
  if (range === undefined) return undefined
  if (range === 'none') {
    return { status: 416, fields: [...withoutContent(fields), 'Content-Range', `bytes */${body.length}`], body: Buffer.alloc(0) }
  }
  const { from, to } = range
  const kept = without(fields, name => name === 'content-length')
  return {
    status: 206,
    fields: [...kept, 'Content-Range', `bytes ${from}-${to}/${body.length}`],
    body: body.subarray(from, to + 1)
  }
}

/** A 304 describes no content (RFC 9110 §15.4.5). */
function withoutContent(fields: readonly string[]): string[] {
  return without(fields, name => name.startsWith('content-') && name !== 'content-location' && name !== 'content-security-policy')
}

function without(fields: readonly string[], drops: (lower: string) => boolean): string[] {
  const kept: string[] = []
  for (let i = 0; i < fields.length; i += 2) if (!drops(fields[i]!.toLowerCase())) kept.push(fields[i]!, fields[i + 1]!)
  return kept
}
