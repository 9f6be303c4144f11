/** `sluice-json-editor`: sets, removes and renames fields of JSON bodies. */

import type { Body } from 'sluice/plugin'
import { isJsonType } from '../media-types.js'
import { defineMessagePlugin } from '../message-plugin.js'
import { compileEdits, type Edit, type EditOptions } from './edits.js'

interface Options {
  readonly request?: EditOptions
  readonly response?: EditOptions
}

const edits = {
  type: 'object',
  properties: {
    remove: { type: 'array', items: { type: 'string', minLength: 1 } },
    rename: { type: 'object', additionalProperties: { type: 'string', minLength: 1 } },
    set: { type: 'object' }
  },
  additionalProperties: false
}

export const { HandlerRegisterer, ClientRegisterer, ModifierRegisterer } = defineMessagePlugin<Options>({
  name: 'sluice-json-editor',
  needs: 'data',
  wants: 'whole',
  schema: { type: 'object', properties: { request: edits, response: edits }, additionalProperties: false },
  create(options) {
    const request = compileEdits(options.request ?? {})
    const response = compileEdits(options.response ?? {})
    if (request === undefined && response === undefined) {
      throw new Error("nothing to edit: give 'request' or 'response' something to set, remove or rename")
    }
    return { request: request && editorOf(request), response: response && editorOf(response) }
  }
})

function editorOf(
  edit: Edit
): (message: { readonly headers: { get(name: string): string | undefined }; body: Body }) => Promise<void> {
  return async ({ headers, body }) => {
    if (!isJsonType(headers.get('content-type'))) return
    if (edit(await body.json())) body.touchJson()
  }
}
