/** Tells that a text is a template which was not rendered, where it is no well-formed configuration for that reason. */

import { extname } from 'node:path'

interface Unrendered {
  readonly file: string
  readonly text: string
  readonly rendered: boolean
}

/** Returns what to say instead of a fault at `offset` of the text; undefined for a fault of any other kind. */
export function faultOfTemplate(source: Unrendered, offset = 0): { message: string; suggestion: string } | undefined {
  const { file, text, rendered } = source
  if (rendered || !text.includes('{{')) return undefined
  if (extname(file) !== '.tmpl' && !liesInAction(text, offset)) return undefined
  return {
    message: 'this file is a template (flexible configuration), and FC_ENABLE is not set',
    suggestion: `start it with FC_ENABLE=1, and name its folders by FC_SETTINGS, FC_TEMPLATES and FC_PARTIALS; \`sluice render -c ${file}\` prints the result`
  }
}

/** True when the fault lies in `{{ … }}`, or begins or ends beside it. */
function liesInAction(text: string, offset: number): boolean {
  const open = text.lastIndexOf('{{', offset)
  if (open === -1) return false
  const close = text.indexOf('}}', open)
  return close === -1 || text.slice(close + 2, offset).trim() === ''
}
