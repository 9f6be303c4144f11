/** Collects everything that is wrong with one configuration, so that all of it is told at once. */

import type { ConfigProblem } from '../errors.js'

/** What a finding does to the load: `fatal` always stops it; `error` stops it unless the load is tolerant; `warning` never does. */
export type Severity = 'fatal' | 'error' | 'warning'

/** Appends one reference token to a JSON pointer (RFC 6901 §3). */
export function pointerTo(parent: string, token: string | number): string {
  return `${parent}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** The findings of one load, in the order they were made. */
export class Findings {
  readonly problems: ConfigProblem[] = []
  #stopped = false
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

  add(severity: Severity, pointer: string, message: string, suggestion?: string): void {
    if (severity === 'fatal' || (severity === 'error' && !this.tolerant)) this.#stopped = true
    const level = severity === 'warning' ? 'warning' : 'error'
    this.problems.push({ level, file: this.file, pointer, message, ...(suggestion === undefined ? {} : { suggestion }) })
  }
}
