/** JSON Feed, versions 1 and 1.1. */

import { RawNode } from '../../message/json/node.js'
import { asObject, openArray, openFields } from '../../message/json/scan.js'
import type { Sliced } from '../../message/slices.js'
import { readJsonObject } from '../json/decode.js'
import { toValue } from '../json/values.js'
import { type Enclosure, type Feed, type FeedItem, itemsOf, type Person, put, putDate } from './types.js'

type Fields = { readonly [key: string]: unknown }

/**
 * Decodes a JSON Feed.
 * @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE when it is no JSON object
 */
export function* decodeJsonFeed(bytes: Buffer): Sliced<Feed> {
  const node = yield* readJsonObject(bytes.subarray(bytes[0] === 0xef ? 3 : 0))
  const fields = yield* openFields(node!) // it begins with a brace
  const items = (openArray(fields.get('items') ?? NOTHING) ?? []).filter(item => asObject(item) !== undefined)
  fields.delete('items')
  const feed: Fields = Object.fromEntries(
    [...fields].filter(([name]) => FEED_FIELDS.has(name)).map(([name, value]) => [name, toValue(value)])
  )
  const newest = items.length === 0 ? undefined : (toValue(items[0]!) as Fields)
  return {
    items: yield* itemsOf(items, item => itemOf(toValue(item) as Fields)),
    author: peopleOf(feed)[0] ?? null,
    categories: null,
    custom: null,
    copyright: '',
    description: text(feed.description),
    type: 'json',
    language: text(feed.language),
    title: text(feed.title),
    // a JSON Feed has no dates of its own: those of its newest item, which comes first
    published: text(newest?.date_published),
    updated: text(newest?.date_modified),
    imageUrl: text(feed.icon) || undefined
  }
}

const NOTHING = new RawNode('null')
const FEED_FIELDS: ReadonlySet<string> = new Set(['author', 'authors', 'description', 'icon', 'language', 'title'])

function itemOf(source: Fields): FeedItem {
  const item: FeedItem = {}
  const people = peopleOf(source)
  put(item, 'title', text(source.title))
  put(item, 'description', text(source.summary))
  put(item, 'content', text(source.content_html) || text(source.content_text))
  put(item, 'link', text(source.url))
  put(
    item,
    'links',
    [text(source.url), text(source.external_url)].filter(link => link !== '')
  )
  putDate(item, 'updated', text(source.date_modified))
  putDate(item, 'published', text(source.date_published))
  put(item, 'author', people[0])
  put(item, 'authors', people)
  put(item, 'guid', text(source.id))
  const image = text(source.image) || text(source.banner_image)
  if (image !== '') item.image = { url: image }
  put(item, 'categories', Array.isArray(source.tags) ? source.tags.map(text).filter(tag => tag !== '') : undefined)
  put(item, 'enclosures', listOf(source.attachments).map(enclosureOf))
  return item
}

const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'object' && item !== null) : []
}

/** Version 1.1 has `authors`, version 1 `author`. */
function peopleOf(source: Fields): Person[] {
  const people = listOf(source.authors)
  return (people.length > 0 ? people : listOf([source.author])).map(author => {
    const person: Person = {}
    put(person, 'name', text(author.name))
    return person
  })
}

function enclosureOf(source: Fields): Enclosure {
  const enclosure: Enclosure = {}
  put(enclosure, 'url', text(source.url))
  put(enclosure, 'length', text(source.size_in_bytes))
  put(enclosure, 'type', text(source.mime_type))
  return enclosure
}
