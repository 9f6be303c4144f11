/**
 * The `rss` decoder: RSS 0.9x, 1.0 and 2.0, Atom and JSON Feed in one shape, that of KrakenD.
 *
 * Keys: items, author, categories, custom, copyright, description, type (`rss`, `atom`, `json`), language, title, published, updated,
 * and img_url when there is an image. What a feed does not say is "" for texts, null for the rest, no items for `items`; items leave it out.
 */

import { GatewayError } from '../../errors.js'
import { ObjectNode, RawNode } from '../../message/json/node.js'
import { runSliced, type Sliced } from '../../message/slices.js'
import { joinTexts } from '../join-texts.js'
import type { Decoder } from '../types.js'
import { decodeAtom } from './atom.js'
import { decodeJsonFeed } from './json.js'
import { decodeRssTree } from './rss.js'
import { readTree } from './tree.js'
import type { Feed } from './types.js'

/** Decodes a feed; the kind is told by the root of the document, not by its media type. */
export const decodeRss: Decoder = (bytes, { contentType, scope }) => runSliced(feedData(bytes, contentType), scope)

function* feedData(bytes: Buffer, contentType: string): Sliced<ObjectNode> {
  const { imageUrl, items, ...shown } = yield* readFeed(bytes, contentType)
  const rest = JSON.stringify(imageUrl === undefined ? shown : { ...shown, img_url: imageUrl })
  const text = `{"items":[${joinTexts(items, ',')}],${rest.slice(1)}`
  return new ObjectNode(undefined, new RawNode(undefined, Buffer.from(text, 'utf8')))
}

function* readFeed(bytes: Buffer, contentType: string): Sliced<Feed> {
  const first = firstCharacter(bytes)
  if (first === '{') return yield* decodeJsonFeed(bytes)
  if (first !== '<') throw notAFeed()
  const root = yield* readTree(bytes, contentType)
  const name = root.local.toLowerCase()
  if (name === 'rss' || name === 'rdf') return yield* decodeRssTree(root)
  if (name === 'feed') return yield* decodeAtom(root)
  throw notAFeed()
}

/** Finds the first character that is no white space; bytes of a byte order mark and the zeros of UTF-16 are passed over. */
function firstCharacter(bytes: Buffer): string {
  for (const byte of bytes) if (!PASSED_OVER.has(byte)) return String.fromCharCode(byte)
  return ''
}
const PASSED_OVER: ReadonlySet<number> = new Set([0x00, 0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf, 0xfe, 0xff])

function notAFeed(): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_DECODE', { message: 'Failed to detect feed type' })
}
