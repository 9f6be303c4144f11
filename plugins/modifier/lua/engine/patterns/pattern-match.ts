/** Runs compiled patterns. Steps are counted: a pattern that backtracks for ever ends with the run's limits. */

import { raise } from '../errors.js'
import { allocate, charge } from '../vm.js'
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

/** A match: pairs of begin and end, the whole first. A place capture has its place (from 1) at both, and is noted in `places`. */
export interface Match {
  readonly at: Int32Array
  readonly places: number
}

/** Steps between two looks at the limits. */
const STEPS = 1024

/** Matches from `from` on, at most `limit` (-1: all), as gopher-lua's `pm.Find`. */
export function findMatches(text: string, pattern: string, from: number, limit: number): Match[] {
  try {
    const program = compilePattern(pattern)
    const matcher = new Matcher(program, text)
    const matches: Match[] = []
    for (let at = from; at <= text.length; ) {
      const end = matcher.run(at)
      at++
      if (end >= 0) {
        if (at < end) at = end
        allocate(32 + matcher.captures.length * 4)
        matches.push({ at: matcher.captures.slice(), places: matcher.places })
      }
      if (matches.length === limit || program.anchored) break
    }
    charge(matcher.used >> 3)
    return matches
  } catch (error) {
    if (error instanceof PatternError) raise(error.message)
    throw error
  }
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

  constructor(program: PatternProgram, text: string) {
    this.program = program
    this.text = text
    this.captures = new Int32Array(program.places)
  }

  /** End of the match that begins at a place, or -1. */
  run(start: number): number {
    const { op, a, b, sets } = this.program
    const { text, stack, captures } = this
    stack.length = 0
    captures.fill(0)
    this.grown = 0
    let pc = 0
    let at = start
    for (;;) {
      if (++this.used >= STEPS) this.settle()
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

  private settle(): void {
    charge(this.used >> 3)
    this.used = 0
    if (this.stack.length > 4_000_000) raise('pattern too complex')
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
