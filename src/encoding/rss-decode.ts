/**
 * The `rss` decoder: RSS 0.9x, 1.0 and 2.0, Atom and JSON Feed in one shape, that of KrakenD.
 *
 * Keys: items, author, categories, custom, copyright, description, type (`rss`, `atom`, `json`), language, title, published, updated,
 * and img_url when there is an image. What a feed does not say is "" for texts, null for the rest; items leave it out.
 */

import { GatewayError } from '../errors.js'
import { decodeAtom } from './feed-atom.js'
import { decodeJsonFeed } from './feed-json.js'
import { decodeRssTree } from './feed-rss.js'
import { readTree } from './feed-tree.js'
import type { Feed } from './feed-types.js'
import { nodeOfValue } from './plain-value.js'
import type { Decoder } from './types.js'
import { decodeText } from './xml-read.js'

/** Decodes a feed; the kind is told by the root of the document, not by its media type. */
export const decodeRss: Decoder = async (bytes, { contentType }) => {
  const feed = await parseFeed(bytes, contentType)
  const { imageUrl, ...shown } = feed
  return nodeOfValue(imageUrl === undefined ? shown : { ...shown, img_url: imageUrl })
}

async function parseFeed(bytes: Buffer, contentType: string): Promise<Feed> {
  const first = firstCharacter(bytes, contentType)
  if (first === '{') return decodeJsonFeed(bytes)
  if (first !== '<') throw notAFeed()
  const root = await readTree(bytes, contentType)
  const name = root.local.toLowerCase()
  if (name === 'rss' || name === 'rdf') return decodeRssTree(root)
  if (name === 'feed') return decodeAtom(root)
  throw notAFeed()
}

function firstCharacter(bytes: Buffer, contentType: string): string {
  return decodeText(bytes, contentType).trimStart().slice(0, 1)
}

function notAFeed(): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_DECODE', { message: 'Failed to detect feed type' })
}
