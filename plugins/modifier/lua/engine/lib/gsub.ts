/** `string.gsub`. Where scripts can pause, they do so between two matches, and inside of the function that replaces them. */
import { all, callAll, markInPlace, PAUSE, settle, special } from '../calls.js'
import { checkString, optInt } from '../checks.js'
import { argumentError, raise } from '../errors.js'
import { numberToText } from '../numbers.js'
import { index, readCost } from '../operations.js'
import { type Matches, withMatches } from '../patterns/pattern-match.js'
import { HOST_PREFIX } from '../syntax/positions.js'
import { type LuaResult, LuaTable, type LuaValue, typeName } from '../values.js'
import { allocate, charge, mayPause, noMemory, vm } from '../vm.js'
import { captured, captures } from './captures.js'

/** So many matches are replaced by a text or a table without looking whether the script should pause. */
const REPLACED_AT_ONCE = 256
/** Pieces of a text that are joined before the next ones are kept: each is an object that V8 copies while it is held. */
const JOINED = 1024
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
    if (matches.count === 0) return [text, 0]
    const pauses = vm.resumable && vm.pinned === 0 && (typeof raw === 'function' || matches.count > REPLACED_AT_ONCE)
    return pauses ? (replacedInTurns(text, matches, raw) as unknown as LuaResult) : replaced(text, matches, raw)
  })
}

function replaced(text: string, matches: Matches, repl: LuaValue): LuaResult {
  const result = new Replaced(text, matches)
  for (let i = 0; i < matches.count; i++) {
    const value =
      typeof repl === 'function' ? callAll(repl, argumentsFor(text, matches, i))[0] : replacement(text, matches, i, repl)
    result.add(i, value)
  }
  return [result.end(), matches.count]
}

/** As {@link replaced}, where scripts can pause. */
const replacedInTurns = function* (text: string, matches: Matches, repl: LuaValue): Generator<unknown, LuaResult, unknown> {
  const result = new Replaced(text, matches)
  for (let i = 0; i < matches.count; i++) {
    if (mayPause()) yield PAUSE
    if (typeof repl === 'function') {
      const value: unknown = repl(...argumentsFor(text, matches, i))
      result.add(i, all(special(value) ? yield* settle(value) : value)[0])
    } else result.add(i, replacement(text, matches, i, repl))
  }
  return [result.end(), matches.count]
}
Object.defineProperty(replacedInTurns, 'name', { value: `${HOST_PREFIX}gsub` })
markInPlace(replacedInTurns.prototype as object)

/** A text in which matches are replaced, from left to right. */
class Replaced {
  private readonly text: string
  private readonly matches: Matches
  /** What is done: long texts, and behind them those that are joined next. */
  private readonly joined: string[] = []
  private parts: string[] = []
  private done = 0
  private size = 0
  private length = 0

  constructor(text: string, matches: Matches) {
    this.text = text
    this.matches = matches
  }

  /** `nil` and `false` leave a match as it is. */
  add(match: number, value: LuaValue): void {
    charge(REPLACED_STEPS)
    if (value === undefined || value === false) return
    const piece = typeof value === 'string' ? value : typeof value === 'number' ? numberToText(value) : ''
    const before = this.text.slice(this.done, this.matches.begin(match))
    this.done = this.matches.end(match)
    this.put(before)
    this.put(piece)
    this.size += before.length + piece.length + 32
    if (this.size > 65536) {
      allocate(this.size)
      this.size = 0
    }
    if (this.parts.length > JOINED) this.join()
  }

  end(): string {
    this.put(this.text.slice(this.done))
    allocate(this.size + this.text.length - this.done)
    if (this.length > vm.longest) noMemory()
    this.join()
    return this.joined.length === 1 ? this.joined[0]! : this.joined.join('')
  }

  private put(part: string): void {
    if (part === '') return
    this.parts.push(part)
    this.length += part.length
  }

  private join(): void {
    this.joined.push(this.parts.join(''))
    this.parts = []
  }
}

const argumentsFor = (text: string, matches: Matches, match: number): LuaValue[] =>
  matches.width === 1 ? [captured(text, matches, match, 0)] : captures(text, matches, match)

/** What a text or a table has for a match. */
function replacement(text: string, matches: Matches, match: number, repl: LuaValue): LuaValue {
  if (typeof repl === 'string') return expanded(text, matches, match, repl)
  return index(repl, captured(text, matches, match, matches.width === 1 ? 0 : 1))
}

/** `%1` and alike in a replacement text. */
function expanded(text: string, matches: Matches, match: number, repl: string): string {
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
    else if (next >= '0' && next <= '9') result += capturedText(text, matches, match, Number(next))
    else result += `%${next}`
  }
  return result
}

function capturedText(text: string, matches: Matches, match: number, n: number): string {
  const count = matches.width
  if (n > 1 && n >= count) raise('invalid capture index')
  return String(captured(text, matches, match, n >= count ? 0 : n))
}
