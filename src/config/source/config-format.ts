/** The format of a configuration: by the extension of its file, and by the form of its text. */

import { extname } from 'node:path'

export type ConfigFormat = 'json' | 'yaml' | 'toml'

/** Chooses the format by the file's extension; whatever is not YAML or TOML is JSON. */
export function formatOf(file: string): ConfigFormat {
  const extension = extname(file).toLowerCase()
  if (extension === '.yml' || extension === '.yaml') return 'yaml'
  return extension === '.toml' ? 'toml' : 'json'
}

const FORMS: readonly (readonly [ConfigFormat, RegExp])[] = [
  ['json', /^[{[]\s*(?:$|["{}\]])/],
  ['toml', /^(?:\[\[?[\w.-]+\]\]?|[\w."-]+\s*=)/],
  ['yaml', /^(?:---(?:\s|$)|%YAML|["']?[\w$@.-]+["']?:(?:\s|$))/]
]

/** Returns the format that a text has the form of, by its first line that is no comment; undefined where no form fits. */
export function looksLikeFormat(text: string): ConfigFormat | undefined {
  const line = /^(?:[^\S\n]*(?:#.*)?\n)*[^\S\n]*([^\n]*)/.exec(text)?.[1] ?? ''
  return FORMS.find(([, form]) => form.test(line))?.[0]
}
