/** Looks for one key of a closed object, whose other fields are stepped over. */

import { RawNode } from './node.js'
import { skipString, skipValue } from './scan.js'
import { skipSpace } from './validate.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const PLAIN = /^[^\\\x80-\uffff]*$/

/** What {@link findField} returns where only the opened object can tell. */
export const UNSURE = Symbol('open it')

/** Finds the value of a key in a closed object without opening it; of duplicate keys the last. */
export function findField(raw: RawNode, key: string): RawNode | undefined | typeof UNSURE {
  const { bytes, fields } = raw
  if (bytes === undefined || !PLAIN.test(key)) return UNSURE
  if (fields === undefined) return findByScan(raw, bytes, key)
  const place = placeIn(fields, bytes, key)
  return typeof place === 'number' ? new RawNode(undefined, bytes, fields[place + 1]!, fields[place + 2]!) : place
}

/** Whether `key` stands at a quote, spelled without any escape and in ASCII alone. */
export function isSpelledAt(bytes: Buffer, quote: number, key: string): boolean {
  const at = quote + 1
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i)
    if (c !== bytes[at + i] || c === BACKSLASH || c >= 0x80) return false
  }
  return bytes[at + key.length] === QUOTE
}

/** Returns the last place of a key among the noted fields of a closed object, undefined when it is not among them. */
export function placeIn(index: readonly number[], bytes: Buffer, key: string): number | undefined | typeof UNSURE {
  if (!PLAIN.test(key)) return UNSURE
  for (let k = index.length - 3; k >= 0; k -= 3) {
    const is = isKey(bytes, index[k]! + 1, key)
    if (is === undefined) return UNSURE
    if (is) return k
  }
  return undefined
}

function findByScan(raw: RawNode, bytes: Buffer, key: string): RawNode | undefined | typeof UNSURE {
  const { end } = raw
  let found: RawNode | undefined
  let i = skipSpace(bytes, raw.start + 1, end)
  while (bytes[i] === QUOTE) {
    const is = isKey(bytes, i + 1, key)
    if (is === undefined) return UNSURE
    const start = skipSpace(bytes, skipSpace(bytes, skipString(bytes, i + 1), end) + 1, end)
    const behind = skipValue(bytes, start)
    if (is) found = new RawNode(undefined, bytes, start, behind)
    i = skipSpace(bytes, behind, end)
    if (bytes[i] === COMMA) i = skipSpace(bytes, i + 1, end)
  }
  return found
}

/** Whether the key whose first byte is at `at` is `key`, plain text; undefined when an escape stands in it. */
function isKey(bytes: Buffer, at: number, key: string): boolean | undefined {
  let i = at
  while (i - at < key.length && bytes[i] === key.charCodeAt(i - at)) i++
  if (i - at === key.length && bytes[i] === QUOTE) return true
  for (let c = bytes[i]!; c !== QUOTE; c = bytes[++i]!) if (c === BACKSLASH) return undefined
  return false
}
