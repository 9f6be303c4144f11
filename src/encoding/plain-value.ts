/**
 * Data as plain JavaScript values: for the renderers that print text other than JSON, and from the decoders that read it.
 *
 * Numbers become the text of their source (`1.10`, `12345678901234567890`), because what prints them prints text.
 * Objects have their keys as own properties, `__proto__` too: walk them with {@link entriesOf}.
 */

import { ObjectNode, RawNode } from './json-node.js'
import { renderJson } from './json-render.js'

export type PlainValue = null | boolean | string | PlainValue[] | PlainFields
export interface PlainFields {
  readonly [key: string]: PlainValue
}

/** Opens data all the way down. */
export function plainOf(data: ObjectNode | null): PlainValue {
  return data === null ? null : (JSON.parse(quoteNumbers(renderJson(data).toString('utf8'))) as PlainValue)
}

/** Wraps a value made of objects, arrays and strings as unopened data. */
export function nodeOfValue(value: object): ObjectNode {
  return new ObjectNode(undefined, new RawNode(undefined, Buffer.from(JSON.stringify(value), 'utf8')))
}

/** Tells objects from the other values. */
export function isFields(value: PlainValue): value is PlainFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The keys and values of an object, sorted by the bytes of their UTF-8, as Go sorts. */
export function entriesOf(fields: PlainFields): [key: string, value: PlainValue][] {
  return Object.entries(fields).sort(byKey)
}

/** Compares as UTF-8 bytes do: by code point, which differs from UTF-16 order only beyond the basic plane. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

const byKey = (a: [string, PlainValue], b: [string, PlainValue]): number => compareKeys(a[0], b[0])

/** Surrogates stand for code points above everything else. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)

/** Puts quotes around every number of a valid JSON text. */
export function quoteNumbers(json: string): string {
  let out = ''
  let done = 0
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (code === 0x22) {
      i = endOfString(json, i)
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const start = i
      while (i < json.length && isNumeric(json.charCodeAt(i))) i++
      out += `${json.slice(done, start)}"${json.slice(start, i)}"`
      done = i
      i--
    }
  }
  return out + json.slice(done)
}

/** Returns the index of the quote that closes the string opened at `start`. */
export function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
    let slashes = 0
    while (json.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end
  }
}

/** Digits, sign, point, exponent. */
function isNumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e || code === 0x65 || code === 0x45
}
