/**
 * The `yaml` renderer, through the `yaml` library, loaded when an endpoint asks for it.
 *
 * KrakenD's layout: keys sorted, sequences not indented, long lines not folded, double quotes where quotes are needed. Its oddity is
 * kept: numbers come out as quoted strings (`a: "1"`), so they keep their spelling and readers that cope with it go on working.
 */

import type { CreateNodeOptions, DocumentOptions, SchemaOptions, ToStringOptions } from 'yaml'
import { GatewayError } from '../errors.js'
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

/**
 * Renders `application/yaml`; no response is `{}`, a null document `null`.
 * @throws GatewayError SLUICE_ERR_GATEWAY_INTERNAL for data that is nested too deep for the library (some hundreds of levels).
 */
export const renderYaml: Renderer = async data => {
  const yaml = await loadYaml()
  const value = data === undefined ? {} : plainOf(data)
  try {
    const document = new yaml.Document(value, DOCUMENT)
    return { contentType: CONTENT_TYPE, body: Buffer.from(document.toString(LAYOUT), 'utf8') }
  } catch (cause) {
    throw new GatewayError('SLUICE_ERR_GATEWAY_INTERNAL', { message: 'the data cannot be written as YAML', cause })
  }
}

const keyOf = (key: unknown): string => String(key instanceof Object && 'value' in key ? key.value : key)

const DOCUMENT: CreateNodeOptions & DocumentOptions & SchemaOptions = {
  version: '1.1', // quotes what YAML 1.1 readers, KrakenD's clients among them, would take for booleans: yes, on, y
  aliasDuplicateObjects: false,
  sortMapEntries: (a, b) => compareKeys(keyOf(a.key), keyOf(b.key))
}

const LAYOUT: ToStringOptions = { lineWidth: 0, indentSeq: false, singleQuote: false, directives: false }
