/**
 * Writes single values of YAML as KrakenD does, where a reader of YAML 1.1 or 1.2 takes them for what they are; else in double quotes.
 */

import { escapeGo } from '../../go-template/quote-go.js'
import type { Sliced } from '../../message/slices.js'

/** What a reader would take for null, a boolean, a number that is none, a merge or the border of a document. */
const RESERVED: ReadonlySet<string> = new Set(
  ['', '~', '=', '<<', '-', '?', ':', '---', '...'].concat(
    ...['null', 'true', 'false', 'y', 'yes', 'n', 'no', 'on', 'off', '.inf', '-.inf', '+.inf', '.nan'].map(word => [
      word,
      word.toUpperCase(),
      word.replace(/[a-z]/, letter => letter.toUpperCase())
    ]),
    ['.NaN']
  )
)
const NUMBER =
  /^[-+]?(?:0x[\da-f_]+|0o[0-7_]+|0b[01_]+|\d[\d_]*(?:\.[\d_]*)?(?:e[-+]?\d+)?|\.[\d_]+(?:e[-+]?\d+)?|\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?)$/i
const TIME = /^\d{4}-\d\d?-\d\d?(?:(?:t|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?[ \t]*(?:z|[-+]\d\d?(?::?\d\d)?)?)?$/i
/** Indicators at the beginning, the end or anywhere. A tab is legal in some of these places, but readers differ. */
const FIRST_INDICATOR = /^[*&[{}\],!|>%'"@` ]|^[-?:](?: |$)/
const LAST_INDICATOR = /[: ]$/
const INDICATOR = /[#\\\t]|[:-] /
/** What stands for itself in YAML: letters, marks, digits, punctuation, symbols, blanks, line feeds. */
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\n]/u

/** Longest text that can be a number or a time. */
const MAX_NUMBER = 64

function needsQuotes(text: string): boolean {
  if (text.length <= MAX_NUMBER && (RESERVED.has(text) || NUMBER.test(text) || TIME.test(text))) return true
  return FIRST_INDICATOR.test(text) || LAST_INDICATOR.test(text) || INDICATOR.test(text) || UNPRINTABLE.test(text)
}

/** Writes a key on one line. */
export function yamlKey(text: string): string {
  return needsQuotes(text) || text.includes('\n') ? quoted(text) : text
}

/**
 * Writes a string as the value of a field or an item.
 * @param indent of the lines of a block, when the text has several lines
 */
export function yamlString(text: string, indent: string): string {
  if (needsQuotes(text)) return quoted(text)
  return text.includes('\n') ? literal(text, indent) : text
}

/** As {@link yamlString}, for a text of many characters in pieces. */
export function* yamlLongString(pieces: readonly string[], indent: string): Sliced<string> {
  const needs = yield* longNeedsQuotes(pieces)
  if (!needs && !pieces.some(piece => piece.includes('\n'))) return pieces.join('')
  if (needs || HIDES_INDENT.test(pieces[0]!)) {
    let text = ''
    for (const piece of pieces) {
      text += escaped(piece)
      yield
    }
    return `"${text}"`
  }
  const end = `\n${indent}`
  let lines = ''
  for (const piece of pieces) {
    lines += piece.split('\n').join(end) // a replacement of so many costs ten times as much
    yield
  }
  const ends = lines.endsWith(end)
  if (ends) lines = lines.slice(0, -end.length)
  return `${blockHeader(ends, ends && lines.endsWith(end))}\n${indent}${lines}`
}

function* longNeedsQuotes(pieces: readonly string[]): Sliced<boolean> {
  if (FIRST_INDICATOR.test(pieces[0]!) || LAST_INDICATOR.test(pieces.at(-1)!)) return true
  let last = ''
  for (const piece of pieces) {
    if (INDICATOR.test(last + piece) || UNPRINTABLE.test(piece)) return true
    last = piece.slice(-1)
    yield
  }
  return false
}

const blockHeader = (ends: boolean, keep: boolean): string => `|${keep ? '+' : ends ? '' : '-'}`

/** Writes a number: in quotes, as KrakenD does, unless it has an exponent and no fraction. Its spelling is kept. */
export function yamlNumber(text: string): string {
  return text.includes('.') || !/e/i.test(text) ? `"${text}"` : text
}

/** Texts whose first line would not tell how deep a block of lines stands. */
const HIDES_INDENT = /^\n*(?: |$)/

/** A block of lines as they are. */
function literal(text: string, indent: string): string {
  if (HIDES_INDENT.test(text)) return quoted(text)
  const lines = text.split('\n')
  const ends = lines.at(-1) === ''
  if (ends) lines.pop()
  const keep = ends && lines.at(-1) === ''
  return `${blockHeader(ends, keep)}\n${lines.map(line => indent + line).join('\n')}`
}

const quoted = (text: string): string => `"${escaped(text)}"`

/** Go's escapes, which YAML shares; half a pair of surrogates becomes U+FFFD, as Go reads it. */
const escaped = (text: string): string => escapeGo(text.replace(/\p{Cs}/gu, '\uFFFD'), false)
