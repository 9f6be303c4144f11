/**
 * The one place that writes responses to clients: head, body, trailers, back-pressure, the idle limit, the cut.
 *
 * An exchange implements {@link AnswerWriter}: its fields say how far the response is. The functions here are all that change these
 * fields. They are no class, so that a pass-through exchange can be the upstream call and the writer in one object.
 *
 * Over 300 lines: a rule of HTTP towards clients is mended in one file.
 */

import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { GatewayError } from '../errors.js'
import { fieldOf, HOP_BY_HOP, isLegalField, lowerName, type RawFields } from '../http/fields.js'
import { sniffType } from '../http/sniff-type.js'
import type { Pieces } from '../message/pieces.js'
import type { ServerSpan } from '../telemetry/span.js'
import { type Deadline, deadlines } from '../telemetry/timer-wheel.js'
import { declareLength, flushHead, isUntyped, withoutField, writeHead, writeInterim } from './write-head.js'

/** bytes; most that is sent without a turn of the event loop. */
const MAX_BURST_BYTES = 1024 * 1024
/** ms that the head of a response without a type waits for the first bytes, which tell the type. */
const UNTYPED_MS = 100
/** bytes; the last chunk of a body leaves as text up to this size: from 4 KiB on, making the text costs what it saves. */
const TEXT_BYTES = 2048

const OWNER = Symbol('sluice.answer-writer')
type OwnedResponse = ServerResponse & { [OWNER]?: AnswerWriter }

/** A response on its way to the client. */
export interface AnswerWriter extends Deadline {
  readonly res: OwnedResponse
  /** `performance.now()` when the request line was read; 0 where no report is made. */
  readonly startedAt: number
  /** The span of the exchange; undefined = it is not recorded. */
  readonly span: ServerSpan | undefined
  /** `performance.now()` when the head was written; 0 = not yet. */
  firstByteAt: number
  /** 0 = nothing is decided yet. */
  status: number
  /** Body bytes handed to `res`. */
  bytesOut: number
  /** Body bytes still to come; -1 = unknown. */
  left: number
  /** Body bytes sent since the last drain. */
  burst: number
  /** True when the kernel has taken all that was written: the memory of the last chunk may be used again. */
  spent: boolean
  waitsForDrain: boolean
  /** The head of a response that names no type: written with the first bytes, which tell it. */
  untypedHead: RawFields | undefined
  /** ms the body may stand still on either side; 0 = no limit. */
  idleMs: number
  lastActivity: number
  /** The response is over, whole or cut. */
  done: boolean

  /** Called when `res` has closed: the response is out, or the client has gone. */
  clientClosed(): void
  /** Called when the client has read on: the source of the body goes on. */
  clientDrained(): void
  /** Called when the head cannot be written once the body flows. Nothing was sent. */
  headRefused(cause: unknown): void
}

// --- events of the response -----------------------------------------------------------------------------------------

/** Makes `writer` hear what happens to its response. Without a closure per request. */
export function ownResponse(writer: AnswerWriter): void {
  writer.res[OWNER] = writer
  writer.res.on('close', onClose)
}

function onClose(this: OwnedResponse): void {
  this[OWNER]!.clientClosed()
}

function onDrain(this: OwnedResponse): void {
  const writer = this[OWNER]!
  if (writer.done) return
  writer.burst = 0
  if (writer.idleMs !== 0) writer.lastActivity = deadlines.now()
  writer.clientDrained()
}

// --- the head ---------------------------------------------------------------------------------------------------------

/** Sends an interim response (1xx), unless the final one is decided. */
export function sendInterim(writer: AnswerWriter, status: number, fields: RawFields): void {
  if (writer.status === 0) writeInterim(writer.res, status, fields)
}

/**
 * Sends the head of `writer.status`; the body follows, or nothing. An `untyped` head waits for the first bytes. A status without content
 * ends the response at once: what its upstream sends all the same is dropped.
 * @throws TypeError or RangeError of node:http for fields that cannot be written; nothing was sent then
 */
