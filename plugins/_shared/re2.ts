/** Regular expressions of configurations, in Go's syntax and with Go's promise: time in proportion to the text. */

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

/**
 * Joins patterns into one that matches where one of them does, so that a text is read once. Patterns that cannot stand in an
 * alternation are looked for one after the other.
 */
export async function joinPatterns(sources: readonly string[]): Promise<Pattern> {
  const [first] = sources
  if (first === undefined) return { test: () => false }
  if (sources.length === 1) return compilePattern(first)
  // what begins with \Q may be quoted to the end
  if (!sources.some(source => source.includes('\\Q'))) {
    try {
      return await compilePattern(sources.map(source => `(?:${source})`).join('|'))
    } catch {
      // two groups of one name, or too large together
    }
  }
  const patterns = await Promise.all(sources.map(compilePattern))
  return { test: text => patterns.some(pattern => pattern.test(text)) }
}
