/** Runs compiled patterns. Steps are counted: a pattern that backtracks for ever lets others go on meanwhile, and ends with the run's limits. */

import { markInPlace, PAUSE, settle, special } from '../calls.js'
import { raise } from '../errors.js'
import { HOST_PREFIX } from '../syntax/positions.js'
import type { LuaResult } from '../values.js'
import { allocate, charge, mayPause } from '../vm.js'
import {
  compilePattern,
  OP_BACK,
  OP_BRACE,
  OP_CHAR,
  OP_JUMP,
  OP_MATCH,
  OP_PLACE,
  OP_SAVE,
  OP_SPLIT,
  OP_TAIL,
  PatternError,
  type PatternProgram
} from './pattern-parse.js'

/** Matches, in one array of numbers: objects of their own would take ten times as much, and V8 copies what is held. */
export class Matches {
  /** Pairs of a match: the whole first, then the captures. */
  readonly width: number
  /** Pairs of begin and end. A capture of a place has it (from 1) at both. */
  private readonly ends: number[] = []
  /** By match: a bit for each capture that is a place; undefined where the pattern has none. */
  private readonly placed: number[] | undefined

  constructor({ places, op }: PatternProgram) {
    this.width = places >> 1
    this.placed = op.includes(OP_PLACE) ? [] : undefined
  }

  get count(): number {
    return this.ends.length / (2 * this.width)
  }

  begin(match: number, pair = 0): number {
    return this.ends[2 * (match * this.width + pair)]!
  }

  end(match: number, pair = 0): number {
    return this.ends[2 * (match * this.width + pair) + 1]!
  }

  isPlace(match: number, pair: number): boolean {
    return this.placed !== undefined && (this.placed[match]! & (1 << pair)) !== 0
  }

  add(captures: Int32Array, places: number): void {
    for (const at of captures) this.ends.push(at)
    this.placed?.push(places)
  }
}

/** Steps between two looks at the limits. */
const STEPS = 1024

/** What {@link Matcher.run} returns when the script should pause before it goes on. */
const PAUSED = -2
/** Steps of a run for one match that is kept. */
const MATCH_STEPS = 8

/** Where to search, and for how many matches at most (-1: all). */
export interface SearchRange {
  readonly from: number
  readonly limit: number
}

/** Searches as gopher-lua's `pm.Find`, and returns what `then` makes of the matches; or a generator of it, when the script pauses. */
export function withMatches(
  text: string,
  pattern: string,
  { from, limit }: SearchRange,
  then: (matches: Matches) => LuaResult
): LuaResult {
  const search = new Search(text, pattern, from, limit)
  return search.isDone() ? then(search.matches) : (searched(search, then) as unknown as LuaResult)
}

const searched = function* (search: Search, then: (matches: Matches) => LuaResult): Generator<unknown, unknown, unknown> {
  do yield PAUSE
  while (!search.isDone())
  const result = then(search.matches)
  return special(result) ? yield* settle(result) : result
}
Object.defineProperty(searched, 'name', { value: `${HOST_PREFIX}search` })
markInPlace(searched.prototype as object)

class Search {
  readonly matches: Matches
  private readonly program: PatternProgram
  private readonly matcher: Matcher
  private readonly last: number
  private readonly limit: number
  private at: number

  constructor(text: string, pattern: string, from: number, limit: number) {
    this.program = compiled(pattern)
    this.matches = new Matches(this.program)
    this.matcher = new Matcher(this.program, text)
    this.last = text.length
    this.limit = limit
    this.at = from
  }

  /** Goes on with the search; false where the script should pause before the rest. */
  isDone(): boolean {
    try {
      while (this.at <= this.last) {
        const end = this.matcher.run(this.at)
        if (end === PAUSED) return false
        this.at++
        if (end >= 0) {
          if (this.at < end) this.at = end
          this.keep()
        }
        if (this.matches.count === this.limit || this.program.anchored) break
      }
    } catch (error) {
      throw raised(error)
    }
    charge(this.matcher.used >> 3)
    return true
  }

  private keep(): void {
    const { captures, places } = this.matcher
    allocate(32 + captures.length * 4)
    charge(MATCH_STEPS)
    this.matches.add(captures, places)
  }
}

