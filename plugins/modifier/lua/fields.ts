/** Header fields as scripts see them: names as Go spells them, values as bytes. */

import { type HeaderMap, type LazyJson, LazyObject } from 'sluice/plugin'
import { checkString, type LuaResult, type LuaValue, NOTHING, numberToText, raise, textToLua } from './engine/index.js'
import { canonicalName, isToken } from './field-names.js'
import { listIn, newList, newTable, textList } from './json-values.js'

/** How a message's fields are read and written. */
export interface FieldRules {
  /** Reading one looks for the name as it is given: KrakenD does not spell it for responses. */
  readonly exactNames: boolean
  /** Line breaks in values become blanks; else they are an error. */
  readonly blanks: boolean
  /** `Host` is a field; Go keeps that of a client's request apart. */
  readonly host: boolean
}

/** What belongs to the connection or delimits the body is the gateway's to write. */
const FRAMING = /^(?:connection|keep-alive|te|transfer-encoding|upgrade|trailer|http2-settings|content-length)$/i

/** `headers()`, `headers(name)`, `headers(name, value)`. */
export function accessHeaders(headers: HeaderMap, args: readonly LuaValue[], rules: FieldRules): LuaResult {
  if (args.length < 2) return newTable(grouped(headers, rules))
  if (args.length > 3) return NOTHING
  const name = checkString(args[1], 2)
  if (args.length === 2) return readField(headers, name, rules)
  if (args[2] === undefined) {
    if (rules.host || canonicalName(name) !== 'Host') headers.delete(name)
  } else writeField(headers, name, [checkString(args[2], 3)], rules)
  return NOTHING
}

/** `headerList(name)`, `headerList(name, list)`. */
export function accessHeaderList(headers: HeaderMap, args: readonly LuaValue[], rules: FieldRules): LuaResult {
  if (args.length < 2) raise('need arguments')
  if (args.length > 3) return NOTHING
  const name = checkString(args[1], 2)
  if (args.length === 2) return newList(textList(headers.getAll(name).map(textOfBytes)))
  const list = listIn(args[2])
  if (list === undefined) raise('invalid header value, must be a luaList')
  const values = Array.from({ length: list.length }, (_, i) => goText(list.get(i)!))
  writeField(headers, name, values, rules)
  return NOTHING
}

function readField(headers: HeaderMap, name: string, { exactNames, host }: FieldRules): string {
  if (!host && canonicalName(name) === 'Host') return ''
  if (exactNames && name !== canonicalName(name)) return ''
  return headers.getAll(name)[0] ?? ''
}

function writeField(headers: HeaderMap, name: string, values: readonly string[], { blanks, host }: FieldRules): void {
  if (FRAMING.test(name) || (!host && canonicalName(name) === 'Host')) return
  if (!isToken(name)) {
    // Go's server leaves out what is no field
    if (blanks) return
    raise(`net/http: invalid header field name "${name}"`)
  }
  const clean = blanks ? values.map(value => value.replace(/[\r\n]/g, ' ')) : values
  if (clean.some(value => /[^\t\x20-\x7e\x80-\xff]/.test(value)))
    raise(`net/http: invalid header field value for "${canonicalName(name)}"`)
  if (clean.length === 0) headers.delete(name)
  else headers.set(canonicalName(name), clean.length === 1 ? clean[0]! : clean)
}

/** Lists of values by name; a copy. */
function grouped(headers: HeaderMap, { host }: FieldRules): LazyObject {
  const fields = new Map<string, string[]>()
  for (const [name, value] of headers) {
    const key = canonicalName(name)
    if (key === 'Host' && !host) continue
    const values = fields.get(key)
    if (values === undefined) fields.set(key, [textOfBytes(value)])
    else values.push(textOfBytes(value))
  }
  const object = new LazyObject()
  for (const [name, values] of fields) object.set(name, textList(values))
  return object
}

/** Values of fields are bytes; lists hold text. */
const textOfBytes = (value: string): string => (/[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString() : value)

/** As Go's `%s` prints an item. */
function goText(item: LazyJson): string {
  if (typeof item === 'string') return textToLua(item)
  if (typeof item === 'number') return `%!s(float64=${numberToText(item)})`
  if (typeof item === 'boolean') return `%!s(bool=${item})`
  if (item === null) return '%!s(<nil>)'
  if (item.kind === 'array') return `[${Array.from({ length: item.length }, (_, i) => goText(item.get(i)!)).join(' ')}]`
  return `map[${item
    .keys()
    .map(key => `${key}:${goText(item.get(key)!)}`)
    .join(' ')}]`
}
