import { Buffer } from 'node:buffer'
import diagnostics from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { type FieldsOfHead, shortened } from './known-lines.js'

/** Most bytes of a head that are held until the rest of it comes. */
const MAX_HELD = 16 * 1024
/** The head goes on in the next chunk. */
const MORE = -1
/** Not a head that the HTTP client accepts: the client reports what is wrong. */
const BROKEN = -2

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const COLON = 0x3a
const LOWER_C = 0x63
const VERSION = Buffer.from('HTTP/1.')
/** `HTTP/1.1 200` */
const STATUS_END = 12
const LENGTH_NAME = 'content-length'

/** Tools that watch undici see heads as they came. */
const arrived = diagnostics.channel('undici:request:headers')

/** What is known of the response that a connection reads. */
export interface HeadWatch {
  /** False while a body flows: then bytes are not looked at. */
  readonly awaitsHead: boolean
  /** The head may be {@link shortened}: undici has seen no byte of it. */
  mayShorten: boolean
  /** The fields of a head that was shortened; undefined = it was not. */
  fields: FieldsOfHead | undefined
}

/**
 * Takes out of a socket's bytes what undici refuses although a response is sound. That is `100 Continue`, of which a client must
 * be able to parse any number (RFC 9110 §15.2). It is also a `Content-Length` that repeats the one before it (RFC 9110 §8.6).
 * Lines that are known are taken out, too.
 */
export function tidyAnswerHeads(socket: Socket, watch: HeadWatch): void {
  const read = socket.read
  let held: Buffer | undefined

  /** Returns what undici may see of `chunk`; keeps a head that is not whole. */
  function tidy(chunk: Buffer): Buffer {
    let out = chunk
    let at = 0
    while (at < out.length) {
      const end = endOfHead(out, at)
      if (end === BROKEN) return whole(out)
      if (end === MORE) {
        if (out.length - at > MAX_HELD) return whole(out)
        held = out.subarray(at)
        return out.subarray(0, at)
      }
      if (isStatus(out, at, 100)) out = without(out, at, end)
      else if (repeatAt >= 0) out = without(out, repeatAt, repeatEnd)
      else if (out[at + 9] !== 0x31 || isStatus(out, at, 101)) return out
      else at = end
    }
    return out
  }

  /** From here to the end of the response nothing is shortened: `bytes` may end within the head. */
  function whole(bytes: Buffer): Buffer {
    watch.mayShorten = false
    return bytes
  }

  socket.read = function (size?: number): Buffer | null {
    for (;;) {
      let chunk = read.call(this, size) as Buffer | null
      if (chunk === null || !watch.awaitsHead) return chunk
      if (held !== undefined) {
        chunk = Buffer.concat([held, chunk])
        held = undefined
      }
      if (watch.mayShorten && !arrived.hasSubscribers) {
        const fields: FieldsOfHead = []
        const short = shortened(chunk, fields)
        if (short !== undefined) {
          watch.mayShorten = false
          watch.fields = fields
          return short
        }
      }
      const rest = tidy(chunk)
      if (rest.length > 0) return rest
    }
  }
}

/** Where {@link endOfHead} saw a line that repeats the length; -1 = nowhere. */
let repeatAt = -1
let repeatEnd = -1

/** Returns the index behind the head that begins at `from`, {@link MORE} or {@link BROKEN}. Per response. */
function endOfHead(bytes: Buffer, from: number): number {
  repeatAt = -1
  if (!mayStartHead(bytes, from)) return BROKEN
  const { length } = bytes
  let lengthLine = -1
  let line = from
  for (let i = from; i < length; i++) {
    if (bytes[i] !== LF) continue
    if (bytes[i - 1] !== CR) return BROKEN
    if (i === line + 1) return i + 1
    if ((bytes[line]! | 0x20) === LOWER_C && bytes[line + LENGTH_NAME.length] === COLON) {
      if (lengthLine < 0) lengthLine = line
      else if (repeatAt < 0 && lengthOf(bytes, line) !== '' && lengthOf(bytes, line) === lengthOf(bytes, lengthLine)) {
        repeatAt = line
        repeatEnd = i + 1
      }
    }
    line = i + 1
  }
  return MORE
}

/** True unless the bytes that are there already show that no status line begins here (RFC 9112 §4). */
function mayStartHead(bytes: Buffer, from: number): boolean {
  for (let i = 0; i < VERSION.length && from + i < bytes.length; i++) if (bytes[from + i] !== VERSION[i]) return false
  const behind = bytes[from + STATUS_END]
  return behind === undefined || behind === SPACE || behind === CR
}

/** The value of a `Content-Length` line; '' for other lines. */
function lengthOf(bytes: Buffer, line: number): string {
  const value = line + LENGTH_NAME.length + 1
  if (bytes.toString('latin1', line, value - 1).toLowerCase() !== LENGTH_NAME) return ''
  return bytes.toString('latin1', value, bytes.indexOf(LF, value)).trim()
}

function isStatus(bytes: Buffer, head: number, status: 100 | 101): boolean {
  return bytes[head + 9] === 0x31 && bytes[head + 10] === 0x30 && bytes[head + 11] === (status === 100 ? 0x30 : 0x31)
}

function without(bytes: Buffer, from: number, to: number): Buffer {
  if (from === 0) return bytes.subarray(to)
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
}
