/**
 * Reads the options of a component one by one, each with its type, and stops the start at the first that does not fit.
 * A guard gets its options unrepaired in tolerant mode, so nothing here trusts the schema.
 */

import { parseDurationMs } from '../duration.js'

/** Stops the start; `pointer` is within the options. */
export type Fail = (pointer: string, message: string) => never

/** Typed access to an options object; every method answers the fallback for an absent or null key. */
export class OptionReader {
  private readonly options: Record<string, unknown>
  private readonly fail: Fail

  /** Stops the start when `options` is no object. */
  constructor(options: unknown, fail: Fail) {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) fail('', 'expected an object')
    this.options = options as Record<string, unknown>
    this.fail = fail
  }

  text(key: string, fallback = ''): string {
    const value = this.get(key)
    if (value === undefined) return fallback
    return typeof value === 'string' ? value : this.wrong(key, 'a string')
  }

  flag(key: string): boolean {
    const value = this.get(key)
    if (value === undefined) return false
    return typeof value === 'boolean' ? value : this.wrong(key, 'true or false')
  }

  /** A whole number that is not negative. */
  count(key: string, fallback: number): number {
    const value = this.get(key)
    if (value === undefined) return fallback
    return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : this.wrong(key, 'a whole number from 0')
  }

  number(key: string, fallback: number): number {
    const value = this.get(key)
    if (value === undefined) return fallback
    return typeof value === 'number' ? value : this.wrong(key, 'a number')
  }

  /** The value as it is; undefined when it is absent or null. */
  raw(key: string): unknown {
    return this.get(key)
  }

  /** A duration as Go writes it, `1m30s`, in milliseconds. */
  durationMs(key: string, fallback: number): number {
    const value = this.get(key)
    if (value === undefined || value === '') return fallback
    const ms = typeof value === 'string' ? parseDurationMs(value) : undefined
    return ms ?? this.wrong(key, 'a duration such as "1s"')
  }

  texts(key: string): readonly string[] {
    return this.list(key, 'a list of strings', (item): item is string => typeof item === 'string')
  }

  counts(key: string): readonly number[] {
    return this.list(key, 'a list of whole numbers', (item): item is number => Number.isSafeInteger(item))
  }

  /** Pairs of strings: `[["claim", "header"]]`. */
  pairs(key: string): readonly (readonly [string, string])[] {
    const isPair = (item: unknown): item is readonly [string, string] =>
      Array.isArray(item) && item.length === 2 && typeof item[0] === 'string' && typeof item[1] === 'string'
    return this.list(key, 'a list of pairs of strings', isPair)
  }

  /** Lists of strings by name. */
  textLists(key: string): ReadonlyMap<string, readonly string[]> {
    const value = this.get(key)
    const found = new Map<string, readonly string[]>()
    if (value === undefined) return found
    if (typeof value !== 'object' || Array.isArray(value)) this.wrong(key, 'an object of lists of strings')
    for (const [name, item] of Object.entries(value as object)) {
      if (!Array.isArray(item) || !item.every(one => typeof one === 'string')) this.wrong(key, 'an object of lists of strings')
      found.set(name, item as readonly string[])
    }
    return found
  }

  has(key: string): boolean {
    const value = this.get(key)
    return value !== undefined && value !== ''
  }

  private list<T>(key: string, wanted: string, fits: (item: unknown) => item is T): readonly T[] {
    const value = this.get(key)
    if (value === undefined) return []
    return Array.isArray(value) && value.every(fits) ? value : this.wrong(key, wanted)
  }

  private get(key: string): unknown {
    return Object.hasOwn(this.options, key) ? (this.options[key] ?? undefined) : undefined
  }

  private wrong(key: string, wanted: string): never {
    return this.fail(`/${key}`, `expected ${wanted}`)
  }
}
