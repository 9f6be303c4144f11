/**
 * The renderers by their KrakenD names: what an endpoint's `output_encoding` chooses.
 *
 * In: the data of the response, undefined when there was none, and the client's Accept. Out: a body with its media type. `json`,
 * `json-collection`, `string`, `xml`, `yaml`, `negotiate`. `no-op` renders nothing and never comes here.
 */

import { renderJson, renderJsonCollection } from './json-render.js'
import { openObject } from './json-scan.js'
import { createNegotiation } from './negotiate.js'
import type { Renderer } from './types.js'
import { renderXml } from './xml-render.js'
import { loadYaml, renderYaml } from './yaml-render.js'

const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'
const EMPTY = Buffer.alloc(0)
const QUOTE = 0x22

/** Renders data as JSON; no response is `{}`, a null document `null`. */
export const renderJsonBody: Renderer = data => ({ contentType: JSON_TYPE, body: renderJson(data) })

const renderCollectionBody: Renderer = data => ({ contentType: JSON_TYPE, body: renderJsonCollection(data) })

/** Renders `content` when it is a string, else an empty text. */
const renderString: Renderer = data => {
  const content = data === undefined || data === null ? undefined : openObject(data).get('content')
  const isString = content?.kind === 'raw' && content.first === QUOTE
  if (!isString) return { contentType: TEXT_TYPE, body: EMPTY }
  const text: string = JSON.parse(content.source.toString('utf8'))
  return { contentType: TEXT_TYPE, body: Buffer.from(text, 'utf8') }
}

const RENDERERS: ReadonlyMap<string, Renderer> = new Map([
  ['json', renderJsonBody],
  ['json-collection', renderCollectionBody],
  ['string', renderString],
  ['xml', renderXml],
  ['yaml', renderYaml],
  ['negotiate', createNegotiation({ json: renderJsonBody, xml: renderXml, yaml: renderYaml })]
])

/** The names that `output_encoding` may have, but for `no-op`. */
export const RENDERER_NAMES: readonly string[] = [...RENDERERS.keys()]

/** Whether a name has a renderer of its own, so that the fallback rule does not apply. */
export function isRendererName(name: string, extra?: ReadonlyMap<string, Renderer>): boolean {
  return RENDERERS.has(name) || extra?.has(name) === true
}

/**
 * Chooses a renderer; called at boot. The library that a renderer needs begins to load here.
 * @param outputEncoding case-sensitive. A name that nobody knows falls back to the renderer named like the only backend's encoding, else JSON
 * @param singleBackendEncoding the encoding of the endpoint's backend when it has exactly one
 * @param extra encodings that users of the library added; they win
 */
export function rendererFor(
  outputEncoding: string,
  singleBackendEncoding: string | undefined,
  extra?: ReadonlyMap<string, Renderer>
): Renderer {
  const name = isRendererName(outputEncoding, extra) ? outputEncoding : (singleBackendEncoding ?? 'json')
  const own = extra?.get(name)
  if (own !== undefined) return own
  if (name === 'yaml' || name === 'negotiate') loadYaml().catch(() => undefined) // a failed load is reported by the first rendering
  return RENDERERS.get(name) ?? renderJsonBody
}
