/**
 * The `xml` decoder: an XML document as data, in KrakenD's shape.
 *
 * One key, the root element. Attributes become `-name`, an element's text `#text` when it has attributes or children, else
 * the element is its text. Repeated elements become an array, an empty element is "". Prefixes are dropped, every leaf is a
 * string without white space around it. Of several runs of text between children KrakenD keeps one: the last run before the
 * first child when the element has no attributes, else the last of all; kept, because mappings address `#text` as it is.
 */

import { nodeOfValue } from './plain-value.js'
import type { Decoder } from './types.js'
import { localName, readXml, type XmlSink } from './xml-read.js'

type XmlValue = string | XmlElement | XmlValue[]
/** Null-prototype: names in documents are foreign. */
interface XmlElement {
  [key: string]: XmlValue
}

interface Frame {
  readonly name: string
  /** Text that came while there was no attribute or child. */
  text: string
  children: XmlElement | undefined
}

class TreeBuilder implements XmlSink {
  readonly root: XmlElement = Object.create(null)
  private readonly stack: Frame[] = []
  private top: Frame | undefined

  open(name: string): void {
    this.top = { name: localName(name), text: '', children: undefined }
    this.stack.push(this.top)
  }

  attribute(name: string, value: string): void {
    const top = this.top!
    top.children ??= Object.create(null) as XmlElement
    top.children[`-${localName(name)}`] = value
  }

  text(run: string): void {
    const text = trim(run)
    if (text === '') return
    const top = this.top!
    if (top.children === undefined) top.text = text
    else top.children['#text'] = text
  }

  close(): void {
    const { name, text, children } = this.stack.pop()!
    if (children !== undefined && text !== '') children['#text'] = text
    this.top = this.stack.at(-1)
    if (this.top !== undefined) this.top.children ??= Object.create(null) as XmlElement
    add(this.top === undefined ? this.root : this.top.children!, name, children ?? text)
  }
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

function add(parent: XmlElement, name: string, value: XmlValue): void {
  const before = parent[name]
  if (before === undefined) parent[name] = value
  else if (Array.isArray(before)) before.push(value)
  else parent[name] = [before, value]
}

/** Decodes XML; with `isCollection` the object stands under `collection`, as KrakenD has it. */
export const decodeXml: Decoder = async (bytes, { contentType, isCollection }) => {
  const tree = new TreeBuilder()
  await readXml(bytes, contentType, tree)
  return nodeOfValue(isCollection ? { collection: tree.root } : tree.root)
}