export function sendHead(writer: AnswerWriter, head: RawFields, untyped: boolean): void {
  if (untyped) {
    writer.untypedHead = head
    return
  }
  const { res, status } = writer
  // RFC 9110 §15.4.5: of what describes a representation a 304 has only what caches ask for
  writeHead(res, status, status === 304 ? withoutField(head, 'content-type') : head)
  const { span } = writer
  if (writer.startedAt !== 0 || span !== undefined) writer.firstByteAt = performance.now()
  if (span !== undefined) span.headSent(head)
  if (writer.idleMs !== 0) writer.lastActivity = deadlines.now()
  if (isBodiless(res, status)) res.end()
}

/** As Go's server: a response without a type gets the one that its first bytes tell. Returns false when the head was refused. */
function sendUntypedHead(writer: AnswerWriter, first: Uint8Array | undefined): boolean {
  const head = writer.untypedHead!
  writer.untypedHead = undefined
  if (first !== undefined) head.push('Content-Type', sniffType(first))
  try {
    sendHead(writer, head, false)
    return true
  } catch (cause) {
    writer.headRefused(cause)
    return false
  }
}

/**
 * Called a tick after the head, when a small body is out as a whole. Sends the head by itself where no byte has come (SSE, slow
 * bodies), and begins to watch the idle limit.
 */
export function watchBody(writer: AnswerWriter): void {
  if (writer.done || writer.res.writableEnded) return
  if (writer.untypedHead !== undefined) setTimeout(flushUntyped, UNTYPED_MS, writer)
  else if (writer.bytesOut === 0) flushHead(writer.res)
  if (writer.idleMs !== 0 && !writer.scheduled) deadlines.schedule(writer, writer.idleMs)
}

/** The first bytes do not come, so nothing tells the type. */
function flushUntyped(writer: AnswerWriter): void {
  if (!writer.done && writer.untypedHead !== undefined && sendUntypedHead(writer, undefined)) flushHead(writer.res)
}

/**
 * True when a response with this status has no content. RFC 9110 §15.3.6 forbids content for 205 as well. Over HTTP/1 a backend's
 * content goes on, as in KrakenD; an HTTP/2 client would find the stream malformed.
 */
export function isBodiless(res: ServerResponse, status: number): boolean {
  return status === 204 || status === 304 || (status === 205 && res.req.httpVersionMajor !== 1)
}

/** True when a response without content may still say how long its content would be (RFC 9110 §8.6). */
export function describesLength(res: ServerResponse, status: number): boolean {
  return status === 304 || (res.req.method === 'HEAD' && !isBodiless(res, status))
}

// --- the body ---------------------------------------------------------------------------------------------------------

/** Sends a response whose body is in memory. @throws as {@link sendHead} and {@link declareLength} */
export function sendWhole(writer: AnswerWriter, raw: RawFields, bytes: Buffer): void {
  if (bytes.length > 0 && isUntyped(raw)) raw.push('Content-Type', sniffType(bytes))
  declareLength(raw, bytes.length)
  sendHead(writer, raw, false)
  writer.bytesOut = bytes.length
  endWith(writer.res, bytes)
  writer.spent = isTaken(writer.res)
}

/** True for a net.Socket: once `writableLength` is 0 the kernel owns the bytes. */
function isTaken({ req, socket }: ServerResponse): boolean {
  return req.httpVersionMajor === 1 && socket instanceof Socket && socket.writableLength === 0
}

/** As {@link sendWhole} for a body in pieces: the socket takes them together with the head, in one write. @throws as sendWhole */
export function sendPieces(writer: AnswerWriter, raw: RawFields, pieces: Pieces): void {
  const { res } = writer
  const socket = res.req.httpVersionMajor === 1 ? res.socket : null
  if (!(socket instanceof Socket) || isUntyped(raw)) return sendWhole(writer, raw, pieces.join())
  declareLength(raw, pieces.length)
  sendHead(writer, raw, false)
  writer.bytesOut = pieces.length
  socket.cork()
  for (const piece of pieces.list) res.write(piece, 'latin1')
  socket.uncork()
  res.end()
  writer.spent = isTaken(res)
}

