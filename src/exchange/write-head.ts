/** How the head of a response is spelled, over HTTP/1 and HTTP/2. */

import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { GatewayError } from '../errors.js'
import { FieldLines } from '../http/field-lines.js'
import { fieldOf, hasBody, lowerName, type RawFields } from '../http/fields.js'
import { toHttp2Fields } from '../http/h2-fields.js'
import { READ_BY_NODE, TextResponse } from './text-response.js'

/**
 * Writes a status line and fields as they are, repeats kept. Those by which a response is delimited may come last: the order of different
 * names has no meaning (RFC 9110 §5.3).
 * @throws TypeError or RangeError of node:http when a field from outside cannot be written; nothing was sent then
 */
export function writeHead(res: ServerResponse, status: number, raw: RawFields): void {
  if (res.req.httpVersionMajor === 1) {
    // RFC 9112 §9.3: an early response to a body that is still coming ends the connection, and says so
    if (!res.req.complete && hasBody(res.req.rawHeaders)) res.shouldKeepAlive = false
    // always given: node:http keeps the phrase of a head that could not be written
    if (res instanceof TextResponse) writeText(res, status, raw)
    else res.writeHead(status, reasonOf(status), opaque(raw) as unknown as [])
  } else res.writeHead(status, toHttp2Fields(raw))
}

const lines = new FieldLines(READ_BY_NODE)
/** The fields of a head that node:http reads, or refuses; used again with each head. */
const read: RawFields = []

function writeText(res: TextResponse, status: number, raw: RawFields): void {
  let text = ''
  res.sendDate = true
  read.length = 0
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    const line = lines.of(name, raw[i + 1]!)
    if (line === undefined) {
      read.push(name, raw[i + 1]!)
      continue
    }
    text += line
    if (name.length === 4 && lowerName(name) === 'date') res.sendDate = false
  }
  res.writeLines(status, reasonOf(status), text, opaque(read))
}

/** Sends a head that was written, before there is any byte of the body. */
export function flushHead(res: ServerResponse): void {
  // not flushHeaders: node:http writes the head as UTF-8 there, and bytes beyond ASCII become two
  if (res.req.httpVersionMajor === 1) res.write('', 'latin1')
  else res.flushHeaders()
}

/** Sends an interim response, unless the head was written; HTTP/1.0 clients know none (RFC 9110 §15.2). */
export function writeInterim(res: ServerResponse, status: number, raw: RawFields): void {
  const { req, socket } = res
  if (res.headersSent || res.destroyed) return
  if (req.httpVersionMajor !== 1) {
    const { stream } = res as unknown as Http2ServerResponse
    if (!stream.closed) stream.additionalHeaders({ ...toHttp2Fields(raw), ':status': status })
  } else if (req.httpVersionMinor >= 1 && socket !== null) {
    let head = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`
    for (let i = 0; i < raw.length; i += 2) head += `${raw[i]}: ${raw[i + 1]}\r\n`
    socket.write(`${head}\r\n`, 'latin1')
  }
}

/** Go's words for a status without a name. */
function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? `status code ${status}`
}

const NOT_ASCII = /[^\x00-\x7f]/

/**
 * Values are bytes that pass as they came (RFC 9110 §5.5). node:http encodes a `Content-Disposition` anew that comes after a
 * `Content-Length`, so the length is moved to the end.
 */
function opaque(raw: RawFields): RawFields {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    if (name.length === 19 && lowerName(name) === 'content-disposition' && NOT_ASCII.test(raw[i + 1]!)) return lengthLast(raw)
  }
  return raw
}

function lengthLast(raw: RawFields): RawFields {
  const out: RawFields = []
  const lengths: RawFields = []
  for (let i = 0; i < raw.length; i += 2) {
    const to = lowerName(raw[i]!) === 'content-length' ? lengths : out
    to.push(raw[i]!, raw[i + 1]!)
  }
  return out.concat(lengths)
}

/** True when a head names neither a type nor a coding, under which the first bytes tell nothing. */
export function isUntyped(raw: RawFields): boolean {
  return fieldOf(raw, 'content-type') === undefined && (fieldOf(raw, 'content-encoding') ?? '') === ''
}

/**
 * Puts the length of a body among the fields.
 * @throws GatewayError where another length stands there: the client would read the next response wrong
 */
export function declareLength(raw: RawFields, bytes: number): void {
  const declared = fieldOf(raw, 'content-length')
  if (declared === undefined) raw.push('Content-Length', String(bytes))
  else if (Number(declared) !== bytes) {
    throw new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { message: `Content-Length ${declared} with ${bytes} bytes of body` })
  }
}

/** Returns the fields but those with a name; `lower` is the name in lower case. */
export function withoutField(raw: RawFields, lower: string): RawFields {
  const out: RawFields = []
  for (let i = 0; i < raw.length; i += 2) if (lowerName(raw[i]!) !== lower) out.push(raw[i]!, raw[i + 1]!)
  return out
}
