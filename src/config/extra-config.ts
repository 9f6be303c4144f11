/** One `extra_config`: long names shortened, what the gateway does not have reported, options checked by their schemas. */

import { type Findings, pointerTo } from './findings.js'
import { goType } from './go-type.js'
import { isObject } from './json-value.js'
import {
  COMMUNITY_NAMESPACES,
  ENTERPRISE_NAMESPACES,
  LONG_NAMES,
  type NamespaceEntry,
  type NamespaceTable,
  type Scope
} from './namespaces.js'
import { isFreeKey, type ObjectReader } from './object-reader.js'
import { type Fault, OptionSchemas } from './option-schemas.js'
import { didYouMean, nearest } from './suggest.js'
import type { ExtraConfig, Json } from './types.js'

/** An `extra_config` after normalisation, with the place of each namespace in the file. */
export interface ExtraParts {
  readonly extra: ExtraConfig
  readonly pointerOf: (namespace: string) => string
}

/** Normalises every `extra_config` of one configuration. */
export class ExtraConfigReader {
  readonly #entries = new Map<string, NamespaceEntry>()
  readonly #aliases = new Map<string, string>(LONG_NAMES)
  readonly #schemas = new OptionSchemas()
  readonly #names: readonly string[]
  readonly #findings: Findings

  constructor(table: NamespaceTable, findings: Findings) {
    this.#findings = findings
    for (const entry of table) {
      this.#entries.set(entry.namespace, entry)
      for (const alias of entry.aliases ?? []) this.#aliases.set(alias, entry.namespace)
    }
    this.#names = [...new Set([...this.#entries.keys(), ...COMMUNITY_NAMESPACES, ...ENTERPRISE_NAMESPACES])]
  }

  /** Reads the key `extra_config` of an object. The answer's values are those of the source, to be frozen with the rest. */
  read(owner: ObjectReader, scope: Scope): ExtraParts {
    const extra: Record<string, Json> = Object.create(null)
    const pointers = new Map<string, string>()
    const base = owner.at('extra_config')
    for (const [key, value] of Object.entries(this.#source(owner))) {
      if (isFreeKey(key)) continue
      const pointer = pointerTo(base, key)
      const namespace = this.#aliases.get(key) ?? key
      if (namespace in extra) {
        const other = pointers.get(namespace)!
        this.#findings.add('warning', key === namespace ? other : pointer, `'${namespace}' is given twice, the short name wins`)
        if (key !== namespace) continue
      }
      const options = this.#check(namespace, value, pointer, scope)
      if (options === undefined) continue
      extra[namespace] = options as Json
      pointers.set(namespace, pointer)
    }
    return { extra, pointerOf: namespace => pointers.get(namespace) ?? base }
  }

  #source(owner: ObjectReader): Record<string, unknown> {
    const value = owner.raw('extra_config')
    if (value === undefined) return {}
    if (isObject(value)) return value
    if (Array.isArray(value) && value.every(isObject)) return Object.assign(Object.create(null), ...value)
    const place = owner.place === '' ? 'extra_config' : `${owner.place}.extra_config`
    const message = `'${place}' expected type 'config.ExtraConfig', got unconvertible type '${goType(value)}'`
    this.#findings.add('fatal', owner.at('extra_config'), message, 'give an object of namespaces')
    return {}
  }

  /** Answers the options to keep, undefined to leave the namespace out. */
  #check(namespace: string, value: unknown, pointer: string, scope: Scope): unknown {
    const entry = this.#entries.get(namespace)
    if (entry === undefined) return this.#foreign(namespace, value, pointer)
    if (!entry.scopes.includes(scope)) {
      const message = `'${namespace}' does nothing at the level of the ${scope}`
      this.#findings.add('warning', pointer, message, `it belongs to the ${entry.scopes.join(' or the ')}`)
      return undefined
    }
    if (entry.schema !== undefined) return this.#bySchema(namespace, value, pointer, entry.schema, entry.guard ?? false)
    if (typeof value === 'object' && value !== null) return value
    this.#findings.add('error', pointer, `'${namespace}' expected an object, got ${goType(value)}`)
    return undefined
  }

  #foreign(namespace: string, value: unknown, pointer: string): unknown {
    const enterprise = ENTERPRISE_NAMESPACES.has(namespace)
    if (enterprise || COMMUNITY_NAMESPACES.has(namespace)) {
      const message = `Sluice does not have the namespace '${namespace}'${enterprise ? ' (KrakenD Enterprise)' : ''}`
      this.#findings.add('error', pointer, message, 'remove it, or start with --tolerant to leave it out')
      return undefined
    }
    this.#findings.add('warning', pointer, `unknown namespace '${namespace}'`, didYouMean(namespace, this.#names))
    return value
  }

  #bySchema(namespace: string, value: unknown, pointer: string, schema: object, guard: boolean): unknown {
    const faults = this.#schemas.check(namespace, schema, value)
    if (faults.length === 0) return value
    let kept: unknown = value
    for (const fault of faults) {
      if (fault.unknownKey) {
        const suggestion = nearest(fault.unknownKey, fault.knownKeys)
        const message = `unknown key '${fault.unknownKey}' is ignored`
        this.#findings.add('warning', pointer + fault.pointer, message, suggestion && `did you mean \`${suggestion}\`?`)
        continue
      }
      this.#findings.add('error', pointer + fault.pointer, `'${namespace}': ${fault.message}`)
      if (!guard) kept = without(kept, fault)
    }
    return kept
  }
}

/** Drops the option that a fault is about, so that it keeps its default; a fault of the whole drops the namespace. */
function without(value: unknown, fault: Fault): unknown {
  if (fault.topKey === undefined || !isObject(value)) return undefined
  const copy: Record<string, unknown> = Object.assign(Object.create(null), value)
  delete copy[fault.topKey]
  return copy
}
