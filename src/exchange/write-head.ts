import { Buffer } from 'node:buffer'
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { Socket } from 'node:net'
import { fieldOf, HOP_BY_HOP, hasBody, isLegalField, lowerName, type RawFields } from '../http/fields.js'
import { toHttp2Fields } from '../http/h2-fields.js'

/**
 * Writes a status line and fields as they are, repeats and order kept.
 * @throws TypeError or RangeError of node:http when a field from outside cannot be written; nothing was sent then
 */
export function writeHead(res: ServerResponse, status: number, raw: RawFields): void {
  if (res.req.httpVersionMajor === 1) {
    // RFC 9112 §9.3: an early answer to a body that is still coming ends the connection, and says so
    if (!res.req.complete && hasBody(res.req.rawHeaders)) res.shouldKeepAlive = false
    // always given: node:http keeps the phrase of a head that could not be written
    res.writeHead(status, reasonOf(status), opaque(raw) as unknown as [])
  } else res.writeHead(status, toHttp2Fields(raw))
}

/** The head of an answer without a type waits so long for the first bytes, which tell it, ms. */
export const UNTYPED_MS = 100

/** Sends a head that was written, before there is any byte of the body. */
export function flushHead(res: ServerResponse): void {
  // not flushHeaders: node:http writes the head as UTF-8 there, and bytes beyond ASCII become two
  if (res.req.httpVersionMajor === 1) res.write('', 'latin1')
  else res.flushHeaders()
}

/** The last bytes of a body leave as text up to this size: from 4 KiB on, making the text costs what it saves. */
const TEXT_BYTES = 2048

/**
 * Sends the last bytes of a body whose length the head declares, and ends the response.
 *
 * `res.end(bytes)` makes the socket write three pieces together: head, bytes and an empty text. Bytes that were made text are joined with the
 * head, and the socket takes one text: a server that only answers 400 bytes needs 0.88 of the CPU (bench/peers, merge and pass-150).
 */
export function endWith(res: ServerResponse, bytes: Uint8Array): void {
  const socket = res.req.httpVersionMajor === 1 ? res.socket : null
  if (bytes.length > TEXT_BYTES || bytes.length === 0 || !Buffer.isBuffer(bytes) || !(socket instanceof Socket)) {
    res.end(bytes)
    return
  }
  socket.cork() // else node:http holds the write back until the next tick
  res.write(bytes.toString('latin1'), 'latin1')
  socket.uncork()
  res.end()
}

/** Sends an interim answer, unless the head was written; HTTP/1.0 clients know none (RFC 9110 §15.2). */
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
 * Values are bytes that pass as they came (RFC 9110 §5.5). node:http encodes `Content-Disposition` anew when it comes after a
 * `Content-Length`, so the length is moved to the end then; the order of different names has no meaning (RFC 9110 §5.3).
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

/**
 * True when a response with this status has no content. RFC 9110 §15.3.6 forbids it for 205 as well; over HTTP/1 a backend's
 * goes on, as in KrakenD, while an HTTP/2 client would find the stream malformed.
 */
export function isBodiless(res: ServerResponse, status: number): boolean {
  return status === 204 || status === 304 || (status === 205 && res.req.httpVersionMajor !== 1)
}

/**
 * Ends an answer whose head was sent and whose body will not be whole. Only one thing is honest then: the connection, or the
 * stream with an error code, ends before the body does. Does nothing for an answer that is out.
 */
export function cutAnswer(res: ServerResponse): void {
  if (!res.writableFinished) res.destroy()
}

/** Fields that may not stand in a trailer section (RFC 9110 §6.5.1), besides the hop-by-hop ones. */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'content-length',
  'host',
  'content-encoding',
  'content-type',
  'set-cookie',
  'authorization'
])

/** Sends a trailer section to clients that can take it: HTTP/1 ones must have said so. Illegal fields are dropped. */
export function addTrailers(res: ServerResponse, trailers: readonly string[]): void {
  const { httpVersionMajor, rawHeaders } = res.req
  if (httpVersionMajor === 1 && !/(^|[,\s])trailers\b/i.test(fieldOf(rawHeaders, 'te') ?? '')) return
  const pairs: [string, string][] = []
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i]!
    const value = trailers[i + 1]!
    if (!NOT_IN_TRAILERS.has(lowerName(name)) && isLegalField(name, value)) pairs.push([name, value])
  }
  if (httpVersionMajor === 1) res.addTrailers(pairs)
  else res.addTrailers(joined(pairs))
}

/** As an object, repeats in one list (RFC 9110 §5.3): node sends some fields of HTTP/2 once only. */
function joined(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const out: Record<string, string> = Object.create(null)
  for (const [name, value] of pairs) {
    const lower = lowerName(name)
    out[lower] = out[lower] === undefined ? value : `${out[lower]}, ${value}`
  }
  return out
}
