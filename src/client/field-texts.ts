/**
 * Texts of the fields of responses. An upstream sends the same names, and mostly the same values, with each response, so the texts of those
 * seen before are used again. That spares a string, a call into C++ and a look-up for each: newer versions of Node.js enter every
 * string that a Map is asked for into a table of their own. In: undici's buffers. Memory is bounded by {@link SLOTS} and {@link LONGEST}.
 */

import type { Buffer } from 'node:buffer'
import { HOP_BY_HOP, lowerName } from '../http/fields.js'

/** Texts that are remembered of each sort, a power of two. */
const SLOTS = 512
/** Longest text that is remembered, bytes. */
const LONGEST = 48
/** A text that is in the way of others gives up its place after so many of them, a power of two: values that never come twice stay out. */
const PATIENCE = 16

/** A name with what is asked about it. */
export class FieldName {
  /** As the upstream spells it. */
  readonly text: string
  readonly lower: string
  readonly isHopByHop: boolean
  /** Other names that were looked for in this place. */
  misses = 0

  constructor(text: string) {
    this.text = text
    this.lower = lowerName(text)
    this.isHopByHop = HOP_BY_HOP.has(this.lower)
  }
}

class FieldValue {
  text = ''
  misses = 0
}

const names: FieldName[] = Array.from({ length: SLOTS }, () => new FieldName(''))
const values: FieldValue[] = Array.from({ length: SLOTS }, () => new FieldValue())

/** Returns the name that undici's buffer spells (latin1: bytes stay bytes). */
export function fieldName(bytes: Buffer): FieldName {
  const { length } = bytes
  if (length > LONGEST) return new FieldName(bytes.toString('latin1'))
  const slot = slotOf(bytes, length)
  const known = names[slot]!
  if (isText(known.text, bytes, length)) return known
  const name = new FieldName(bytes.toString('latin1'))
  if (known.text === '' || (++known.misses & (PATIENCE - 1)) === 0) names[slot] = name
  return name
}

/** Returns the value that undici's buffer holds, as {@link fieldName} does. */
export function fieldValue(bytes: Buffer): string {
  const { length } = bytes
  if (length > LONGEST) return bytes.toString('latin1')
  const known = values[slotOf(bytes, length)]!
  if (isText(known.text, bytes, length)) return known.text
  const text = bytes.toString('latin1')
  if (known.text === '' || (++known.misses & (PATIENCE - 1)) === 0) known.text = text
  return text
}

/** The place of a text: its length and four of its bytes tell those apart that stand in one head. */
function slotOf(bytes: Buffer, length: number): number {
  if (length === 0) return 0
  return (length * 37 + bytes[0]! * 11 + bytes[length >> 1]! * 5 + bytes[length >> 2]! * 3 + bytes[length - 1]!) & (SLOTS - 1)
}

function isText(text: string, bytes: Buffer, length: number): boolean {
  if (text.length !== length) return false
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[i]) return false
  return true
}
