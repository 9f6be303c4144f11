/** Text and values from clients, upstreams and plugins in logs: quoted, and never able to forge a line or to steer a terminal. */

import { inspect } from 'node:util'

const NAMED = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['"', '\\"'],
  ['\\', '\\\\']
])

/** Quotes a text as a Go string literal; what is not printable is escaped. */
export function goQuote(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20 || c > 0x7e || c === 0x22 || c === 0x5c) return quoteSlowly(text)
  }
  return `"${text}"`
}

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u

function quoteSlowly(text: string): string {
  let quoted = '"'
  for (const c of text) {
    const code = c.codePointAt(0)!
    const named = NAMED.get(c)
    if (named !== undefined) quoted += named
    else if (c === ' ' || PRINTABLE.test(c)) quoted += c
    else if (code < 0x80) quoted += `\\x${code.toString(16).padStart(2, '0')}`
    else quoted += code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
  }
  return `${quoted}"`
}

const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/
const EACH_CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/g

/** Makes a message safe for a plain line: further lines are indented by a tab, other control characters are escaped. */
export function safeText(text: string): string {
  return CONTROLS.test(text) ? text.replace(EACH_CONTROL, escapeControl) : text
}

function escapeControl(c: string): string {
  if (c === '\n') return '\n\t'
  return NAMED.get(c) ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** The text of a value: errors show their message (and cause), objects their JSON; one whose own methods throw costs its text, not the caller. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    if (value instanceof Error) return value.cause instanceof Error ? `${value.message}: ${textOf(value.cause)}` : value.message
    if (typeof value === 'object' && value !== null) return JSON.stringify(value) ?? inspect(value, { breakLength: Infinity })
    return String(value)
  } catch {
    return inspect(value, { breakLength: Infinity, depth: 2 })
  }
}

/** Characters of one message. A start with faults in each of many endpoints, and the stack of an error, have room. */
const MAX_MESSAGE = 64 * 1024

/** Cuts a message that a script, plugin or upstream made endless. */
export function boundedText(text: string): string {
  if (text.length <= MAX_MESSAGE) return text
  // no half of a surrogate pair at the end
  const end = (text.charCodeAt(MAX_MESSAGE - 1) & 0xfc00) === 0xd800 ? MAX_MESSAGE - 1 : MAX_MESSAGE
  return `${text.slice(0, end)}… (${text.length - end} more characters)`
}
