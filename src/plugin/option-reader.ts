/**
 * Reads the options of a component, key by key, each with its type. This is the only way in which components see their options.
 *
 * In: the value of a namespace in `extra_config`. Out: typed values, or faults with their JSON pointer. A key that is absent, or
 * null, has the value `absent`. A value of another type is a fault:
 * - Without `wrong` the fault stops the start. In tolerant mode the component is left out, a guard refuses every request.
 * - With `wrong` the fault is reported, and reading goes on. In tolerant mode `wrong` is the value; a guard names the strictest.
 *
 * Boot time only.
 */

import { isFieldName, isLegalField } from '../http/fields.js'
import { parseDuration } from './duration.js'

/** What a reader tells its faults to; a `ComponentContext` is one. Pointers are relative to the options. */
export interface FaultSink {
  fail(pointer: string, message: string): never
  report(pointer: string, message: string, level?: 'error' | 'warning'): void
}

const NONE: ReadonlyMap<string, string> = new Map()

type Test<T> = (value: unknown) => value is T

/** Typed access to the options of one component, or to one object within them. */
export class OptionReader {
  /** The value as the configuration has it. */
  readonly value: unknown
  private readonly faults: FaultSink
  private readonly pointer: string

  /** @param pointer where `value` stands within the options; default: it is the options */
  constructor(value: unknown, faults: FaultSink, pointer = '') {
    this.value = value
    this.faults = faults
    this.pointer = pointer
  }

  /** Stops the start, in tolerant mode as described above. `pointer` is relative to this reader. */
  fail(pointer: string, message: string): never {
    return this.faults.fail(this.pointer + pointer, message)
  }

  /** Reports a fault, and returns. `pointer` is relative to this reader. */
  report(pointer: string, message: string, level: 'error' | 'warning' = 'error'): void {
    this.faults.report(this.pointer + pointer, message, level)
  }

  /** The keys as the configuration has them. */
  keys(): readonly string[] {
    return Object.keys(this.record())
  }

  /** True when the key has a value; null and the empty string are none. */
  has(key: string): boolean {
    const value = this.get(key)
    return value !== undefined && value !== ''
  }

  flag(key: string, absent = false, wrong?: boolean): boolean {
    return this.read(key, isBoolean, 'true or false', absent, wrong)
  }

  text(key: string, absent = '', wrong?: string): string {
    return this.read(key, isText, 'a string', absent, wrong)
  }

  /** The name of a header field. The empty string counts as absent. */
  fieldName(key: string, absent = '', wrong?: string): string {
    return this.token(key, 'the name of a header field', absent, wrong)
  }

  /** The name of a cookie. The empty string counts as absent. */
  cookieName(key: string, absent = '', wrong?: string): string {
    return this.token(key, 'the name of a cookie', absent, wrong)
  }

  /** Names of header fields. Another text is reported and left out; where none is left, `wrong` counts. */
  fieldNames(key: string, absent: readonly string[] = [], wrong?: readonly string[]): readonly string[] {
    const names = this.texts(key, absent, wrong)
    const illegal = names.filter(name => !isFieldName(name))
    if (illegal.length === 0) return names
    for (const name of illegal) this.report(`/${key}/${names.indexOf(name)}`, 'expected the name of a header field')
    const legal = names.filter(isFieldName)
    return legal.length === 0 && wrong !== undefined ? wrong : legal
  }

  /** Values of header fields by their names. What is no field is reported and left out. */
  fieldMap(key: string): ReadonlyMap<string, string> {
    const fields = new Map(this.textMap(key, NONE))
    for (const [name, value] of fields) {
      if (isLegalField(name, value)) continue
      this.report(`/${key}/${pointerPart(name)}`, 'expected the name and the value of a header field')
      fields.delete(name)
    }
    return fields
  }

  /** A whole number. */
  integer(key: string, absent: number, wrong?: number): number {
    return this.read(key, isWhole, 'a whole number', absent, wrong)
  }

  /** A whole number from 0. */
  count(key: string, absent: number, wrong?: number): number {
    return this.read(key, isCount, 'a whole number from 0', absent, wrong)
  }

  /** A number from 0. With `wrong`, a number in quotes is a fault and counts nevertheless. */
  amount(key: string, absent: number, wrong?: number): number {
    return this.read(key, isAmount, 'a number from 0', absent, wrong === undefined ? wrong : (amountIn(this.get(key)) ?? wrong))
  }

  /** A duration as Go writes it, `1m30s`, in milliseconds. The empty string counts as absent. */
  durationMs(key: string, absent: number, wrong?: number): number {
    if (this.get(key) === '') return absent
    const text = this.read(key, isDuration, 'a duration such as "1m30s"', undefined, wrong === undefined ? wrong : null)
    if (text === undefined) return absent
    return text === null ? wrong! : parseDuration(text)
  }