/**
 * Sends a chunk of the body, and the end with the last one. Returns false when the source should wait for {@link
 * AnswerWriter.clientDrained}; `writer.spent` says whether the chunk's memory is free again.
 *
 * True for a net.Socket: once `writableLength` is 0 the kernel owns the bytes. node:http holds writes back until the next tick.
 * Sent at once, mostly nothing is left to wait for: 1 MiB takes about 20 writes instead of 33 (bench/chain, 1m).
 */
export function sendChunk(writer: AnswerWriter, chunk: Uint8Array): boolean {
  const { res } = writer
  writer.spent = false
  if (res.writableEnded) return true // a status without content
  if (writer.untypedHead !== undefined && !sendUntypedHead(writer, chunk)) return true
  writer.bytesOut += chunk.length
  if (writer.left >= 0) writer.left -= chunk.length
  let more = true
  if (writer.left === 0) endWith(res, chunk)
  else {
    if (writer.idleMs !== 0) writer.lastActivity = deadlines.now()
    more = res.write(chunk)
  }
  const { socket } = res
  if (res.req.httpVersionMajor !== 1 || !(socket instanceof Socket)) return more || waitForDrain(writer)
  // small chunks of unknown length come together, and none of their memory can be used again
  if (more && writer.left < 0) return true
  socket.uncork()
  writer.spent = socket.writableLength === 0
  if (more) return true
  writer.burst += chunk.length
  // limited, so that no source in memory runs on without a turn of the event loop
  return (writer.spent && writer.burst < MAX_BURST_BYTES) || waitForDrain(writer)
}

function waitForDrain(writer: AnswerWriter): false {
  if (!writer.waitsForDrain) {
    writer.waitsForDrain = true
    writer.res.on('drain', onDrain)
  }
  return false
}

/**
 * Sends the last bytes of a body whose length the head declares, and ends the response.
 *
 * `res.end(bytes)` makes the socket write three pieces together: head, bytes and an empty text. Bytes that were made text are
 * joined with the head, and the socket takes one text. A server that only sends 400 bytes needs 0.88 of the CPU (bench/peers, merge
 * and pass-150).
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

/** Of a body without a trailer section. */
export const NO_TRAILERS: readonly string[] = []

/** Ends a response whose body is whole. Returns false when the head was refused on the way. */
export function endBody(writer: AnswerWriter, trailers: readonly string[]): boolean {
  const { res } = writer
  if (writer.untypedHead !== undefined && !sendUntypedHead(writer, undefined)) return false
  if (res.writableEnded) return true
  if (trailers.length > 0) addTrailers(res, trailers)
  res.end()
  return true
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

/** Adds a trailer section for clients that can take it: HTTP/1 ones must have said so. Illegal fields are dropped. */
function addTrailers(res: ServerResponse, trailers: readonly string[]): void {
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

/** As an object, repeats in one list (RFC 9110 §5.3): node:http2 sends some fields once only. */
function joined(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const out: Record<string, string> = Object.create(null)
  for (const [name, value] of pairs) {
    const lower = lowerName(name)
    out[lower] = out[lower] === undefined ? value : `${out[lower]}, ${value}`
  }
  return out
}

// --- what ends a body early -------------------------------------------------------------------------------------------

/**
 * Called when the deadline of a flowing body fires. Returns the failure when neither side has moved for the idle limit; else looks
 * again when the limit could be reached.
 */
export function idleFailure(writer: AnswerWriter): GatewayError | undefined {
  const { idleMs, res } = writer
  const idle = deadlines.now() - writer.lastActivity
  if (idle < idleMs) {
    deadlines.schedule(writer, idleMs - idle)
    return undefined
  }
  return new GatewayError('SLUICE_ERR_UPSTREAM_TIMEOUT_IDLE', {
    message: res.writableNeedDrain ? 'the client stopped reading' : 'the upstream stopped sending',
    limit: `idle timeout=${idleMs}ms`
  })
}

/**
 * Ends a response whose head was sent and whose body will not be whole. The connection, or the HTTP/2 stream with an error code, ends
 * before the body does: nothing else would tell the client. Does nothing for a response that has all its bytes.
 */
export function cutAnswer(res: ServerResponse): void {
  if (!res.writableEnded) res.destroy()
}
