/**
 * What the rules of an audit look at: endpoints, backends and components of one configuration, each with its place in the file.
 *
 * It is made of the document and not of the typed configuration: components that the gateway does not have count too.
 */

import { Findings, pointerTo } from '../config/findings.js'
import { isObject } from '../config/json-value.js'
import { LONG_NAMES } from '../config/namespaces.js'
import { isFreeKey, ObjectReader } from '../config/object-reader.js'

/** A component's options, and where they stand. */
export interface ComponentPart {
  readonly pointer: string
  /** `{}` when they are no object. */
  readonly options: Readonly<Record<string, unknown>>
  /** The options as they stand there. */
  readonly value: unknown
  readonly isObject: boolean
}

/** An object of the file with its components. */
export interface ConfigPart {
  readonly reader: ObjectReader
  readonly pointer: string
  /** By KrakenD's short names. */
  readonly components: ReadonlyMap<string, ComponentPart>
}

export interface BackendPart extends ConfigPart {
  /** Upper-cased. */
  readonly method: string
}

export interface EndpointPart extends ConfigPart {
  readonly path: string
  /** Upper-cased. */
  readonly method: string
  readonly timeoutMs: number
  readonly outputEncoding: string
  readonly inputHeaders: readonly string[]
  readonly inputQueryStrings: readonly string[]
  readonly backends: readonly BackendPart[]
}

export interface ServicePart extends ConfigPart {
  readonly endpoints: readonly EndpointPart[]
  readonly agents: readonly ConfigPart[]
}

const DEFAULT_TIMEOUT_MS = 2000

/** Takes stock of a configuration that a load has accepted. */
export function takeInventory(root: Readonly<Record<string, unknown>>): ServicePart {
  // Faults of single options are told by the load.
  const reader = new ObjectReader(root, '', '', new Findings('', true), 'weak')
  const timeoutMs = reader.duration('timeout', 0) || DEFAULT_TIMEOUT_MS
  const outputEncoding = reader.string('output_encoding', '') || 'json'
  return {
    ...partOf(reader),
    endpoints: present(reader.objects('endpoints')).map(one => endpointPart(one, timeoutMs, outputEncoding)),
    agents: present(reader.objects('async_agent')).map(partOf)
  }
}

function endpointPart(reader: ObjectReader, timeoutMs: number, outputEncoding: string): EndpointPart {
  const given = reader.raw('method')
  // Of several methods one that writes tells most.
  const methods = Array.isArray(given) ? reader.strings('method') : [given === '*' ? 'POST' : reader.string('method', '')]
  const method = (methods.find(one => !/^(get|head|)$/i.test(one)) ?? methods[0] ?? '').toUpperCase() || 'GET'
  return {
    ...partOf(reader),
    path: reader.string('endpoint', ''),
    method,
    timeoutMs: reader.duration('timeout', 0) || timeoutMs,
    outputEncoding: reader.string('output_encoding', '') || outputEncoding,
    inputHeaders: reader.strings('input_headers'),
    inputQueryStrings: reader.strings('input_query_strings'),
    backends: present(reader.objects('backend')).map(one => ({
      ...partOf(one),
      method: one.string('method', '').toUpperCase() || method
    }))
  }
}

const present = (readers: readonly (ObjectReader | undefined)[]): readonly ObjectReader[] =>
  readers.filter(reader => reader !== undefined)

function partOf(reader: ObjectReader): ConfigPart {
  return { reader, pointer: reader.pointer, components: componentsOf(reader) }
}

function componentsOf(reader: ObjectReader): ReadonlyMap<string, ComponentPart> {
  const components = new Map<string, ComponentPart>()
  const base = reader.at('extra_config')
  const extra = reader.raw('extra_config')
  const parts: readonly unknown[] = Array.isArray(extra) ? extra : [extra]
  for (const part of parts) {
    if (!isObject(part)) continue
    for (const [key, options] of Object.entries(part)) {
      if (isFreeKey(key)) continue
      const namespace = LONG_NAMES.get(key) ?? key
      // The short name wins over the long one.
      if (namespace !== key && components.has(namespace)) continue
      const known = isObject(options)
      components.set(namespace, { pointer: pointerTo(base, key), options: known ? options : {}, value: options, isObject: known })
    }
  }
  return components
}
