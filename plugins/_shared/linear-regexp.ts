/**
 * Regular expressions whose time grows with the text and never with the pattern: the RE2 engine, which KrakenD's own
 * expressions run on. In: a pattern of the configuration, or one that an expression computes. Out: a test.
 */

import type { RE2JS } from 're2js'
import type { Automaton } from './automaton/automaton.js'
import { TabledPattern } from './automaton/tabled.js'
import { shortPropertyNames } from './unicode-properties.js'

/** Tests a text; never backtracks. */
export interface LinearRegExp {
  test(text: string): boolean
  /** Instructions of the program; the time of a test is at most this times the text. */
  readonly size: number
  /** The same as a table for ASCII, made when it is first asked for; undefined where only RE2 can tell. */
  readonly automaton: Automaton | undefined
  /** `/pattern/`, unique per pattern. */
  toString(): string
}

/**
 * Compiles a pattern; `once` for one that a request computes, which gets no table.
 * @throws Error that names the place and what RE2 does not take (look-around, back-references)
 */
export type CompileLinear = (pattern: string, once?: boolean) => LinearRegExp

class Linear extends TabledPattern implements LinearRegExp {
  private readonly pattern: string
  readonly size: number

  /** @param hasTable the pattern is one of RE2's syntax, not of JavaScript's, and is often used */
  constructor(pattern: string, engine: RE2JS, hasTable: boolean) {
    super(hasTable ? pattern : undefined, engine)
    this.size = engine.programSize()
    this.pattern = pattern
  }

  override toString(): string {
    return `/${this.pattern}/`
  }
}

/**
 * Loads the engine. Patterns are read in RE2's dialect, as KrakenD reads them, and failing that in JavaScript's
 * (`\u00e9`, `\/`, `(?<name>…)`) as far as RE2 can do it. Unicode properties may have their long names.
 */
export async function loadLinear(): Promise<CompileLinear> {
  const { RE2JS } = await import('re2js')
  return (pattern, once = false) => {
    const named = shortPropertyNames(pattern)
    try {
      return new Linear(pattern, RE2JS.compile(named), !once)
    } catch (cause) {
      try {
        return new Linear(pattern, RE2JS.compile(RE2JS.translateRegExp(named)), false)
      } catch {
        throw new Error(`the regular expression ${JSON.stringify(pattern)} is not supported: ${(cause as Error).message}`, {
          cause
        })
      }
    }
  }
}

/** Longest pattern, in characters, that is compiled while a request waits. */
const MAX_COMPUTED_PATTERN = 2048
/** Patterns remembered; when they are more, all are forgotten. */
const MAX_REMEMBERED = 256

/** An escape, a class, a counted repetition, or any other character. */
const PIECES = /\\[\s\S]|\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|\{(\d+)(?:,(\d*))?\}|[\s\S]/g

/** Returns about how many instructions a pattern compiles to, without compiling it: repetitions copy what they repeat. */
export function estimateSize(pattern: string): number {
  const outer: number[] = []
  let size = 1
  let last = 0 // of what a repetition would repeat; it is part of `size`
  for (const [piece, least, most] of pattern.matchAll(PIECES)) {
    if (least !== undefined) {
      const more = last * (Math.max(1, Number(least), Number(most ?? 0)) - 1)
      size += more
      last += more
    } else if (piece === '(') {
      outer.push(size)
      size = 1
    } else if (piece === ')' && outer.length > 0) {
      last = size
      size += outer.pop()!
    } else {
      last = 1
      size++
    }
  }
  return size + outer.reduce((sum, one) => sum + one, 0)
}

/** Remembers compiled patterns, for those that are known only at request time. The answer throws for a pattern that is too long. */
export function rememberCompiled(compile: CompileLinear): CompileLinear {
  const known = new Map<string, LinearRegExp>()
  return pattern => {
    const found = known.get(pattern)
    if (found !== undefined) return found
    if (pattern.length > MAX_COMPUTED_PATTERN) throw new Error(`a regular expression of ${pattern.length} characters is too long`)
    const made = compile(pattern, true)
    if (known.size >= MAX_REMEMBERED) known.clear()
    known.set(pattern, made)
    return made
  }
}
