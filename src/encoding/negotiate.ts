/**
 * The `negotiate` renderer: the client's Accept field chooses among JSON, XML and YAML, by KrakenD's rules.
 *
 * The first range of the field that fits an offer wins, weights are not read; offers in order: `application/json`, `text/plain`,
 * `application/xml`, `application/x-yaml`. Plain text is answered as YAML. Nothing that fits (`application/yaml` too): JSON.
 */

import type { Renderer } from './types.js'

/** What each offer is rendered as. */
export type Format = 'json' | 'xml' | 'yaml'

const OFFERS: readonly (readonly [mediaType: string, format: Format])[] = [
  ['application/json', 'json'],
  ['text/plain', 'yaml'],
  ['application/xml', 'xml'],
  ['application/x-yaml', 'yaml']
]

/** Chooses the format for an Accept field, '' when absent. */
function selectFormat(accept: string): Format {
  for (const part of accept.split(',')) {
    const semicolon = part.indexOf(';')
    const range = (semicolon === -1 ? part : part.slice(0, semicolon)).trim()
    if (range === '') continue
    for (const [mediaType, format] of OFFERS) {
      if (fits(range, mediaType)) return format
    }
  }
  return 'json'
}

/** Case-sensitive; a range that is the beginning of an offer fits, everything behind its `*` is open. */
function fits(range: string, mediaType: string): boolean {
  const star = range.indexOf('*')
  return mediaType.startsWith(star === -1 ? range : range.slice(0, star))
}

/** Creates the renderer from those of the three formats. */
export function createNegotiation(formats: Readonly<Record<Format, Renderer>>): Renderer {
  return (data, accept, scope) => formats[selectFormat(accept)](data, accept, scope)
}
