/** `sluice-replace`: replaces literal strings in bodies of any size while they pass. */

import type { Body } from 'sluice/plugin'
import { compileMediaTypes, type MediaTypeTest, TEXT_TYPES } from '../media-types.js'
import { defineMessagePlugin } from '../message-plugin.js'
import { LiteralReplacer, Replacements } from './literal-replacer.js'

interface Options {
  readonly request?: Readonly<Record<string, string>>
  readonly response?: Readonly<Record<string, string>>
  readonly media_types: readonly string[]
}

const pairs = {
  type: 'object',
  additionalProperties: { type: 'string' },
  propertyNames: { minLength: 1, maxLength: 4096 },
  minProperties: 1
}

export const { HandlerRegisterer, ClientRegisterer, ModifierRegisterer } = defineMessagePlugin<Options>({
  name: 'sluice-replace',
  needs: 'stream',
  wants: 'whole',
  schema: {
    type: 'object',
    properties: {
      request: pairs,
      response: pairs,
      media_types: { type: 'array', items: { type: 'string', minLength: 1 }, default: TEXT_TYPES }
    },
    anyOf: [{ required: ['request'] }, { required: ['response'] }],
    additionalProperties: false
  },
  create({ request, response, media_types }) {
    const matches = compileMediaTypes(media_types, true)
    return {
      request: request && replacerOf(request, matches),
      response: response && replacerOf(response, matches)
    }
  }
})

function replacerOf(
  texts: Readonly<Record<string, string>>,
  matches: MediaTypeTest
): (message: { readonly headers: { get(name: string): string | undefined }; body: Body }) => void {
  const what = new Replacements(Object.entries(texts))
  return ({ headers, body }) => {
    if (matches(headers.get('content-type'))) body.transform(new LiteralReplacer(what), { decoded: true })
  }
}
