/** RSS 0.9x, 1.0 and 2.0. The format's own elements win, Dublin Core and iTunes fill the gaps. */

import type { Sliced } from '../../message/slices.js'
import { extensionOf, prefixesOf, type XmlNode } from './tree.js'
import { type Enclosure, type Extension, type Feed, type FeedItem, itemsOf, parsePerson, put, putDate } from './types.js'

/** A container sorted by what its elements mean. */
interface Sorted {
  /** Own elements by lower-cased name. */
  readonly own: Map<string, XmlNode[]>
  readonly dc: Map<string, string[]>
  readonly itunes: Map<string, XmlNode[]>
  readonly encoded: string
  readonly extensions: Record<string, Record<string, Extension[]>> | undefined
}

type PrefixOf = (node: XmlNode) => string

/** Decodes a tree whose root is `rss` or `rdf:RDF`. */
export function* decodeRssTree(root: XmlNode): Sliced<Feed> {
  const prefixOf = prefixesOf(root)
  const channel = root.children.find(child => child.local === 'channel')
  const feed = sort(channel, prefixOf)
  // RSS 1.0 has items and image beside the channel
  const beside = sort(root, prefixOf)
  const items = [...(feed.own.get('item') ?? []), ...(beside.own.get('item') ?? [])]
  const image = feed.own.get('image')?.[0] ?? beside.own.get('image')?.[0]
  const author = last(feed.own, 'managingeditor') || last(feed.own, 'webmaster') || creatorOf(feed)
  const categories = categoriesOf(feed)
  return {
    items: yield* itemsOf(items, item => itemOf(sort(item, prefixOf))),
    author: author === '' ? null : parsePerson(author),
    categories: categories.length === 0 ? null : categories,
    custom: null,
    copyright: last(feed.own, 'copyright') || dc(feed, 'rights'),
    description: last(feed.own, 'description') || last(feed.itunes, 'subtitle') || last(feed.itunes, 'summary'),
    type: 'rss',
    language: last(feed.own, 'language') || dc(feed, 'language'),
    title: last(feed.own, 'title') || dc(feed, 'title'),
    published: last(feed.own, 'pubdate'),
    updated: last(feed.own, 'lastbuilddate') || dc(feed, 'date'),
    imageUrl: image === undefined ? hrefOf(feed.itunes.get('image')) : textOf(image, 'url')
  }
}

function itemOf(parts: Sorted): FeedItem {
  const { own, itunes } = parts
  const item: FeedItem = {}
  const links = texts(own, 'link')
  put(item, 'title', last(own, 'title') || dc(parts, 'title'))
  put(item, 'description', last(own, 'description') || dc(parts, 'description') || last(itunes, 'summary'))
  put(item, 'content', parts.encoded)
  put(item, 'link', links.at(-1))
  put(item, 'links', links)
  putDate(item, 'updated', dc(parts, 'date'))
  putDate(item, 'published', last(own, 'pubdate') || dc(parts, 'date'))
  const author = last(own, 'author') || creatorOf(parts)
  if (author !== '') {
    item.author = parsePerson(author)
    item.authors = [item.author]
  }
  put(item, 'guid', last(own, 'guid'))
  const enclosures = (own.get('enclosure') ?? []).map(enclosureOf)
  const image = hrefOf(itunes.get('image')) ?? mediaImage(parts) ?? enclosures.find(e => e.type?.startsWith('image/'))?.url
  if (image !== undefined) item.image = { url: image }
  put(item, 'categories', categoriesOf(parts))
  put(item, 'enclosures', enclosures)
  if (parts.dc.size > 0) item.dcExt = record(parts.dc)
  if (itunes.size > 0) item.itunesExt = itunesOf(itunes)
  put(item, 'extensions', parts.extensions)
  put(item, 'custom', customOf(own))
  return item
}

