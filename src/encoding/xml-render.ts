/**
 * The `xml` renderer, by KrakenD's rules.
 *
 * A single root key is the root element, anything else is wrapped in `<doc>`. Arrays repeat their element, `-x` keys are attributes,
 * `#text` is the text; null, "" and empty containers give `<key/>`. Keys are sorted. Text and names are escaped: a key that is no XML
 * name is written as it is (KrakenD does), but can never open or close markup.
 */

import { GatewayError } from '../errors.js'
import type { ObjectNode } from './json-node.js'
import { entriesOf, isFields, type PlainValue, plainOf } from './plain-value.js'
import type { Renderer } from './types.js'

const ROOT = 'doc'
const EMPTY = Buffer.alloc(0)

/** Renders `application/xml`. No response at all is an empty body. */
export const renderXml: Renderer = data => {
  if (data === undefined) return { contentType: 'application/xml; charset=utf-8', body: EMPTY }
  return { contentType: 'application/xml', body: Buffer.from(xmlOf(data), 'utf8') }
}

function xmlOf(data: ObjectNode | null): string {
  const value = plainOf(data)
  const entries = isFields(value) ? entriesOf(value) : []
  const only = entries.length === 1 ? entries[0]! : undefined
  if (only === undefined || isListWithScalars(only[1])) return element(ROOT, value)
  return element(nameOf(only[0]), only[1])
}

/** A root array is repeated as root elements when all of it are objects, as KrakenD does. */
function isListWithScalars(value: PlainValue): boolean {
  return Array.isArray(value) && value.some(item => !isFields(item))
}

function element(name: string, value: PlainValue): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return `<${name}/>`
    let out = ''
    for (const item of value) out += element(name, item)
    return out
  }
  if (isFields(value)) return objectElement(name, value)
  const text = value === null ? '' : escapeText(String(value))
  return text === '' ? `<${name}/>` : `<${name}>${text}</${name}>`
}

function objectElement(name: string, fields: Parameters<typeof entriesOf>[0]): string {
  let attributes = ''
  let text = ''
  let children = ''
  for (const [key, value] of entriesOf(fields)) {
    if (key === '#text') text = textOf(value, key)
    else if (key.length > 1 && key.startsWith('-')) attributes += ` ${nameOf(key.slice(1))}="${textOf(value, key)}"`
    else children += element(nameOf(key), value)
  }
  const content = text + children
  return content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`
}

/** The text of an attribute or of `#text`; KrakenD fails on anything but a scalar as well. */
function textOf(value: PlainValue, key: string): string {
  if (value === null) return ''
  if (typeof value === 'object') {
    throw new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { message: `invalid attribute value for: ${key}` })
  }
  return escapeText(String(value))
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }
const MARKUP = /[&<>"'\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g

function escapeText(text: string): string {
  return text.replace(MARKUP, char => ESCAPES[char] ?? '\uFFFD') // XML 1.0 §2.2: the rest has no spelling at all
}

/** KrakenD writes such characters into names unescaped; that would let an upstream's key inject elements. */
function nameOf(key: string): string {
  return key === '' ? '_' : key.replace(MARKUP, '_')
}
