/** XML as a tree that keeps order, prefixes and mixed content: what feeds need and the `xml` decoder's shape cannot hold. */

import type { Sliced } from '../../message/slices.js'
import { localName, readXml, type XmlSink } from '../xml/read.js'
import type { Extension } from './types.js'

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map()

/** One element. */
export class XmlNode {
  /** As written. */
  readonly name: string
  readonly local: string
  /** As written; '' when there is none. */
  readonly prefix: string
  readonly content: (string | XmlNode)[] = []
  private known: Map<string, string> | undefined

  constructor(name: string) {
    this.name = name
    this.local = localName(name)
    this.prefix = this.local === name ? '' : name.slice(0, name.length - this.local.length - 1)
  }

  get attributes(): ReadonlyMap<string, string> {
    return this.known ?? NO_ATTRIBUTES
  }

  setAttribute(name: string, value: string): void {
    this.known ??= new Map()
    this.known.set(name, value)
  }

  /** Child elements in order. */
  get children(): XmlNode[] {
    return this.content.filter(part => part instanceof XmlNode)
  }

  /** The attribute's value, '' when absent. */
  attribute(name: string): string {
    return this.attributes.get(name) ?? ''
  }

  /**
   * Text without white space around it. Elements inside (unescaped HTML in a description) are kept as markup, and only what stands
   * inside of them is escaped: characters that a feed escaped never become elements of an element.
   */
  get text(): string {
    const out: string[] = []
    for (const part of this.content) {
      if (typeof part === 'string') out.push(part)
      else writeElement(part, out)
    }
    return out.join('').trim()
  }

  /** The content as markup, without white space around it: text is escaped. */
  get markup(): string {
    const out: string[] = []
    writeContent(this, out)
    return out.join('').trim()
  }
}

/** Writes an element as it may have stood in the document. */
function writeElement(node: XmlNode, out: string[]): void {
  out.push(`<${node.name}`)
  for (const [name, value] of node.attributes) out.push(` ${name}="${escaped(value)}"`)
  if (node.content.length === 0) {
    out.push('/>')
    return
  }
  out.push('>')
  writeContent(node, out)
  out.push(`</${node.name}>`)
}

function writeContent(node: XmlNode, out: string[]): void {
  for (const part of node.content) {
    if (typeof part === 'string') out.push(escaped(part))
    else writeElement(part, out)
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, char => ESCAPES[char]!)

class NodeBuilder implements XmlSink {
  root: XmlNode | undefined
  private readonly stack: XmlNode[] = []

  open(name: string): void {
    const node = new XmlNode(name)
    const parent = this.stack.at(-1)
    if (parent === undefined) this.root = node
    else parent.content.push(node)
    this.stack.push(node)
  }

  attribute(name: string, value: string): void {
    this.stack.at(-1)!.setAttribute(name, value)
  }

  text(text: string): void {
    this.stack.at(-1)!.content.push(text)
  }

  close(): void {
    this.stack.pop()
  }
}

/** Reads a document as a tree. @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE */
export function* readTree(bytes: Buffer, contentType: string): Sliced<XmlNode> {
  const builder = new NodeBuilder()
  yield* readXml(bytes, contentType, builder)
  return builder.root! // a document without a root element is refused
}

/** Namespaces whose elements mean the same under any prefix. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ['http://purl.org/dc/elements/1.1/', 'dc'],
  ['http://purl.org/dc/terms/', 'dcterms'],
  ['http://purl.org/rss/1.0/modules/content/', 'content'],
  ['http://www.itunes.com/dtds/podcast-1.0.dtd', 'itunes'],
  ['http://search.yahoo.com/mrss/', 'media'],
  ['http://search.yahoo.com/mrss', 'media'],
  ['http://www.w3.org/2005/atom', 'atom'],
  ['http://purl.org/rss/1.0/modules/syndication/', 'sy'],
  ['http://purl.org/rss/1.0/modules/slash/', 'slash'],
  ['http://www.georss.org/georss', 'georss']
])

/** Finds the usual prefix of an element: by its namespace when the root declares a known one, else as written. */
export function prefixesOf(root: XmlNode): (node: XmlNode) => string {
  const usual = new Map<string, string>()
  for (const [name, uri] of root.attributes) {
    const known = KNOWN.get(uri.trim().toLowerCase())
    if (known !== undefined && name.startsWith('xmlns:')) usual.set(name.slice(6), known)
  }
  return node => usual.get(node.prefix) ?? node.prefix
}

/** Writes an element of another namespace as an extension, all the way down. */
export function extensionOf(node: XmlNode): Extension {
  const children: Record<string, Extension[]> = Object.create(null)
  for (const child of node.children) {
    children[child.local] ??= []
    children[child.local]!.push(extensionOf(child))
  }
  const value = node.content
    .filter(part => typeof part === 'string')
    .join('')
    .trim()
  const attrs: Record<string, string> = Object.create(null)
  for (const [name, text] of node.attributes) attrs[localName(name)] = text
  return { name: node.local, value, attrs, children }
}
