/** One `extra_config`: long names shortened, what the gateway does not have reported, options checked by their schemas. */

import { type Findings, pointerTo, UNKNOWN_KEYS, UNKNOWN_NAMESPACES, WITHOUT_EFFECT } from './findings.js'
import { goType } from './go-type.js'
import { insteadOf, isOnlyWatching } from './instead.js'
import { isObject, NOTHING } from './json-value.js'
import {
  COMMUNITY_NAMESPACES,
  ENTERPRISE_NAMESPACES,
  LONG_NAMES,
  type NamespaceEntry,
  type NamespaceScope,
  type NamespaceTable
} from './namespaces.js'
import { isFreeKey, type ObjectReader } from './object-reader.js'
import { OptionSchemas } from './option-schemas.js'
import { isProtecting, isTransport, meantProtection } from './protection.js'
import { didYouMean, nearest } from './suggest.js'
import type { ExtraConfig, Json } from './types.js'

/** An `extra_config` after normalisation, with the place of each namespace in the file. */
export interface ExtraParts {
  readonly extra: ExtraConfig
  readonly pointerOf: (namespace: string) => string
  /** A namespace in place of the HTTP call that the gateway does not have, undefined when there is none. */
  readonly missingTransport: string | undefined
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

  /** Reads the key `extra_config` of an object. The values returned are those of the source, to be frozen with the rest. */
  read(owner: ObjectReader, scope: NamespaceScope): ExtraParts {
    if (owner.raw('extra_config') === undefined)
      return { extra: NOTHING, pointerOf: () => owner.at('extra_config'), missingTransport: undefined }
    const extra: Record<string, Json> = Object.create(null)
    const pointers = new Map<string, string>()
    const base = owner.at('extra_config')
    let missingTransport: string | undefined
    for (const [key, value] of Object.entries(this.#source(owner))) {
      if (isFreeKey(key)) continue
      const pointer = pointerTo(base, key)
      const namespace = this.#aliases.get(key) ?? key
      if (namespace in extra) {
        const other = pointers.get(namespace)!
        this.#findings.add('warning', key === namespace ? other : pointer, `'${namespace}' is given twice, the short name wins`)
        if (key !== namespace) continue
      }
      if (isTransport(namespace) && !this.#entries.has(namespace)) missingTransport ??= namespace
      const options = this.#check(namespace, value, pointer, scope)
      if (options === undefined) continue
      extra[namespace] = options as Json
      pointers.set(namespace, pointer)
      this.#findings.spelled(pointerTo(`${owner.pointer}/extra_config`, namespace), pointer)
    }
    return { extra, pointerOf: namespace => pointers.get(namespace) ?? base, missingTransport }
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

  /** Returns the options to keep, undefined to leave the namespace out. */
  #check(namespace: string, value: unknown, pointer: string, scope: NamespaceScope): unknown {
    if (value === null && !isProtecting(namespace) && !isTransport(namespace)) {
      this.#findings.add('warning', pointer, `'${namespace}' is null: it is left out`, 'give its options, or remove it')
      return undefined
    }
    const entry = this.#entries.get(namespace)
    if (entry === undefined) return this.#unknown(namespace, value, pointer)
    if (!entry.scopes.includes(scope)) {
      const message = `'${namespace}' does nothing at the level of the ${scope}`
      const severity = isProtecting(namespace) && !this.#findings.tolerant ? 'error' : 'warning'
      const kind = severity === 'warning' ? WITHOUT_EFFECT : undefined
      this.#findings.add(severity, pointer, message, `it belongs to the ${entry.scopes.join(' or the ')}`, kind)
      return undefined
    }
    if (isOnlyWatching(namespace) && !isObject(value)) {
      const message = `'${namespace}' expected an object, got ${goType(value)}: it is left out`
      this.#findings.add('warning', pointer, message, 'give its options, or remove it')
      return undefined
    }
    if (entry.schema !== undefined) return this.#bySchema(entry, value, pointer, entry.schema)
    if (typeof value === 'object' && value !== null) return value
    this.#findings.add('error', pointer, `'${namespace}' expected an object, got ${goType(value)}`)
    return undefined
  }

  #unknown(namespace: string, value: unknown, pointer: string): unknown {
    const enterprise = ENTERPRISE_NAMESPACES.has(namespace)
    if (enterprise || COMMUNITY_NAMESPACES.has(namespace)) {
      const message = `Sluice does not have the namespace '${namespace}'${enterprise ? ' (KrakenD Enterprise)' : ''}`
      const instead = insteadOf(namespace)
      if (isOnlyWatching(namespace)) {
        // What only watches may be absent: responses are the same without it.
        this.#findings.add('warning', pointer, `${message}, it is left out`, instead)
        return undefined
      }
      const outcome = isTransport(namespace) ? 'let this endpoint answer 500' : 'leave it out'
      const choices = `remove it, or start with --tolerant to ${outcome}`
      this.#findings.add('error', pointer, message, instead === undefined ? choices : `${instead}; or ${choices}`)
      return undefined
    }
    const meant = meantProtection(namespace)
    if (meant !== undefined) {
      const message = `unknown namespace '${namespace}': what it is meant to protect would be open`
      const name = meant.namespace === undefined ? '' : `did you mean \`${meant.namespace}\`? Else `
      const suggestion = `${name}remove it, or start its name with @ $ _ # to keep it as a note`
      this.#findings.add(this.#findings.tolerant ? 'warning' : 'error', pointer, message, suggestion)
      return value
    }
    const otherLong = LONG_NAMES.get(namespace.replace(/^github([._])com/, (_, dot) => `github${dot === '.' ? '_' : '.'}com`))
    const suggestion = otherLong === undefined ? didYouMean(namespace, this.#names) : `did you mean \`${otherLong}\`?`
    this.#findings.add('warning', pointer, `unknown namespace '${namespace}'`, suggestion, UNKNOWN_NAMESPACES)
    return value
  }

  #bySchema({ namespace, guard, caseless }: NamespaceEntry, value: unknown, pointer: string, schema: object): unknown {
    const named = caseless ? withKnownNames(value, schema) : value
    let kept = named
    for (const fault of this.#schemas.check(schema, named)) {
      const comment = fault.path.findIndex(isFreeKey)
      if (comment !== -1) {
        kept = without(kept, fault.path.slice(0, comment + 1))
        continue
      }
      if (fault.unknownKey !== undefined) {
        const suggestion = nearest(fault.unknownKey, fault.knownKeys)
        // An option of a protection that is misspelled lets more pass than its author meant.
        const severity = guard && suggestion !== undefined && !this.#findings.tolerant ? 'error' : 'warning'
        const effect = severity === 'error' ? ': without its option a protection may let more pass than you mean' : ' is ignored'
        const message = `unknown key '${fault.unknownKey}'${effect}`
        const kind = severity === 'warning' ? UNKNOWN_KEYS : undefined
        this.#findings.add(severity, pointer + fault.pointer, message, suggestion && `did you mean \`${suggestion}\`?`, kind)
        continue
      }
      const severity = isOnlyWatching(namespace) ? 'warning' : 'error'
      this.#findings.add(severity, pointer + fault.pointer, `'${namespace}': ${fault.message}`)
      // An option with a fault keeps its default; a fault of the whole drops the namespace.
      if (!guard) kept = without(kept, fault.path.slice(0, 1))
    }
    // elements that were left out of a list are holes
    return Array.isArray(kept) ? kept.filter(() => true) : kept
  }
}

/** The part of a schema that names options. */
interface OptionNames {
  readonly properties?: object
  readonly items?: OptionNames
}

/** Copies options with the names that the schema knows, where theirs differ in case only. Of several such names the last in order counts. */
function withKnownNames(value: unknown, { properties, items }: OptionNames): unknown {
  if (Array.isArray(value)) return items === undefined ? value : value.map(one => withKnownNames(one, items))
  if (!isObject(value) || properties === undefined) return value
  const known = new Map(Object.keys(properties).map(name => [name.toLowerCase(), name]))
  const misspelled = Object.keys(value).filter(name => (known.get(name.toLowerCase()) ?? name) !== name)
  if (misspelled.length === 0) return value
  const copy: Record<string, unknown> = Object.assign(Object.create(null), value)
  for (const name of misspelled.sort()) {
    const meant = known.get(name.toLowerCase())!
    delete copy[name]
    if (!Object.hasOwn(value, meant)) copy[meant] = value[name]
  }
  return copy
}

/** Copies a value without the member at `path`; undefined when that is the value itself. */
function without(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path
  if (key === undefined || typeof value !== 'object' || value === null) return undefined
  const copy: Record<string, unknown> = Array.isArray(value) ? [...value] : Object.assign(Object.create(null), value)
  const inner = rest.length === 0 ? undefined : without(copy[key], rest)
  if (inner === undefined) delete copy[key]
  else copy[key] = inner
  return copy
}
