/** JSON as Go's encoding/json writes and reads it. */

import { formatFloat } from './format-value.js'
import { GoFault } from './go-fault.js'
import { GoObject, Int64, isNilList, sortedKeys, type Value, valueOfJson } from './value.js'

export interface JsonLayout {
  /** `<`, `>` and `&` are written as escapes. */
  readonly escapesHtml: boolean
  /** Text of one level of indentation; '' for one line. */
  readonly indent: string
}

/** As json.Marshal: one line, keys sorted. @throws GoFault for NaN and infinities */
export const marshal = (value: Value): string => write(value, { escapesHtml: true, indent: '' }, '\n')

/** Writes a value. @throws GoFault for NaN and infinities */
export const writeJson = (value: Value, layout: JsonLayout): string => write(value, layout, '\n')

function write(value: Value, layout: JsonLayout, line: string): string {
  switch (typeof value) {
    case 'string':
      return quoteJson(value, layout.escapesHtml)
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      return number(value)
  }
  if (value === null) return 'null'
  if (value instanceof Int64) return String(value.value)
  if (value instanceof GoObject) return write(value.toJson(), layout, line)
  const deeper = line + layout.indent
  const colon = layout.indent === '' ? ':' : ': '
  if (Array.isArray(value) && isNilList(value)) return 'null'
  if (Array.isArray(value))
    return wrap(
      '[',
      value.map(item => write(item, layout, deeper)),
      ']',
      layout,
      line
    )
  const fields = sortedKeys(value).map(
    key => `${quoteJson(key, layout.escapesHtml)}${colon}${write(value.get(key)!, layout, deeper)}`
  )
  return wrap('{', fields, '}', layout, line)
}

function wrap(open: string, parts: readonly string[], close: string, { indent }: JsonLayout, line: string): string {
  if (parts.length === 0) return open + close
  if (indent === '') return open + parts.join(',') + close
  return `${open}${line}${indent}${parts.join(`,${line}${indent}`)}${line}${close}`
}

/** Go takes exponents below 1e-6 and from 1e21 on, without a zero in front of one digit. */
function number(value: number): string {
  if (!Number.isFinite(value)) throw new GoFault(`json: unsupported value: ${formatFloat(value, 'g', -1)}`)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-6 || size >= 1e21)) return formatFloat(value, 'e', -1).replace(/e-0(\d)$/, 'e-$1')
  return formatFloat(value, 'f', -1)
}

const HTML = /[<>&\u2028\u2029]/g
const CONTROLS = /[\u0000-\u001f]/g
const SHORT: Readonly<Record<string, string>> = { '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const unicode = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

function quoteJson(text: string, escapesHtml: boolean): string {
  const escaped = text
    .replace(/[\\"]/g, '\\$&')
    .replace(CONTROLS, char => SHORT[char] ?? unicode(char))
    .replace(/\p{Cs}/gu, '\\ufffd')
  return `"${escapesHtml ? escaped.replace(HTML, unicode) : escaped.replace(/[\u2028\u2029]/g, unicode)}"`
}

/** Reads JSON; every number is a float64. @throws GoFault */
export function unmarshal(text: string): Value {
  try {
    return valueOfJson(JSON.parse(text))
  } catch (cause) {
    throw new GoFault((cause as Error).message)
  }
}
