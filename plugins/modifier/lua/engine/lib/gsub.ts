/** `string.gsub`. Where scripts can pause, they do so between two matches, and inside of the function that replaces them. */
import { all, callAll, markInPlace, PAUSE, settle, special } from '../calls.js'
import { checkString, optInt } from '../checks.js'
import { argumentError, raise } from '../errors.js'
import { numberToText } from '../numbers.js'
import { index, readCost } from '../operations.js'
import { type Match, withMatches } from '../patterns/pattern-match.js'
import { HOST_PREFIX } from '../syntax/positions.js'
import { type LuaResult, LuaTable, type LuaValue, typeName } from '../values.js'
import { allocate, charge, mayPause, noMemory, vm } from '../vm.js'
import { captured, captures } from './captures.js'

/** So many matches are replaced by a text or a table without looking whether the script should pause. */
const REPLACED_AT_ONCE = 256
/** Steps of a run for one replacement. */
const REPLACED_STEPS = 4

export function gsub(...args: LuaValue[]): LuaResult {
  const text = checkString(args[0], 1)
  const pattern = checkString(args[1], 2)
  const [, , raw] = args
  if (typeof raw !== 'string' && typeof raw !== 'function' && !(raw instanceof LuaTable)) {
    argumentError(3, `string or table or function expected, got ${typeName(raw)}`)
  }
  const limit = optInt(args[3], 4, -1)
  readCost(text)
  return withMatches(text, pattern, { from: 0, limit }, matches => {
    if (matches.length === 0) return [text, 0]
    const pauses = vm.resumable && vm.pinned === 0 && (typeof raw === 'function' || matches.length > REPLACED_AT_ONCE)
    return pauses ? (replacedInTurns(text, matches, raw) as unknown as LuaResult) : replaced(text, matches, raw)
  })
}

function replaced(text: string, matches: readonly Match[], repl: LuaValue): LuaResult {
  const result = new Replaced(text)
  for (const found of matches) {
    const value = typeof repl === 'function' ? callAll(repl, argumentsFor(text, found))[0] : replacement(text, found, repl)
    result.add(found, value)
  }
  return [result.end(), matches.length]
}

/** As {@link replaced}, where scripts can pause. */
const replacedInTurns = function* (
  text: string,
  matches: readonly Match[],
  repl: LuaValue
): Generator<unknown, LuaResult, unknown> {
  const result = new Replaced(text)
  for (const found of matches) {
    if (mayPause()) yield PAUSE
    if (typeof repl === 'function') {
      const value: unknown = repl(...argumentsFor(text, found))
      result.add(found, all(special(value) ? yield* settle(value) : value)[0])
    } else result.add(found, replacement(text, found, repl))
  }
  return [result.end(), matches.length]
}
Object.defineProperty(replacedInTurns, 'name', { value: `${HOST_PREFIX}gsub` })
markInPlace(replacedInTurns.prototype as object)

/** A text in which matches are replaced, from left to right. */
class Replaced {
  private readonly text: string
  private readonly parts: string[] = []
  private done = 0
  private size = 0

  constructor(text: string) {
    this.text = text
  }

  /** `nil` and `false` leave a match as it is. */
  add(found: Match, value: LuaValue): void {
    charge(REPLACED_STEPS)
    if (value === undefined || value === false) return
    const piece = typeof value === 'string' ? value : typeof value === 'number' ? numberToText(value) : ''
    const before = this.text.slice(this.done, found.at[0])
    this.parts.push(before, piece)
    this.size += before.length + piece.length + 32
    if (this.size > 65536) {
      allocate(this.size)
      this.size = 0
    }
    this.done = found.at[1]!
  }

  end(): string {
    this.parts.push(this.text.slice(this.done))
    allocate(this.size + this.text.length - this.done)
    let length = 0
    for (const part of this.parts) length += part.length
    if (length > vm.longest) noMemory()
    return this.parts.join('')
  }
}

const argumentsFor = (text: string, found: Match): LuaValue[] =>
  found.at.length === 2 ? [captured(text, found, 0)] : captures(text, found)

/** What a text or a table has for a match. */
function replacement(text: string, found: Match, repl: LuaValue): LuaValue {
  if (typeof repl === 'string') return expanded(text, found, repl)
  return index(repl, captured(text, found, found.at.length === 2 ? 0 : 1))
}

/** `%1` and alike in a replacement text. */
function expanded(text: string, found: Match, repl: string): string {
  if (!repl.includes('%')) return repl
  let result = ''
  for (let i = 0; i < repl.length; i++) {
    const c = repl.charAt(i)
    const next = repl.charAt(i + 1)
    if (c !== '%' || next === '') {
      result += c
      continue
    }
    i++
    if (next === '%') result += '%'
    else if (next >= '0' && next <= '9') result += capturedText(text, found, Number(next))
    else result += `%${next}`
  }
  return result
}

function capturedText(text: string, found: Match, n: number): string {
  const count = found.at.length / 2
  if (n > 1 && n >= count) raise('invalid capture index')
  return String(captured(text, found, n >= count ? 0 : n))
}
