/**
 * Reads one object of a configuration key by key: finds the key, converts the value, remembers what is known.
 *
 * Two manners. `weak` is that of the root, endpoints and backends: keys match exactly, then without regard to case, and scalars
 * convert into each other as KrakenD's decoder does it; what does not convert is fatal. `strict` is that of `extra_config`: a value
 * of another type is an error, and a tolerant load goes on with the default.
 */

import { isFieldName } from '../http/fields.js'
import { DurationError, parseDuration } from '../plugin/duration.js'
import { Alike } from './alike.js'
import { type Findings, pointerTo, UNKNOWN_KEYS } from './findings.js'
import { goType } from './go-type.js'
import { isObject } from './json-value.js'
import { holdsProtection } from './protection.js'
import { didYouMean } from './suggest.js'
import { goInteger, structKind, weakList, weakString } from './weak-values.js'

export type Manner = 'weak' | 'strict'

/** Keys that are free for comments, at every level. */
export function isFreeKey(key: string): boolean {
  const first = key.charCodeAt(0)
  return first === 0x40 || first === 0x24 || first === 0x5f || first === 0x23
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE = new Set(['', '0', 'f', 'F', 'FALSE', 'false', 'False'])
/** Reads a switch as the weak manner does; what is no switch is off. */
export function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'number' && value !== 0) || (typeof value === 'string' && TRUE.has(value))
}

/** A list that is not given; thousands of endpoints have several. */
const NONE: readonly string[] = Object.freeze([])

/** One object being read. */
export class ObjectReader {
  readonly pointer: string
  /** KrakenD's name of the place: `endpoints[0].backend[1]`, '' for the root. */
  readonly place: string
  readonly findings: Findings
  readonly #source: Record<string, unknown>
  readonly #manner: Manner
  #alike: Alike | undefined
  #folded: Map<string, string> | undefined

  constructor(source: Record<string, unknown>, pointer: string, place: string, findings: Findings, manner: Manner) {
    this.#source = source
    this.pointer = pointer
    this.place = place
    this.findings = findings
    this.#manner = manner
  }

