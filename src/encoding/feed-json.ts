/** JSON Feed, versions 1 and 1.1. */

import { decodeError } from './decode-error.js'
import { type Enclosure, type Feed, type FeedItem, type Person, put, putDate } from './feed-types.js'

type Fields = { readonly [key: string]: unknown }

/**
 * Decodes a JSON Feed.
 * @throws GatewayError SLUICE_ERR_UPSTREAM_DECODE when it is no JSON object
 */
export function decodeJsonFeed(bytes: Buffer): Feed {
  const feed = parseObject(bytes)
  const items = listOf(feed.items)
  return {
    items: items.length === 0 ? null : items.map(itemOf),
    author: peopleOf(feed)[0] ?? null,
    categories: null,
    custom: null,
    copyright: '',
    description: text(feed.description),
    type: 'json',
    language: text(feed.language),
    title: text(feed.title),
    // a JSON Feed has no dates of its own: those of its newest item, which comes first
    published: text(items[0]?.date_published),
    updated: text(items[0]?.date_modified),
    imageUrl: text(feed.icon) || undefined
  }
}

function parseObject(bytes: Buffer): Fields {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''))
    return value as Fields // it begins with a brace
  } catch (error) {
    throw decodeError('RSS', 'not a JSON Feed', error)
  }
}

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
