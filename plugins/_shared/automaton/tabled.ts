/** A regular expression of RE2 that runs as a table where it can. */

import { type Automaton, compileAutomaton, TOO_LONG } from './automaton.js'

/** What tells whether a pattern matches somewhere in a text. */
export interface Engine {
  test(text: string): boolean
}

export class TabledPattern implements Engine {
  private readonly source: string
  private readonly engine: Engine
  private table: Automaton | undefined | null

  /** @param source the pattern in RE2's syntax; undefined for one that gets no table */
  constructor(source: string | undefined, engine: Engine) {
    this.source = source ?? ''
    this.engine = engine
    this.table = source === undefined ? undefined : null
  }

  /** The table, made when it is first asked for; undefined where only the engine can tell. */
  get automaton(): Automaton | undefined {
    if (this.table === null) this.table = compileAutomaton(this.source)
    return this.table
  }

  test(text: string): boolean {
    const found = this.automaton?.test(text) ?? TOO_LONG
    return found === TOO_LONG ? this.engine.test(text) : found === 1
  }
}
