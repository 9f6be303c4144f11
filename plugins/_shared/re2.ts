/** Regular expressions of configurations, in Go's syntax and with Go's promise: time in proportion to the text. */

import type { RE2JS } from 're2js'
import { compileTogether, TOO_LONG } from './automaton/automaton.js'
import { TabledPattern } from './automaton/tabled.js'

/** A pattern that takes time in proportion to the text. */
export interface Pattern {
  /** Says whether it matches anywhere. */
  test(text: string): boolean
}

/**
 * Compiles one; the library is loaded with the first.
 * @throws Error with the library's reason
 */
export async function compilePattern(source: string): Promise<Pattern> {
  const { RE2JS } = await import('re2js')
  return new TabledPattern(source, RE2JS.compile(source))
}

/** Many patterns as one test. */
export interface PatternSet {
  /** Says whether one of them matches anywhere; undefined for a text that would take too long. */
  test(text: string): boolean | undefined
}

/** Characters of a text times instructions of patterns that RE2 itself looks at: some 0.2 s. */
const MOST_STEPS = 16_000_000

/**
 * Joins patterns that {@link compilePattern} takes, so that a text is read once, however many there are. Those that no table can be
 * made of are one alternation of RE2, or stand one after the other.
 */
export async function joinPatterns(sources: readonly string[]): Promise<PatternSet> {
  const { automaton, others } = compileTogether(sources)
  const rest = await compileAlternation(others)
  const size = rest.reduce((sum, engine) => sum + engine.programSize(), 0)
  return {
    test: text => {
      const found = automaton.test(text)
      if (found !== 0) return found === TOO_LONG ? undefined : true
      if (text.length * size > MOST_STEPS) return undefined
      return rest.some(engine => engine.test(text))
    }
  }
}

async function compileAlternation(sources: readonly string[]): Promise<readonly RE2JS[]> {
  const { RE2JS } = await import('re2js')
  // what begins with \Q may be quoted to the end
  if (sources.length > 1 && !sources.some(source => source.includes('\\Q'))) {
    try {
      return [RE2JS.compile(sources.map(source => `(?:${source})`).join('|'))]
    } catch {
      // two groups of one name, or too large together
    }
  }
  return sources.map(source => RE2JS.compile(source))
}
