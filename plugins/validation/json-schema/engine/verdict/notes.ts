/**
 * Which members and items of a value its schemas have looked at: what `unevaluated…` asks. A region of {@link NOTES} has one entry for
 * each member or item, in the order of the text.
 */

import { closingQuote, FUEL, nextOf, STATE, skipSpace, skipValue, TOP, unsure, valueBehind } from './walk.js'

const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** Members and items of all values that are noted at the same time. */
const MOST_NOTES = 64 * 1024

/** By place: 1 = a schema has looked at it. */
export const NOTES = new Uint8Array(MOST_NOTES)

/** A test that notes: the value at `i`, the region that begins at `s` and has `m` entries. */
type NotingTest = (bytes: Buffer, at: number, s: number, m: number) => number

/** Runs a test with a region of its own. */
export function noted(test: NotingTest, bytes: Buffer, at: number): number {
  return inRegion(test, bytes, at, countOf(bytes, at))
}

/** Runs a test on the same value with a region of its own. When the value fits, its notes are added to the region at `s`. */
export function noteApart(test: NotingTest, bytes: Buffer, at: number, s: number, m: number): number {
  const region = STATE[TOP]!
  const end = inRegion(test, bytes, at, m)
  // what was noted is there until the next region is opened
  if (end !== 0) for (let n = 0; n < m; n++) NOTES[s + n]! |= NOTES[region + n]!
  return end
}

function inRegion(test: NotingTest, bytes: Buffer, at: number, m: number): number {
  const region = STATE[TOP]!
  STATE[FUEL]! -= m
  if (region + m > MOST_NOTES || STATE[FUEL]! < 0) return unsure()
  STATE[TOP] = region + m
  NOTES.fill(0, region, region + m)
  const end = test(bytes, at, region, m)
  STATE[TOP] = region
  return end
}

/** Tests the members, or the items, that have no note, and notes them. Returns the offset behind the value, 0 for one that does not fit. */
export function testUnseen(test: (bytes: Buffer, at: number) => number, bytes: Buffer, at: number, s: number): number {
  let i = skipSpace(bytes, at + 1)
  if (bytes[i] === CLOSE_OBJECT || bytes[i] === CLOSE_ARRAY) return i + 1
  const isObject = bytes[at] === OPEN_OBJECT
  for (let n = s; ; n++) {
    const value = isObject ? valueAt(bytes, i) : i
    const end = NOTES[n] === 1 ? skipValue(bytes, value) : test(bytes, value)
    if (end === 0) return 0
    NOTES[n] = 1
    i = nextOf(bytes, end)
    if (i < 0) return ~i
  }
}

/** Returns how many members or items a value has; 0 for a scalar. */
function countOf(bytes: Buffer, at: number): number {
  if (bytes[at] !== OPEN_OBJECT && bytes[at] !== OPEN_ARRAY) return 0
  let i = skipSpace(bytes, at + 1)
  if (bytes[i] === CLOSE_OBJECT || bytes[i] === CLOSE_ARRAY) return 0
  const isObject = bytes[at] === OPEN_OBJECT
  for (let n = 1; ; n++) {
    i = nextOf(bytes, skipValue(bytes, isObject ? valueAt(bytes, i) : i))
    if (i < 0) return n
  }
}

/** From the first quote of a name to its value. */
const valueAt = (bytes: Buffer, quote: number): number => valueBehind(bytes, closingQuote(bytes, quote + 1))
