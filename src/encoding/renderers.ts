/**
 * The renderers by their KrakenD names: what an endpoint's `output_encoding` chooses.
 *
 * In: the data of the response, undefined when there was none, and the client's Accept. Out: a body with its media type. `json`,
 * `json-collection`, `string`, `xml`, `yaml`, `negotiate`. `no-op` renders nothing and never comes here.
 */

import type { ObjectNode } from '../message/json/node.js'
import { renderClosed, writeJson, writeJsonCollection } from '../message/json/render.js'
import { openFields } from '../message/json/scan.js'
import type { Pieces } from '../message/pieces.js'
import { runSliced, type Sliced } from '../message/slices.js'
import { unescapeString } from './json/string.js'
import { createNegotiation } from './negotiate.js'
import type { Rendered, Renderer } from './types.js'
import { renderXml } from './xml/render.js'
import { renderYaml } from './yaml/render.js'

const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'
const EMPTY = Buffer.alloc(0)
const QUOTE = 0x22

/** Renders data as JSON; no response is `{}`, a null document `null`. */
const renderJsonBody: Renderer = (data, _accept, scope) => {
  const body = renderClosed(data) ?? runSliced(writeJson(data), scope)
  return body instanceof Promise
    ? body.then(ready => ({ contentType: JSON_TYPE, body: ready }))
    : { contentType: JSON_TYPE, body }
}

const renderCollectionBody: Renderer = (data, _accept, scope) => runSliced(rendered(JSON_TYPE, writeJsonCollection(data)), scope)

const renderString: Renderer = (data, _accept, scope) => runSliced(rendered(TEXT_TYPE, writeContent(data)), scope)

function* rendered(contentType: string, body: Sliced<Buffer | Pieces>): Sliced<Rendered> {
  return { contentType, body: yield* body }
}

/** Writes `content` when it is a string, else nothing. */
function* writeContent(data: ObjectNode | null | undefined): Sliced<Buffer> {
  const content = data === undefined || data === null ? undefined : (yield* openFields(data)).get('content')
  return content?.kind === 'raw' && content.first === QUOTE ? yield* unescapeString(content.source) : EMPTY
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
 * Chooses a renderer; called at boot.
 * @param outputEncoding case-sensitive. An unknown name falls back to the renderer named like the only backend's encoding, else JSON
 * @param singleBackendEncoding the encoding of the endpoint's backend when it has exactly one
 * @param extra encodings that users of the library added; they win
 */
export function rendererFor(
  outputEncoding: string,
  singleBackendEncoding: string | undefined,
  extra?: ReadonlyMap<string, Renderer>
): Renderer {
  const name = rendererName(outputEncoding, singleBackendEncoding, extra)
  return extra?.get(name) ?? RENDERERS.get(name)!
}

/** The name of the renderer that {@link rendererFor} chooses. */
export function rendererName(
  outputEncoding: string,
  singleBackendEncoding: string | undefined,
  extra?: ReadonlyMap<string, Renderer>
): string {
  if (isRendererName(outputEncoding, extra)) return outputEncoding
  return singleBackendEncoding !== undefined && isRendererName(singleBackendEncoding, extra) ? singleBackendEncoding : 'json'
}
