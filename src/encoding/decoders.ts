/**
 * The decoders by their KrakenD names: what a backend's `encoding` chooses.
 *
 * In: the bytes of a response, Content-Encoding undone. Out: its data. `json`, `safejson`, `string`, `xml`, `rss`; a name that no decoder
 * knows (KrakenD's Enterprise names too) means `json`. `no-op` decodes nothing and never comes here.
 */

import { ObjectNode, RawNode } from '../message/json/node.js'
import { type Demand, runSliced, type Sliced } from '../message/slices.js'
import { ByteWriter } from './byte-writer.js'
import { decodeRss } from './feed/decode.js'
import { collectionOf, objectOf, readJson, readShortJson, safeOf } from './json/decode.js'
import type { Decoder } from './types.js'
import { utf8Pieces } from './utf8.js'
import { decodeXml } from './xml/decode.js'
import { loadXml } from './xml/read.js'

/** Decodes an object, or with `isCollection` an array under `collection`. */
const decodeJson: Decoder = (bytes, { isCollection, scope }) => decodeAs(isCollection ? collectionOf : objectOf, bytes, scope)

const decodeSafeJson: Decoder = (bytes, { scope }) => decodeAs(safeOf, bytes, scope)

type Judge = (raw: RawNode) => ObjectNode | null

function decodeAs(judge: Judge, bytes: Buffer, scope: Demand | undefined): ReturnType<Decoder> {
  const short = readShortJson(bytes)
  return short === undefined ? runSliced(judged(judge, bytes), scope) : judge(short)
}

function* judged(judge: Judge, bytes: Buffer): Sliced<ObjectNode | null> {
  return judge(yield* readJson(bytes))
}

/** Takes the whole text as `content`; bytes that are not UTF-8 become U+FFFD, as in KrakenD. */
const decodeString: Decoder = (bytes, { scope }) => runSliced(contentOf(bytes), scope)

function* contentOf(bytes: Buffer): Sliced<ObjectNode> {
  const out = new ByteWriter(bytes.length)
  out.text('{"content":"')
  let pieces = 0
  for (const piece of utf8Pieces(bytes)) {
    if (pieces++ > 0) yield
    out.text(JSON.stringify(piece).slice(1, -1))
  }
  out.text('"}')
  return new ObjectNode(undefined, new RawNode(undefined, out.finish()))
}

const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ['json', decodeJson],
  ['safejson', decodeSafeJson],
  ['string', decodeString],
  ['xml', decodeXml],
  ['rss', decodeRss]
])

/** The decoders that look at nothing but the bytes. */
const BY_BYTES: ReadonlySet<Decoder> = new Set([decodeJson, decodeSafeJson, decodeString])

/** Whether a decoder looks at the upstream's Content-Type. */
export const readsContentType = (decoder: Decoder): boolean => !BY_BYTES.has(decoder)

/** The names that `encoding` may have, but for `no-op`. */
export const DECODER_NAMES: readonly string[] = [...DECODERS.keys()]

/**
 * Chooses a decoder; called at boot. The library that a decoder needs begins to load here, so that no request waits for it.
 * @param name the backend's `encoding`, any case; unknown and '' mean `json`
 * @param extra encodings that users of the library added, by lower-cased name; they win
 */
export function decoderFor(name: string, extra?: ReadonlyMap<string, Decoder>): Decoder {
  const key = decoderName(name, extra)
  const own = extra?.get(key)
  if (own !== undefined) return own
  if (key === 'xml' || key === 'rss') loadXml().catch(() => undefined) // a failed load is reported by the first decode
  return DECODERS.get(key)!
}

/** The name of the decoder that {@link decoderFor} chooses. */
export function decoderName(name: string, extra?: ReadonlyMap<string, Decoder>): string {
  const key = name.toLowerCase()
  return DECODERS.has(key) || extra?.has(key) === true ? key : 'json'
}
