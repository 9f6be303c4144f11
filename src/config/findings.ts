/** Collects everything that is wrong with one configuration, so that all of it is told at once. */

import type { ConfigProblem } from '../errors.js'

/** What a finding does to the load: `fatal` always stops it; `error` stops it unless the load is tolerant; `warning` never does. */
export type Severity = 'fatal' | 'error' | 'warning'

/** Kinds of findings that come in numbers and matter little. */
export const UNKNOWN_KEYS = 'unknown keys are ignored'
export const UNKNOWN_NAMESPACES = 'unknown namespaces'
export const WITHOUT_EFFECT = 'keys that do nothing where they stand'

/** Appends one reference token to a JSON pointer (RFC 6901 §3). */
export function pointerTo(parent: string, token: string | number): string {
  if (typeof token === 'number' || !/[~/]/.test(token)) return `${parent}/${token}`
  return `${parent}/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** The findings of one load, in the order they were made. */
export class Findings {
  readonly problems: ConfigProblem[] = []
  #stopped = false
  readonly #spelled = new Map<string, string>()
  readonly #unread = new Set<string>()
  readonly file: string
  readonly tolerant: boolean

  constructor(file: string, tolerant: boolean) {
    this.file = file
    this.tolerant = tolerant
  }

  /** True when the configuration cannot be used. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Tells that a namespace, named as the gateway names it, stands elsewhere in the file. */
  spelled(pointer: string, inFile: string): void {
    if (pointer !== inFile) this.#spelled.set(pointer, inFile)
  }

  /** Takes what a later phase of the start found. A place that has an error already gets no second one: false. */
  take(problem: ConfigProblem, leftOut: boolean): boolean {
    const pointer = problem.pointer.replace(/^.*?\/extra_config\/[^/]+/, place => this.#spelled.get(place) ?? place)
    if (problem.level === 'error') {
      if (!leftOut) this.#stopped = true
      if (this.problems.some(known => known.level === 'error' && known.pointer === pointer && pointer !== '')) return false
    }
    this.problems.push({ ...problem, pointer })
    return true
  }

  /** Reports a text that could not be read at all. What else is wrong with it, or with the list it stands in, is not told. */
  unread(pointer: string, message: string, suggestion: string): void {
    this.add('fatal', pointer, message, suggestion)
    this.#unread.add(pointer).add(pointer.replace(/\/\d+$/, ''))
  }

  /** @param kind what findings of other texts have in common with this one */
  add(severity: Severity, pointer: string, message: string, suggestion?: string, kind?: string): void {
    if (severity === 'fatal' || (severity === 'error' && !this.tolerant)) this.#stopped = true
    if (this.#unread.has(pointer)) return
    const level = severity === 'warning' ? 'warning' : 'error'
    const more = { ...(suggestion === undefined ? {} : { suggestion }), ...(kind === undefined ? {} : { kind }) }
    this.problems.push({ level, file: this.file, pointer, message, ...more })
  }
}
