/** Tells that a text is a template which was not rendered. */

import { extname } from 'node:path'

interface Unrendered {
  readonly file: string
  readonly text: string
  readonly rendered: boolean
}

interface Hint {
  readonly message: string
  readonly suggestion: string
}

/** Returns what to say instead of a fault at `offset` of the text; undefined for a fault of any other kind. */
export function faultOfTemplate(source: Unrendered, offset = 0): Hint | undefined {
  return looksUnrendered(source) && (isTemplateFile(source) || liesInAction(source.text, offset)) ? hintFor(source) : undefined
}

/** Returns what to say of a template whose actions stand in texts, so that it is well-formed as it is. */
export function warningOfTemplate(source: Unrendered): Hint | undefined {
  return looksUnrendered(source) && isTemplateFile(source) ? hintFor(source) : undefined
}

const looksUnrendered = ({ text, rendered }: Unrendered): boolean => !rendered && text.includes('{{')

const isTemplateFile = ({ file }: Unrendered): boolean => extname(file) === '.tmpl'

const hintFor = ({ file }: Unrendered): Hint => ({
  message: 'this file is a template (flexible configuration), and FC_ENABLE is not set',
  suggestion: `start it with FC_ENABLE=1, and name its folders by FC_SETTINGS, FC_TEMPLATES and FC_PARTIALS; \`sluice render -c ${file}\` prints the result`
})

/** True when the fault lies in `{{ … }}`, or begins or ends beside it. */
function liesInAction(text: string, offset: number): boolean {
  const open = text.lastIndexOf('{{', offset)
  if (open === -1) return false
  const close = text.indexOf('}}', open)
  return close === -1 || text.slice(close + 2, offset).trim() === ''
}