function sort(container: XmlNode | undefined, prefixOf: PrefixOf): Sorted {
  const own = new Map<string, XmlNode[]>()
  const dc = new Map<string, string[]>()
  const itunes = new Map<string, XmlNode[]>()
  let encoded = ''
  let extensions: Sorted['extensions']
  for (const child of container?.children ?? []) {
    const prefix = prefixOf(child)
    if (prefix === '' || prefix === 'rss' || prefix === 'rdf') push(own, child.local.toLowerCase(), child)
    else if (prefix === 'content') {
      if (child.local === 'encoded') encoded = child.text
    } else {
      if (prefix === 'dc') push(dc, child.local, child.text)
      else if (prefix === 'itunes') push(itunes, child.local.toLowerCase(), child)
      extensions ??= Object.create(null) as NonNullable<Sorted['extensions']>
      extensions[prefix] ??= Object.create(null) as Record<string, Extension[]>
      extensions[prefix][child.local] ??= []
      extensions[prefix][child.local]!.push(extensionOf(child))
    }
  }
  return { own, dc, itunes, encoded, extensions }
}

const ITEM_NAMES: ReadonlySet<string> = new Set([
  'title',
  'description',
  'link',
  'author',
  'comments',
  'pubdate',
  'guid',
  'source',
  'enclosure',
  'category'
])

function customOf(own: ReadonlyMap<string, XmlNode[]>): Record<string, string> | undefined {
  let custom: Record<string, string> | undefined
  for (const [name, nodes] of own) {
    if (ITEM_NAMES.has(name)) continue
    custom ??= Object.create(null) as Record<string, string>
    custom[nodes.at(-1)!.local] = nodes.at(-1)!.text
  }
  return custom
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}

const last = (map: ReadonlyMap<string, XmlNode[]>, name: string): string => map.get(name)?.at(-1)?.text ?? ''
const texts = (map: ReadonlyMap<string, XmlNode[]>, name: string): string[] =>
  (map.get(name) ?? []).map(node => node.text).filter(text => text !== '')
const dc = (parts: Sorted, name: string): string => parts.dc.get(name)?.[0] ?? ''
const textOf = (node: XmlNode, name: string): string => node.children.find(child => child.local === name)?.text ?? ''
const hrefOf = (nodes: XmlNode[] | undefined): string | undefined => nodes?.[0]?.attribute('href') || undefined
const creatorOf = (parts: Sorted): string => dc(parts, 'author') || dc(parts, 'creator') || last(parts.itunes, 'author')

function categoriesOf(parts: Sorted): string[] {
  const keywords = last(parts.itunes, 'keywords')
    .split(',')
    .map(word => word.trim())
  const shelves = (parts.itunes.get('category') ?? [])
    .flatMap(node => [node, ...node.children])
    .map(node => node.attribute('text'))
  return [...texts(parts.own, 'category'), ...keywords, ...shelves, ...(parts.dc.get('subject') ?? [])].filter(
    text => text !== ''
  )
}

function mediaImage(parts: Sorted): string | undefined {
  const contents = parts.extensions?.media?.content ?? []
  const image = contents.find(({ attrs }) => attrs?.type?.includes('image') || attrs?.medium?.includes('image'))
  return image?.attrs?.url || undefined
}

function enclosureOf(node: XmlNode): Enclosure {
  const enclosure: Enclosure = {}
  for (const name of ['url', 'length', 'type'] as const) put(enclosure, name, node.attribute(name))
  return enclosure
}

function record<V>(map: ReadonlyMap<string, V>): Record<string, V> {
  const out: Record<string, V> = Object.create(null)
  for (const [key, value] of map) out[key] = value
  return out
}

/** Lower-cased names of the iTunes elements of an item → KrakenD's keys. */
const ITUNES_KEYS: ReadonlyMap<string, string> = new Map([
  ['isclosedcaptioned', 'isClosedCaptioned'],
  ['episodetype', 'episodeType']
])

function itunesOf(itunes: ReadonlyMap<string, XmlNode[]>): Record<string, string> {
  const out: Record<string, string> = Object.create(null)
  for (const [name, nodes] of itunes) {
    const value = nodes.at(-1)!.text || hrefOf(nodes)
    if (value !== undefined) out[ITUNES_KEYS.get(name) ?? name] = value
  }
  return out
}