function compiled(pattern: string): PatternProgram {
  try {
    return compilePattern(pattern)
  } catch (error) {
    throw raised(error)
  }
}

/** A fault of a pattern is an error of the script. */
function raised(error: unknown): unknown {
  return error instanceof PatternError ? raise(error.message) : error
}

class Matcher {
  readonly captures: Int32Array
  /** Bit set of the captures that are places. */
  places = 0
  used = 0
  private readonly program: PatternProgram
  private readonly text: string
  /** Alternatives not tried yet: instruction and place; or, negative, a capture and the value to put back. */
  private stack: number[] = []
  /** How many places Go's growing list of captures has. */
  private grown = 0
  /** Where it goes on: an instruction, or -1 where none is half done; and a place in the text. */
  private resumed = -1
  private resumedAt = 0

  constructor(program: PatternProgram, text: string) {
    this.program = program
    this.text = text
    this.captures = new Int32Array(program.places)
  }

  /** End of the match that begins at a place, -1, or {@link PAUSED}: then it goes on when it is called again. */
  run(start: number): number {
    const { op, a, b, sets } = this.program
    const { text, stack, captures } = this
    let pc = this.resumed
    let at = this.resumedAt
    if (pc < 0) {
      stack.length = 0
      captures.fill(0)
      this.grown = 0
      pc = 0
      at = start
    } else this.resumed = -1
    for (;;) {
      if (++this.used >= STEPS && this.settle()) {
        this.resumed = pc
        this.resumedAt = at
        return PAUSED
      }
      switch (op[pc]) {
        case OP_CHAR:
          if (at < text.length && sets[pc]![text.charCodeAt(at)] === 1) {
            at++
            pc++
            continue
          }
          break
        case OP_SPLIT:
          stack.push(b[pc]!, at)
          pc = a[pc]!
          continue
        case OP_JUMP:
          pc = a[pc]!
          continue
        case OP_SAVE: {
          const place = a[pc]!
          stack.push(-1 - place, captures[place]!)
          captures[place] = at
          if (place >= this.grown) this.grown = place + 1
          pc++
          continue
        }
        case OP_PLACE: {
          const place = a[pc]!
          captures[place] = captures[place + 1] = at + 1
          this.places |= 1 << (place >> 1)
          if (place + 1 >= this.grown) this.grown = place + 2
          pc++
          continue
        }
        case OP_MATCH:
          return at
        case OP_TAIL:
          if (at >= text.length) return at
          break
        case OP_BRACE:
          at = this.balanced(at, a[pc]!, b[pc]!)
          if (at >= 0) {
            pc++
            continue
          }
          break
        case OP_BACK:
          at = this.again(at, a[pc]! * 2)
          if (at >= 0) {
            pc++
            continue
          }
          break
      }
      // back to the last alternative
      for (;;) {
        if (stack.length === 0) return -1
        const value = stack.pop()!
        const target = stack.pop()!
        if (target < 0) {
          captures[-1 - target] = value
          continue
        }
        pc = target
        at = value
        break
      }
    }
  }

  /** Counts the steps; true when the script should pause. */
  private settle(): boolean {
    charge(this.used >> 3)
    this.used = 0
    if (this.stack.length > 4_000_000) raise('pattern too complex')
    return mayPause()
  }

  /** End of a balanced piece, or -1. */
  private balanced(start: number, open: number, close: number): number {
    const { text } = this
    if (start >= text.length || text.charCodeAt(start) !== open) return -1
    let count = 1
    for (let at = start + 1; at < text.length; at++) {
      if (++this.used >= STEPS) this.settle()
      const c = text.charCodeAt(at)
      if (c === close) count--
      if (count === 0) return at + 1
      if (c === open) count++
    }
    return -1
  }

  /** End of a repetition of a capture, or -1. */
  private again(start: number, place: number): number {
    if (place >= this.grown - 1) throw new PatternError('invalid capture index')
    const { text, captures } = this
    const piece = text.slice(captures[place], captures[place + 1])
    this.used += piece.length
    return text.startsWith(piece, start) ? start + piece.length : -1
  }
}