  /** Returns the key as the object spells it, undefined when it is missing or null. */
  key(name: string): string | undefined {
    this.#kind.asked.add(name)
    if (Object.hasOwn(this.#source, name)) return this.#source[name] === null ? undefined : name
    if (this.#manner === 'strict') return undefined
    this.#folded ??= foldedKeys(this.#source)
    const found = this.#folded?.get(name)
    return found === undefined || this.#source[found] === null ? undefined : found
  }

  /** Returns the value as it stands; undefined when it is missing or null. */
  raw(name: string): unknown {
    const key = this.key(name)
    return key === undefined ? undefined : this.#source[key]
  }

  at(name: string): string {
    return pointerTo(this.pointer, this.key(name) ?? name)
  }

  string(name: string, fallback: string): string {
    const value = this.raw(name)
    if (value === undefined) return fallback
    if (typeof value === 'string') return value
    const text = this.#manner === 'weak' ? weakString(value) : undefined
    return text ?? this.#wrong(name, `expected type 'string', got unconvertible type '${goType(value)}'`, fallback)
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw(name)
    if (value === undefined) return fallback
    if (typeof value === 'boolean') return value
    if (this.#manner === 'weak') {
      if (typeof value === 'number') return value !== 0
      if (typeof value === 'string') {
        if (TRUE.has(value)) return true
        if (FALSE.has(value)) return false
        return this.#wrong(name, `cannot parse value as 'bool': strconv.ParseBool: invalid syntax`, fallback)
      }
    }
    return this.#wrong(name, `expected type 'bool', got unconvertible type '${goType(value)}'`, fallback)
  }

  integer(name: string, fallback: number): number {
    const value = this.raw(name)
    if (value === undefined) return fallback
    if (typeof value === 'number') return Math.trunc(value)
    if (this.#manner === 'weak') {
      if (typeof value === 'boolean') return value ? 1 : 0
      if (typeof value === 'string') {
        const number = value === '' ? 0 : goInteger(value)
        return number ?? this.#wrong(name, `cannot parse value as 'int': strconv.ParseInt: invalid syntax`, fallback)
      }
    }
    return this.#wrong(name, `expected type 'int', got unconvertible type '${goType(value)}'`, fallback)
  }

  /** Bytes or a count: a whole number that is not negative. */
  count(name: string, fallback: number): number {
    const number = this.integer(name, fallback)
    if (number >= 0 && Number.isSafeInteger(number)) return number
    this.findings.add('error', this.at(name), `'${this.#name(name)}' must not be negative`, 'give a whole number, 0 or more')
    return fallback
  }

  /** Milliseconds. A bare number counts nanoseconds, as in KrakenD; one below a millisecond was meant otherwise. */
  duration(name: string, fallback: number): number {
    const value = this.raw(name)
    if (value === undefined) return fallback
    let ms: number
    if (typeof value === 'number' && this.#manner === 'weak') ms = Math.trunc(value) / 1e6
    else if (typeof value === 'string') {
      try {
        ms = parseDuration(value)
      } catch (error) {
        if (!(error instanceof DurationError)) throw error
        return this.#wrong(name, error.message, fallback, 'write it like `2s`, `150ms` or `1h30m`')
      }
    } else return this.#wrong(name, `expected type 'time.Duration', got unconvertible type '${goType(value)}'`, fallback)
    if (typeof value === 'number' && ms !== 0 && Math.abs(ms) < 1) {
      const message = `'${this.#name(name)}': a number counts nanoseconds, ${value} is ${ms} ms`
      this.findings.add('error', this.at(name), message, `give a unit: "${Math.abs(value)}ms" or "${Math.abs(value)}s"`)
    }
    if (ms < 0) this.findings.add('error', this.at(name), `'${this.#name(name)}' is a negative duration`, 'give a positive one')
    return ms
  }

  /** Names of header fields; a text that no field can have as its name is a warning. */
  fieldNames(name: string): readonly string[] {
    const names = this.strings(name)
    if (names === NONE) return names
    for (const [i, one] of names.entries()) {
      if (isFieldName(one)) continue
      const message = `${JSON.stringify(one)} is no name of a header field: no request has it`
      this.findings.add('warning', pointerTo(this.at(name), i), message)
    }
    return names
  }

  strings(name: string): readonly string[] {
    const value = this.raw(name)
    if (value === undefined) return NONE
    const list = this.#manner === 'weak' ? weakList(value) : value
    if (!Array.isArray(list)) return this.#wrong(name, `expected a list, got "${goType(value)}"`, [])
    const texts: string[] = []
    for (let i = 0; i < list.length; i++) {
      const item: unknown = list[i]
      const text = typeof item === 'string' ? item : this.#manner === 'weak' ? weakString(item ?? '') : undefined
      if (text === undefined)
        return this.#wrong(name, `[${i}] expected type 'string', got unconvertible type '${goType(item)}'`, [])
      texts.push(text)
    }
    return texts
  }

  integers(name: string): readonly number[] {
    const value = this.raw(name)
    if (value === undefined) return []
    const list = this.#manner === 'weak' ? weakList(value) : value
    if (Array.isArray(list)) {
      const numbers = list.map(item => (typeof item === 'number' ? item : typeof item === 'string' ? goInteger(item) : undefined))
      if (numbers.every((n): n is number => n !== undefined)) return numbers.map(Math.trunc)
    }
    return this.#wrong(name, 'expected a list of numbers', [])
  }

  /** One of the given words. */
  choice<T extends string>(name: string, words: readonly T[], fallback: T): T {
    const text = this.string(name, fallback)
    const found = words.find(word => word === text)
    if (found !== undefined) return found
    const choices = `one of ${words.map(word => `"${word}"`).join(', ')}`
    return this.#wrong(name, `'${text}' is not ${choices}`, fallback, didYouMean(text, words))
  }

  /**
   * Reports a word that is none of `words`; '' is none at all and says nothing. `outcome` tells what a tolerant load does with it.
   */
  word(name: string, text: string, words: readonly string[], outcome?: string): void {
    if (text === '' || words.includes(text)) return
    const message = `'${this.#name(name)}': unknown word '${text}'${outcome === undefined ? '' : `, ${outcome}`}`
    const suggestion = didYouMean(text, words) ?? (words.length > 12 ? undefined : `one of ${words.join(', ')}`)
    this.findings.add('error', this.at(name), message, suggestion)
  }

  /** A nested object; an empty list counts as an empty object (weak). */
  object(name: string): ObjectReader | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    if (isObject(value)) return new ObjectReader(value, this.at(name), this.#name(name), this.findings, this.#manner)
    if (this.#manner === 'weak' && Array.isArray(value) && value.length === 0) return undefined
    return this.#wrong(name, `expected a map or struct, got "${structKind(value)}"`, undefined)
  }

  /** A list of objects; `null` elements are reported. Other elements give undefined, so that indexes stay. */
  objects(name: string): readonly (ObjectReader | undefined)[] {
    const value = this.raw(name)
    if (value === undefined) return []
    const list = this.#manner === 'weak' ? weakList(value) : value
    if (!Array.isArray(list)) return this.#wrong(name, `expected a list, got "${goType(value)}"`, [])
    const single = !Array.isArray(value)
    const alike = this.#kind.itemsOf(name)
    return list.map((item, i) => {
      const pointer = single ? this.at(name) : pointerTo(this.at(name), i)
      const place = `${this.#name(name)}[${i}]`
      if (isObject(item)) {
        const reader = new ObjectReader(item, pointer, place, this.findings, this.#manner)
        reader.#alike = alike
        return reader
      }
      const fault = item === null ? 'is null' : `expected a map or struct, got "${structKind(item)}"`
      const severity = this.#manner === 'weak' ? 'fatal' : 'error'
      this.findings.add(severity, pointer, `'${place}' ${fault}`, 'give an object or remove the element')
      return undefined
    })
  }

  /** Says that a key is known although nothing is read from it. */
  ignore(...names: string[]): void {
    for (const name of names) this.#kind.asked.add(name)
  }

  /** Reports the keys that no reader has asked for. `renamed` tells what old names became. */
  finish(renamed?: ReadonlyMap<string, string>): void {
    const known = this.#kind.asked
    for (const key in this.#source) {
      if (known.has(key) || isFreeKey(key)) continue
      if (this.#manner === 'weak' && known.has(key.toLowerCase())) continue
      const value = this.#source[key]
      if (this.#manner === 'weak' && isObject(value) && holdsProtection(value)) {
        const message = `unknown key '${key}': it holds components, and what they are meant to protect would be open`
        const severity = this.findings.tolerant ? 'warning' : 'error'
        this.findings.add(severity, pointerTo(this.pointer, key), message, 'components belong into `extra_config`')
        continue
      }
      const suggestion = renamed?.get(key) ?? didYouMean(key, known) ?? 'remove it, or start it with @ $ _ # to keep it as a note'
      this.findings.add('warning', pointerTo(this.pointer, key), `unknown key '${key}' is ignored`, suggestion, UNKNOWN_KEYS)
    }
  }

  get #kind(): Alike {
    this.#alike ??= new Alike()
    return this.#alike
  }

  #name(name: string): string {
    return this.place === '' ? name : `${this.place}.${name}`
  }

  #wrong<T>(name: string, fault: string, fallback: T, suggestion?: string): T {
    this.findings.add(this.#manner === 'weak' ? 'fatal' : 'error', this.at(name), `'${this.#name(name)}' ${fault}`, suggestion)
    return fallback
  }
}

function foldedKeys(source: Record<string, unknown>): Map<string, string> | undefined {
  let folded: Map<string, string> | undefined
  for (const key in source) {
    const lower = key.toLowerCase()
    if (lower === key) continue
    folded ??= new Map()
    if (!folded.has(lower)) folded.set(lower, key)
  }
  return folded
}
