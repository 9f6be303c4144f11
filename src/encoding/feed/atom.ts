/** Atom (RFC 4287). */

import type { Sliced } from '../../message/slices.js'
import { extensionOf, prefixesOf, XmlNode } from './tree.js'
import { type Enclosure, type Extension, type Feed, type FeedItem, itemsOf, type Person, put, putDate } from './types.js'

/** Decodes a tree whose root is `feed`. */
export function* decodeAtom(root: XmlNode): Sliced<Feed> {
  const prefixOf = prefixesOf(root)
  const isOwn = (node: XmlNode): boolean => {
    const prefix = prefixOf(node)
    return prefix === '' || prefix === 'atom' || prefix === root.prefix
  }
  const feed = root.children.filter(isOwn)
  const entries = named(feed, 'entry')
  const categories = categoriesOf(feed)
  return {
    items: yield* itemsOf(entries, entry => itemOf(entry, isOwn, prefixOf)),
    author: peopleOf(feed)[0] ?? null,
    categories: categories.length === 0 ? null : categories,
    custom: null,
    copyright: text(feed, 'rights'),
    description: text(feed, 'subtitle') || text(feed, 'tagline'),
    type: 'atom',
    language: root.attribute('xml:lang'),
    title: text(feed, 'title'),
    published: '',
    updated: text(feed, 'updated') || text(feed, 'modified'),
    imageUrl: text(feed, 'logo') || undefined
  }
}

function itemOf(entry: XmlNode, isOwn: (node: XmlNode) => boolean, prefixOf: (node: XmlNode) => string): FeedItem {
  const own = entry.children.filter(isOwn)
  const item: FeedItem = {}
  const links = named(own, 'link').filter(link => /^(|alternate|self)$/.test(link.attribute('rel')))
  const updated = text(own, 'updated') || text(own, 'modified')
  const people = peopleOf(own)
  put(item, 'title', text(own, 'title'))
  put(item, 'description', text(own, 'summary'))
  put(item, 'content', text(own, 'content'))
  put(item, 'link', links.find(link => link.attribute('rel') !== 'self')?.attribute('href'))
  put(
    item,
    'links',
    links.map(link => link.attribute('href')).filter(href => href !== '')
  )
  putDate(item, 'updated', updated)
  putDate(item, 'published', text(own, 'published') || text(own, 'issued') || updated)
  put(item, 'author', people[0])
  put(item, 'authors', people)
  put(item, 'guid', text(own, 'id'))
  put(item, 'categories', categoriesOf(own))
  put(
    item,
    'enclosures',
    named(own, 'link')
      .filter(link => link.attribute('rel') === 'enclosure')
      .map(enclosureOf)
  )
  const foreign = entry.children.filter(child => !isOwn(child))
  if (foreign.length > 0) item.extensions = extensionsOf(foreign, prefixOf)
  return item
}

const named = (nodes: readonly XmlNode[], name: string): XmlNode[] => nodes.filter(node => node.local === name)

function text(nodes: readonly XmlNode[], name: string): string {
  const node = named(nodes, name).at(-1)
  return node === undefined ? '' : constructOf(node)
}

/** A text construct, or the content of an entry: markup where the type is a kind of XML (RFC 4287 §3.1.1, §4.1.3.3). */
function constructOf(node: XmlNode): string {
  const type = node.attribute('type').toLowerCase()
  if (type.includes('xhtml')) return (wrapperOf(node) ?? node).markup
  return /[+/]xml$/.test(type) ? node.markup : node.text
}

/** The `div` around XHTML, which is no part of the text (RFC 4287 §3.1.1.3). */
function wrapperOf(node: XmlNode): XmlNode | undefined {
  const parts = node.content.filter(part => typeof part !== 'string' || part.trim() !== '')
  const only = parts.length === 1 ? parts[0]! : undefined
  return only instanceof XmlNode && only.local.toLowerCase() === 'div' ? only : undefined
}

function peopleOf(nodes: readonly XmlNode[]): Person[] {
  return named(nodes, 'author').map(author => {
    const person: Person = {}
    put(person, 'name', text(author.children, 'name'))
    put(person, 'email', text(author.children, 'email'))
    return person
  })
}

function categoriesOf(nodes: readonly XmlNode[]): string[] {
  return named(nodes, 'category')
    .map(node => node.attribute('label') || node.attribute('term'))
    .filter(label => label !== '')
}

function enclosureOf(link: XmlNode): Enclosure {
  const enclosure: Enclosure = {}
  put(enclosure, 'url', link.attribute('href'))
  put(enclosure, 'length', link.attribute('length'))
  put(enclosure, 'type', link.attribute('type'))
  return enclosure
}

function extensionsOf(
  nodes: readonly XmlNode[],
  prefixOf: (node: XmlNode) => string
): Record<string, Record<string, Extension[]>> {
  const out: Record<string, Record<string, Extension[]>> = Object.create(null)
  for (const node of nodes) {
    const prefix = prefixOf(node)
    out[prefix] ??= Object.create(null) as Record<string, Extension[]>
    out[prefix][node.local] ??= []
    out[prefix][node.local]!.push(extensionOf(node))
  }
  return out
}
