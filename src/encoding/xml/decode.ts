/**
 * The `xml` decoder: an XML document as data, in KrakenD's shape.
 *
 * One key, the root element. Attributes become `-name`, an element's text `#text` when it has attributes or children, else
 * the element is its text. Repeated elements become an array, an empty element is "". Prefixes are dropped, every leaf is a
 * string without white space around it. Of several runs of text between children KrakenD keeps one: the last run before the
 * first child when the element has no attributes, else the last of all; kept, because mappings address `#text` as it is.
 */

import { ObjectNode, RawNode } from '../../message/json/node.js'
import { encodeKey, encodeString } from '../../message/json/render.js'
import { runSliced, type Sliced } from '../../message/slices.js'
import { JoinedTexts } from '../join-texts.js'
import type { Decoder } from '../types.js'
import { localName, readXml, type XmlSink } from './read.js'

/** An open element. Values are JSON as byte strings: a document of many small elements takes little more than its own size. */
interface Frame {
  readonly name: string
  /** Text that came while there was no attribute or child. */
  text: string
  /** Attributes, children and `#text` by their keys. */
  fields: Map<string, string | JoinedTexts> | undefined
}

class JsonBuilder implements XmlSink {
  /** The document as a byte string of JSON, once it has been read. */
  json = ''
  private readonly stack: Frame[] = []
  private top: Frame | undefined

  open(name: string): void {
    this.top = { name: localName(name), text: '', fields: undefined }
    this.stack.push(this.top)
  }

  attribute(name: string, value: string): void {
    this.top!.fields ??= new Map()
    this.top!.fields.set(`-${localName(name)}`, encodeString(value))
  }

  text(run: string): void {
    const text = trim(run)
    if (text === '') return
    const top = this.top!
    if (top.fields === undefined) top.text = text
    else top.fields.set('#text', encodeString(text))
  }

  close(): void {
    const { name, text, fields } = this.stack.pop()!
    if (fields !== undefined && text !== '') fields.set('#text', encodeString(text))
    const value = fields === undefined ? encodeString(text) : objectOf(fields)
    this.top = this.stack.at(-1)
    if (this.top === undefined) {
      this.json = `{${encodeKey(name)}${value}}`
      return
    }
    this.top.fields ??= new Map()
    add(this.top.fields, name, value)
  }
}

/** Adds a child; those of one name become an array. */
function add(fields: NonNullable<Frame['fields']>, name: string, value: string): void {
  const before = fields.get(name)
  if (before === undefined) fields.set(name, value)
  else if (typeof before !== 'string') before.add(value)
  else {
    const repeated = new JoinedTexts(',')
    repeated.add(before)
    repeated.add(value)
    fields.set(name, repeated)
  }
}

function objectOf(fields: NonNullable<Frame['fields']>): string {
  let out = '{'
  for (const [key, value] of fields) {
    const text = typeof value === 'string' ? value : `[${value.finish()}]`
    out += out === '{' ? encodeKey(key) : `,${encodeKey(key)}`
    out += text
  }
  return `${out}}`
}

/** Cuts the white space of XML off both ends; `String.trim` would take more, and a regular expression squares on long runs of spaces. */
function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x08 && code <= 0x0d && code !== 0x0b && code !== 0x0c)

/** Decodes XML; with `isCollection` the object stands under `collection`, as KrakenD has it. */
export const decodeXml: Decoder = (bytes, { contentType, isCollection, scope }) =>
  runSliced(xmlData(bytes, contentType, isCollection), scope)

function* xmlData(bytes: Buffer, contentType: string, isCollection: boolean): Sliced<ObjectNode> {
  const builder = new JsonBuilder()
  yield* readXml(bytes, contentType, builder)
  const json = isCollection ? `{"collection":${builder.json}}` : builder.json
  return new ObjectNode(undefined, new RawNode(undefined, Buffer.from(json, 'latin1')))
}
