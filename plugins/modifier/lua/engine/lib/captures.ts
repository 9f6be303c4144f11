/** What a match of a pattern captured, as values. */
import type { Match } from '../patterns/pattern-match.js'
import type { LuaResult, LuaValue } from '../values.js'

/** Value of a capture: its text, or its place. */
export function captured(text: string, match: Match, i: number): LuaValue {
  return (match.places & (1 << i)) !== 0 ? match.at[i * 2] : text.slice(match.at[i * 2], match.at[i * 2 + 1])
}

export function captures(text: string, match: Match): LuaValue[] {
  const values: LuaValue[] = []
  for (let i = 1; i < match.at.length / 2; i++) values.push(captured(text, match, i))
  return values
}

/** The captures of a match, or the whole where there are none. */
export function valuesOf(text: string, found: Match): LuaResult {
  return found.at.length === 2 ? captured(text, found, 0) : captures(text, found)
}
