/** Tells the format of a text by its first line that is no comment, for a file whose extension says another one. */

import type { ConfigFormat } from './source-text.js'

const FORMS: readonly (readonly [ConfigFormat, RegExp])[] = [
  ['json', /^[{[]\s*(?:$|["{}\]])/],
  ['toml', /^(?:\[\[?[\w.-]+\]\]?|[\w."-]+\s*=)/],
  ['yaml', /^(?:---(?:\s|$)|%YAML|["']?[\w$@.-]+["']?:(?:\s|$))/]
]

/** Returns the format that a text has the form of; undefined where no form fits. */
export function looksLikeFormat(text: string): ConfigFormat | undefined {
  const line = /^(?:[^\S\n]*(?:#.*)?\n)*[^\S\n]*([^\n]*)/.exec(text)?.[1] ?? ''
  return FORMS.find(([, form]) => form.test(line))?.[0]
}
