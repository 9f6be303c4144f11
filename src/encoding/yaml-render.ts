/**
 * The `yaml` renderer, through the `yaml` library, loaded when an endpoint asks for it.
 *
 * KrakenD's layout: keys sorted, sequences not indented, long lines not folded, double quotes where quotes are needed. Its oddity is
 * kept: numbers come out as quoted strings (`a: "1"`), so they keep their spelling and readers that cope with it go on working.
 */

import { compareKeys, plainOf } from './plain-value.js'
import type { Renderer } from './types.js'

type Yaml = typeof import('yaml')
let loading: Promise<Yaml> | undefined

/** Loads the YAML library once; called when a pipe is built, so that no request waits for it. */
export function loadYaml(): Promise<Yaml> {
  loading ??= import('yaml')
  return loading
}

const CONTENT_TYPE = 'application/yaml; charset=utf-8'

/** Renders `application/yaml`; no response is `{}`, a null document `null`. */
export const renderYaml: Renderer = async data => {
  const yaml = await loadYaml()
  const document = new yaml.Document(data === undefined ? {} : plainOf(data), {
    version: '1.1', // quotes what YAML 1.1 readers, KrakenD's clients among them, would take for booleans: yes, on, y
    aliasDuplicateObjects: false,
    sortMapEntries: (a, b) => compareKeys(keyOf(a.key), keyOf(b.key))
  })
  const text = document.toString({
    lineWidth: 0,
    indentSeq: false,
    singleQuote: false,
    directives: false,
    flowCollectionPadding: false
  })
  return { contentType: CONTENT_TYPE, body: Buffer.from(text, 'utf8') }
}

const keyOf = (key: unknown): string => String(key instanceof Object && 'value' in key ? key.value : key)
