/**
 * Reads the options of a component that protects. In tolerant mode it gets them as they were written: an option with a fault is
 * an ERROR line and takes the value that the component names for this case, never one that lets more pass.
 */

import type { ComponentContext } from 'sluice/plugin'
import { parseDurationMs } from './duration.js'

/** Typed access to an options object, key by key. */
export class OptionSource {
  private readonly options: Readonly<Record<string, unknown>>
  private readonly context: ComponentContext
  private readonly tag: string

  /** Stops the start when `options` is no object; in tolerant mode every request is refused then. */
  constructor(options: unknown, tag: string, context: ComponentContext) {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) context.fail('', 'expected an object')
    this.options = options as Readonly<Record<string, unknown>>
    this.tag = tag
    this.context = context
  }

  /** Reports an option that cannot be honoured: stops the start, in tolerant mode it is a line. */
  problem(pointer: string, message: string): void {
    this.context.report(pointer, message)
  }

  /** Tells something that is no fault. */
  warn(message: string): void {
    this.context.logger.warning(`${this.tag} ${message}`)
  }

  /** False when it is not given. */
  flag(key: string, wrong = false): boolean {
    return this.read<boolean>(key, 'true or false', false, wrong, (value): value is boolean => typeof value === 'boolean')
  }

  text(key: string): string {
    return this.read<string>(key, 'a string', '', '', (value): value is string => typeof value === 'string')
  }

  /** A whole number. */
  integer(key: string, fallback: number): number {
    const fits = (value: unknown): value is number => Number.isSafeInteger(value)
    return this.read(key, 'a whole number', fallback, fallback, fits)
  }

  /** A number from 0. A number in quotes is a fault, and yet that number. */
  amount(key: string, wrong: number): number {
    const value = this.options[key]
    const quoted = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
    const repaired = Number.isFinite(quoted) && quoted >= 0 ? quoted : wrong
    return this.read<number>(key, 'a number from 0', 0, repaired, (one): one is number => typeof one === 'number' && one >= 0)
  }

  /** A duration in ms; `absent` also when it is '' or none. */
  durationMs(key: string, absent: number): number {
    const text = this.text(key)
    if (text === '') return absent
    const ms = parseDurationMs(text)
    if (ms === undefined) this.problem(`/${key}`, `'${text}' is not a duration such as "1m30s"`)
    return ms ?? absent
  }

  /** The strings of a list. What is none is reported and left out; the others stay. */
  textsIn(key: string): readonly string[] {
    const isText = (item: unknown): item is string => typeof item === 'string'
    const value = this.read<readonly unknown[]>(key, 'a list of strings', [], [], Array.isArray)
    for (const [index, item] of value.entries()) if (!isText(item)) this.problem(`/${key}/${index}`, 'expected a string')
    return value.filter(isText)
  }

  /** A list of strings; undefined when it is not given, `wrong` when it is something else. */
  texts<W>(key: string, wrong: W): readonly string[] | W | undefined {
    return this.read<readonly string[] | W | undefined>(key, 'a list of strings', undefined, wrong, isTexts)
  }

  /** Strings by name; `wrong` when it is something else. */
  textMap<W>(key: string, wrong: W): readonly (readonly [string, string])[] | W {
    const value = this.read<object | undefined>(key, 'an object of strings', undefined, undefined, isTextMap)
    if (value !== undefined) return Object.entries(value as Record<string, string>)
    return this.has(key) ? wrong : []
  }

  private has(key: string): boolean {
    return Object.hasOwn(this.options, key) && this.options[key] !== null
  }

  private read<T>(key: string, wanted: string, absent: T, wrong: T, fits: (value: unknown) => value is T): T {
    if (!this.has(key)) return absent
    const value = this.options[key]
    if (fits(value)) return value
    this.problem(`/${key}`, `expected ${wanted}`)
    return wrong
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function isTextMap(value: unknown): value is object {
  return (
    typeof value === 'object' && !Array.isArray(value) && Object.values(value as object).every(item => typeof item === 'string')
  )
}
