/**
 * Heads of responses, shortened for undici. It makes two views and calls out of WebAssembly twice for each field, and an upstream sends mostly
 * the same lines with each response. Lines that came before are taken out of a head; undici parses the status line and the other fields,
 * among them all that delimit the response. The fields of the lines taken out join undici's again. A head with anything unusual
 * stays as it is. Memory is bounded by {@link SLOTS} and {@link LONGEST}.
 */

import { Buffer } from 'node:buffer'
import { isFieldName, isFieldValue } from '../http/fields.js'

/** Lines that are remembered, a power of two. */
const SLOTS = 512
/** Longest line that is remembered, bytes. */
const LONGEST = 256
/** A line that is in the way of others gives up its place after so many of them, a power of two: lines that never come twice stay out. */
const PATIENCE = 16
/** `HTTP/1.1 200` */
const STATUS_END = 12
const VERSION = Buffer.from('HTTP/1.1 ')

const HT = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const COLON = 0x3a

/** Fields by which undici delimits a response or decides about the connection. */
const READ_BY_UNDICI: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade'
])
/** What only its receiver may keep. */
const SECRET: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'set-cookie', 'set-cookie2'])

/** No slot. */
const NONE = SLOTS

class KnownLine {
  /** `Name: value` and its end. */
  readonly bytes: Buffer
  /** Views of {@link bytes}, as undici gives them. */
  readonly name: Buffer
  readonly value: Buffer
  readonly slot: number
  /** Slot of the line that came behind this one the last time; {@link NONE} = none that is known. */
  next = NONE
  /** Slot of the known line that came behind those which were not, behind this one. */
  later = NONE

  constructor(bytes: Buffer, colon: number, slot: number) {
    this.slot = slot
    this.bytes = bytes
    this.name = bytes.subarray(0, colon)
    this.value = bytes.subarray(colon + 2, bytes.length - 2)
  }
}

/** By slot; a slot more that stays empty. */
const known: (KnownLine | undefined)[] = new Array(SLOTS + 1).fill(undefined)
/** Lines that were looked for in each place and are not known. */
const misses = new Uint8Array(SLOTS)
/** Stands before the first line of each head. */
const start = new KnownLine(Buffer.from(': \r\n'), 0, NONE)

/** Where the lines lie that undici parses: begin and end of each. Used again with each head. */
const others: number[] = []

/** All fields of a head that was shortened, name and value alternating; undefined for those that undici parses. */
export type FieldsOfHead = (Buffer | undefined)[]

/**
 * Takes the lines that are known out of the head at the beginning of `chunk`, in place, and puts their fields into `fields`. Returns what undici
 * may parse instead of `chunk`; undefined when nothing was taken out. Per response.
 */
export function shortened(chunk: Buffer, fields: FieldsOfHead): Buffer | undefined {
  const statusEnd = endOfStatus(chunk)
  if (statusEnd < 0) return undefined
  const { length } = chunk
  let last = start
  let count = 0
  let taken = 0
  let lengths = 0
  let expected = start.next
  let at = statusEnd
  for (;;) {
    const first = chunk[at]
    if (first === CR) break
    // a line that goes on with the value of the one before it is undici's to judge
    if (first === SPACE || first === HT || first === undefined) return undefined
    let line = known[expected]
    let end: number
    if (line !== undefined && isAt(line.bytes, chunk, at)) end = at + line.bytes.length
    else {
      end = endOfLine(chunk, at)
      if (end < 0) return undefined
      const isLengthLine = isLength(chunk, at)
      line = isLengthLine ? undefined : lookUp(chunk, at, end)
      if (line === undefined) {
        if (isLengthLine && ++lengths > 1) return undefined
        if (expected === last.next) last.next = NONE
        others[count++] = at
        others[count++] = end
        fields.push(undefined, undefined)
        expected = last.later
        at = end
        continue
      }
      if (count > 0 && others[count - 1] === at) last.later = line.slot
      else last.next = line.slot
    }
    fields.push(line.name, line.value)
    taken++
    last = line
    expected = line.next === NONE ? line.later : line.next
    at = end
  }
  if (taken === 0 || at + 2 > length || chunk[at + 1] !== LF) return undefined
  while (count > 0) {
    const end = others[--count]!
    at = moveUp(chunk, others[--count]!, end, at)
  }
  return chunk.subarray(moveUp(chunk, 0, statusEnd, at))
}

/** Returns the end of a status line of HTTP/1.1 with a final status; -1 = there is none. */
function endOfStatus(chunk: Buffer): number {
  for (let i = 0; i < VERSION.length; i++) if (chunk[i] !== VERSION[i]) return -1
  const hundreds = chunk[VERSION.length]!
  if (hundreds < 0x32 || hundreds > 0x39) return -1
  const behind = chunk[STATUS_END]
  if (behind !== SPACE && behind !== CR) return -1
  return endOfLine(chunk, STATUS_END)
}

/** Returns the index behind the line that goes on at `from`; -1 = its end has not come, or is none. */
function endOfLine(chunk: Buffer, from: number): number {
  const { length } = chunk
  for (let i = from; i < length; i++) if (chunk[i] === LF) return chunk[i - 1] === CR ? i + 1 : -1
  return -1
}

function isAt(line: Buffer, chunk: Buffer, at: number): boolean {
  const { length } = line
  if (at + length > chunk.length) return false
  for (let i = 0; i < length; i++) if (line[i] !== chunk[at + i]) return false
  return true
}

/** Returns the line between `from` and `to` when it came before, else remembers it where it may be known. */
function lookUp(chunk: Buffer, from: number, to: number): KnownLine | undefined {
  const length = to - from
  if (length > LONGEST) return undefined
  const slot =
    (length * 37 + chunk[from]! * 11 + chunk[from + (length >> 1)]! * 5 + chunk[to - 4]! * 3 + chunk[to - 3]!) & (SLOTS - 1)
  const line = known[slot]
  if (line !== undefined && line.bytes.length === length && isAt(line.bytes, chunk, from)) return line
  if ((misses[slot]!++ & (PATIENCE - 1)) !== 0) return undefined
  const text = chunk.toString('latin1', from, to - 2)
  const colon = text.indexOf(': ')
  if (colon > 0 && mayBeKnown(text.slice(0, colon), text.slice(colon + 2)))
    known[slot] = new KnownLine(Buffer.from(`${text}\r\n`, 'latin1'), colon, slot)
  return undefined
}

/** True for what undici parses as just this field, and neither it nor its parser acts on. */
function mayBeKnown(name: string, value: string): boolean {
  const lower = name.toLowerCase()
  if (READ_BY_UNDICI.has(lower)) return lower === 'connection' && value.toLowerCase() === 'keep-alive' // as HTTP/1.1 is without it
  return !SECRET.has(lower) && isFieldName(name) && isFieldValue(value) && value !== '' && value.trim() === value
}

const LENGTH_NAME = 'content-length'

function isLength(chunk: Buffer, at: number): boolean {
  if (chunk[at + LENGTH_NAME.length] !== COLON) return false
  for (let i = 0; i < LENGTH_NAME.length; i++) if ((chunk[at + i]! | 0x20) !== LENGTH_NAME.charCodeAt(i)) return false
  return true
}

/** Moves the bytes between `from` and `to` up, so that they end at `end`; returns where they begin then. */
function moveUp(chunk: Buffer, from: number, to: number, end: number): number {
  const by = end - to
  if (by > 0) for (let i = to - 1; i >= from; i--) chunk[i + by] = chunk[i]!
  return from + by
}
