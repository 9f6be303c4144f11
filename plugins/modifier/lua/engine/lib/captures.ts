/** What a match of a pattern captured, as values. */
import type { Matches } from '../patterns/pattern-match.js'
import type { LuaResult, LuaValue } from '../values.js'

/** Value of a capture: its text, or its place. */
export function captured(text: string, matches: Matches, match: number, i: number): LuaValue {
  const begin = matches.begin(match, i)
  return matches.isPlace(match, i) ? begin : text.slice(begin, matches.end(match, i))
}

export function captures(text: string, matches: Matches, match: number): LuaValue[] {
  const values: LuaValue[] = []
  for (let i = 1; i < matches.width; i++) values.push(captured(text, matches, match, i))
  return values
}

/** The captures of a match, or the whole where there are none. */
export function valuesOf(text: string, matches: Matches, match: number): LuaResult {
  return matches.width === 1 ? captured(text, matches, match, 0) : captures(text, matches, match)
}