  /** A list of strings. */
  texts(key: string, absent: readonly string[] = [], wrong?: readonly string[]): readonly string[] {
    return this.read(key, isTexts, 'a list of strings', absent, wrong)
  }

  /** The strings of a list. Another item is reported and left out. */
  textsOf(key: string): readonly string[] {
    const items = this.read<readonly unknown[], readonly unknown[]>(key, Array.isArray, 'a list of strings', [], [])
    for (const [index, item] of items.entries()) if (!isText(item)) this.report(`/${key}/${index}`, 'expected a string')
    return items.filter(isText)
  }

  /** A list of whole numbers. */
  integers(key: string): readonly number[] {
    return this.read(key, isWholes, 'a list of whole numbers', [])
  }

  /** Pairs of strings: `[["claim", "header"]]`. */
  textPairs(key: string): readonly (readonly [string, string])[] {
    return this.read(key, isTextPairs, 'a list of pairs of strings', [])
  }

  /** Strings by name. */
  textMap(key: string, wrong?: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const found = this.read<Record<string, string>, ReadonlyMap<string, string>>(
      key,
      isTextMap,
      'an object of strings',
      NONE,
      wrong
    )
    return found instanceof Map ? found : new Map(Object.entries(found))
  }

  /** Lists of strings by name. */
  textLists(key: string): ReadonlyMap<string, readonly string[]> {
    return new Map(Object.entries(this.read(key, isTextLists, 'an object of lists of strings', {})))
  }

  /** A reader of the object under `key`; undefined when there is none. */
  object(key: string): OptionReader | undefined {
    const value = this.read(key, isObject, 'an object', undefined)
    return value === undefined ? undefined : this.at(`/${key}`, value)
  }

  /** Readers of the objects in the list under `key`, or of these options where they are a list. */
  objects(key?: string): readonly OptionReader[] {
    const list = key === undefined ? this.value : (this.get(key) ?? [])
    const pointer = key === undefined ? '' : `/${key}`
    if (!Array.isArray(list)) return this.fail(pointer, 'expected a list of objects')
    return list.map((item, index) => this.at(`${pointer}/${index}`, item))
  }

  /** The options as an object. */
  record(): Readonly<Record<string, unknown>> {
    return isObject(this.value) ? this.value : this.fail('', 'expected an object')
  }

  private token(key: string, wanted: string, absent: string, wrong?: string): string {
    return this.get(key) === '' ? absent : this.read(key, isToken, wanted, absent, wrong)
  }

  private at(pointer: string, value: unknown): OptionReader {
    return new OptionReader(value, this.faults, this.pointer + pointer)
  }

  private get(key: string): unknown {
    const options = this.record()
    return Object.hasOwn(options, key) ? (options[key] ?? undefined) : undefined
  }

  private read<T, A>(key: string, fits: Test<T>, wanted: string, absent: A, wrong?: A): T | A {
    const value = this.get(key)
    if (value === undefined) return absent
    if (fits(value)) return value
    if (wrong === undefined) return this.fail(`/${key}`, `expected ${wanted}`)
    this.report(`/${key}`, `expected ${wanted}`)
    return wrong
  }
}

const isBoolean: Test<boolean> = (value): value is boolean => typeof value === 'boolean'
const isText: Test<string> = (value): value is string => typeof value === 'string'
/** Names of fields and of cookies are tokens (RFC 9110 §5.6.2). */
const isToken: Test<string> = (value): value is string => isText(value) && isFieldName(value)
const isWhole: Test<number> = (value): value is number => Number.isSafeInteger(value)
const isCount: Test<number> = (value): value is number => isWhole(value) && value >= 0
const isAmount: Test<number> = (value): value is number => typeof value === 'number' && value >= 0
const isObject: Test<Record<string, unknown>> = (value): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTexts: Test<readonly string[]> = (value): value is readonly string[] => Array.isArray(value) && value.every(isText)
const isWholes: Test<readonly number[]> = (value): value is readonly number[] => Array.isArray(value) && value.every(isWhole)
const isTextPairs: Test<readonly (readonly [string, string])[]> = (value): value is readonly (readonly [string, string])[] =>
  Array.isArray(value) && value.every(pair => isTexts(pair) && pair.length === 2)
const isTextMap: Test<Record<string, string>> = (value): value is Record<string, string> =>
  isObject(value) && Object.values(value).every(isText)
const isTextLists: Test<Record<string, readonly string[]>> = (value): value is Record<string, readonly string[]> =>
  isObject(value) && Object.values(value).every(isTexts)

const isDuration: Test<string> = (value): value is string => {
  try {
    return isText(value) && Number.isFinite(parseDuration(value))
  } catch {
    return false
  }
}

/** A key within a JSON pointer (RFC 6901 §3). */
const pointerPart = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

/** The number that a string in quotes holds. */
function amountIn(value: unknown): number | undefined {
  const number = isText(value) && value.trim() !== '' ? Number(value) : Number.NaN
  return Number.isFinite(number) && number >= 0 ? number : undefined
}
