import { formatValue } from '../format-value.js'
import { GoFault } from '../go-fault.js'
import { declare, type FunctionTable } from '../go-function.js'
import { quoteGo } from '../quote-go.js'
import { strings, typed, type Value } from '../value.js'
import { camelCase, delimitedCase } from './cases.js'
import { byteSlice, textOf } from './conversions.js'
import { wrapText } from './wrap.js'

/** Most characters that `repeat` and `indent` make. */
const MAX_REPEATED = 16 * 1024 * 1024

const SPACE = /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/
const isSpace = (char: string): boolean => SPACE.test(char)
const GO_SPACES = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/gu

const trim = (text: string): string => trimBoth(text, isSpace)

function trimBoth(text: string, cuts: (char: string) => boolean): string {
  const chars = [...text]
  let start = 0
  let end = chars.length
  while (start < end && cuts(chars[start]!)) start++
  while (end > start && cuts(chars[end - 1]!)) end--
  return chars.slice(start, end).join('')
}

const trimAll = (cutset: string, text: string): string => trimBoth(text, char => cutset.includes(char))

function repeat(count: bigint, text: string): string {
  if (count < 0n) throw new GoFault('strings: negative Repeat count')
  if (BigInt(text.length) * count > BigInt(MAX_REPEATED)) throw new GoFault(`more than ${MAX_REPEATED} characters`)
  return text.repeat(Number(count))
}

function indent(spaces: bigint, text: string): string {
  const pad = repeat(spaces, ' ')
  return pad + text.replaceAll('\n', `\n${pad}`)
}

function trunc(count: bigint, text: string): string {
  const size = Buffer.byteLength(text)
  const length = Number(count)
  if (length < 0) return size + length > 0 ? byteSlice(text, size + length) : text
  return size > length ? byteSlice(text, 0, length) : text
}

function substr(start: bigint, end: bigint, text: string): string {
  const size = Buffer.byteLength(text)
  const from = Number(start)
  const to = Number(end)
  if (from < 0) return bounded(text, 0, to, size)
  return to < 0 || to > size ? bounded(text, from, size, size) : bounded(text, from, to, size)
}

function bounded(text: string, from: number, to: number, size: number): string {
  if (from > to || to > size || to < 0) throw new GoFault(`slice bounds out of range [${from}:${to}]`)
  return byteSlice(text, from, to)
}

function abbrevBoth(left: bigint, right: bigint, text: string): string {
  const offset = Number(left)
  const width = Number(right)
  const size = Buffer.byteLength(text)
  if (width < 4 || (offset > 0 && width < 7)) return text
  if (size <= width) return text
  let start = Math.min(offset, size)
  if (size - start < width - 3) start = size - (width - 3)
  const marker = '...'
  if (start <= 4) return byteSlice(text, 0, width - 3) + marker
  if (start + width - 3 < size) return marker + abbrevBoth(0n, BigInt(width - 3), byteSlice(text, start))
  return marker + byteSlice(text, size - (width - 3))
}

/** Each word's first letter, words being cut at white space. */
const initials = (text: string): string =>
  text
    .split(GO_SPACES)
    .map(word => [...word][0] ?? '')
    .join('')

/** As strings.Title: the first letter of each word in upper case. Words end at blanks, and at ASCII signs but `_`. */
const title = (text: string): string =>
  text.replace(/(^|[\u0000-/:-@[-^`{-\u007f\s])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase())

/** The first letter of each word in lower case. */
const untitle = (text: string): string =>
  text.replace(/(^|[\t\n\v\f\r \u0085\u00a0]+)(\S)/gu, (_, before: string, letter: string) => before + letter.toLowerCase())

/** Upper to lower case; lower to title case behind white space and to upper case elsewhere. */
const swapCase = (text: string): string =>
  [...text]
    .map(char => (/\p{Lu}|\p{Lt}/u.test(char) ? char.toLowerCase() : /\p{Ll}/u.test(char) ? char.toUpperCase() : char))
    .join('')

const without = (values: readonly Value[]): Value[] => values.filter(value => value !== null)

function splitMap(parts: readonly string[]): Map<string, Value> {
  return typed(new Map<string, Value>(parts.map((part, i) => [`_${i}`, part])), 'map[string]string')
}

/** Splits as Go: an empty separator cuts between characters. */
const splitText = (text: string, separator: string): string[] => (separator === '' ? [...text] : text.split(separator))

function splitN(separator: string, count: bigint, text: string): string[] {
  const parts = splitText(text, separator)
  const most = Number(count)
  if (most === 0) return []
  if (most < 0 || parts.length <= most) return parts
  return [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)]
}

export const TEXTS: FunctionTable = {
  abbrev: declare('int string', (width: bigint, text: string) => abbrevBoth(0n, width, text)),
  abbrevboth: declare('int int string', abbrevBoth),
  camelcase: declare('string', camelCase),
  cat: declare('...any', (...values: Value[]) => without(values).map(formatValue).join(' ')),
  contains: declare('string string', (part: string, text: string) => text.includes(part)),
  hasPrefix: declare('string string', (part: string, text: string) => text.startsWith(part)),
  hasSuffix: declare('string string', (part: string, text: string) => text.endsWith(part)),
  hello: declare('', () => 'Hello!'),
  indent: declare('int string', indent),
  initials: declare('string', initials),
  kebabcase: declare('string', (text: string) => delimitedCase(text, '-')),
  lower: declare('string', (text: string) => text.toLowerCase()),
  nindent: declare('int string', (spaces: bigint, text: string) => `\n${indent(spaces, text)}`),
  nospace: declare('string', (text: string) => text.replace(GO_SPACES, '')),
  plural: declare('string string int', (one: string, many: string, count: bigint) => (count === 1n ? one : many)),
  quote: declare('...any', (...values: Value[]) =>
    without(values)
      .map(value => quoteGo(textOf(value), false))
      .join(' ')
  ),
  repeat: declare('int string', repeat),
  replace: declare('string string string', (old: string, next: string, text: string) =>
    old === '' ? [...text].reduce((out, char) => out + char + next, next) : text.replaceAll(old, () => next)
  ),
  snakecase: declare('string', (text: string) => delimitedCase(text, '_')),
  split: declare('string string', (separator: string, text: string) => splitMap(splitText(text, separator))),
  splitList: declare('string string', (separator: string, text: string) => strings(splitText(text, separator))),
  splitn: declare('string int string', (separator: string, count: bigint, text: string) =>
    splitMap(splitN(separator, count, text))
  ),
  squote: declare('...any', (...values: Value[]) =>
    without(values)
      .map(value => `'${formatValue(value)}'`)
      .join(' ')
  ),
  substr: declare('int int string', substr),
  swapcase: declare('string', swapCase),
  title: declare('string', title),
  toString: declare('any', textOf),
  trim: declare('string', trim),
  trimAll: declare('string string', trimAll),
  trimall: declare('string string', trimAll),
  trimPrefix: declare('string string', (part: string, text: string) => (text.startsWith(part) ? text.slice(part.length) : text)),
  trimSuffix: declare('string string', (part: string, text: string) =>
    part !== '' && text.endsWith(part) ? text.slice(0, -part.length) : text
  ),
  trunc: declare('int string', trunc),
  untitle: declare('string', untitle),
  upper: declare('string', (text: string) => text.toUpperCase()),
  wrap: declare('int string', (width: bigint, text: string) => wrapText(text, Number(width), '\n', false)),
  wrapWith: declare('int string string', (width: bigint, separator: string, text: string) =>
    wrapText(text, Number(width), separator, true)
  )
}
