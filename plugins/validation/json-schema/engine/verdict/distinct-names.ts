/**
 * Whether no object in a JSON value has a name twice. Of two members of one name JSON.parse keeps the last, and tests look at each: only
 * without such names a value that does not pass a test surely does not fit.
 */

import { closingQuote, nextOf, pays, skipScalar, skipSpace, valueBehind } from './walk.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** Most names of an object that are compared each with each. */
const MOST_COMPARED = 16

/** Hashes of the names of an open object; undefined for an open array. */
type Names = number[] | undefined

/** False also where too much was looked at, or a name has an escape. */
export function hasDistinctNames(bytes: Buffer, from: number): boolean {
  const open: Names[] = []
  let i = from
  while (i >= 0) {
    const c = bytes[i]!
    if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      const names: Names = c === OPEN_OBJECT ? [] : undefined
      i = skipSpace(bytes, i + 1)
      if (bytes[i] !== CLOSE_OBJECT && bytes[i] !== CLOSE_ARRAY) {
        open.push(names)
        if (names !== undefined) i = addName(bytes, i, names)
        continue
      }
      i++
    } else i = c === QUOTE ? closingQuote(bytes, i + 1) + 1 : skipScalar(bytes, i)
    i = nextIn(bytes, i, open)
    if (open.length === 0) return i >= 0 && pays(Math.ceil((i - from) / 4))
  }
  return false
}

/** From behind a value to the next one, behind the whole when all is closed; -1 for a name that stands twice, or has an escape. */
function nextIn(bytes: Buffer, from: number, open: Names[]): number {
  let i = from
  while (open.length > 0) {
    i = nextOf(bytes, i)
    const names = open.at(-1)
    if (i >= 0) return names === undefined ? i : addName(bytes, i, names)
    i = ~i
    open.pop()
    if (!areDistinct(names)) {
      open.length = 0
      return -1
    }
  }
  return i
}

/** Adds the hash of a name; returns where its value begins, -1 for a name with an escape. */
function addName(bytes: Buffer, quote: number, names: number[]): number {
  let hash = 0
  let i = quote + 1
  for (; bytes[i] !== QUOTE; i++) {
    if (bytes[i] === BACKSLASH) return -1
    hash = (Math.imul(hash, 31) + bytes[i]!) | 0
  }
  names.push(hash)
  return valueBehind(bytes, i)
}

function areDistinct(names: Names): boolean {
  if (names === undefined) return true
  if (names.length > MOST_COMPARED) return new Set(names).size === names.length
  for (let i = 1; i < names.length; i++) if (names.indexOf(names[i]!) !== i) return false
  return true
}
