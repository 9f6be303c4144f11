/**
 * Regular expressions as tables: one step for each character, whatever the pattern. In: a pattern of RE2's syntax. Out: an automaton
 * that tells whether an ASCII text matches, also one that lies in bytes. Patterns whose table would be large have none.
 */

import { type CharSet, type Piece, readPattern } from './syntax.js'

/** What {@link Automaton} returns for a text with a character beyond ASCII, which RE2 has to look at. */
export const BEYOND_ASCII = -1

/** Longest pattern, in characters, that is looked at. */
const MAX_PATTERN = 4096
/** Positions of a pattern, its repetitions written out. */
const MAX_POSITIONS = 2000
/** Rows of a table. */
const MAX_STATES = 512
/** Positions that are looked at while a table is made: some 10 ms. */
const MAX_STEPS = 500_000

const DEAD = 0

/** A table: rows are states, columns are the classes of characters that no set of the pattern tells apart. */
export class Automaton {
  private readonly classOf: Uint8Array
  private readonly next: Uint16Array
  private readonly width: number
  private readonly start: number
  /** By state: 2 = has matched whatever follows, 1 = matches at the end. */
  private readonly accepts: Uint8Array

  constructor(table: Table) {
    this.classOf = table.classOf
    this.next = Uint16Array.from(table.rows.flat())
    this.width = table.width
    this.start = table.start
    this.accepts = Uint8Array.from(table.accepts)
  }

  /** Returns 1 when the text matches, 0 when it does not, or {@link BEYOND_ASCII}. */
  test(text: string): number {
    const { classOf, next, width, accepts } = this
    let state = this.start
    let beyond = 0
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      beyond |= c
      state = next[state * width + classOf[c & 0x7f]!]!
    }
    return beyond >= 128 ? BEYOND_ASCII : accepts[state] === 0 ? 0 : 1
  }

  /** As {@link test}, for the characters from `from` to `to`. */
  testBytes(bytes: Uint8Array, from: number, to: number): number {
    const { classOf, next, width, accepts } = this
    let state = this.start
    let beyond = 0
    for (let i = from; i < to; i++) {
      const c = bytes[i]!
      beyond |= c
      state = next[state * width + classOf[c & 0x7f]!]!
    }
    return beyond >= 128 ? BEYOND_ASCII : accepts[state] === 0 ? 0 : 1
  }
}

/** Compiles a pattern that RE2 takes; undefined where RE2 itself has to run. */
export function compileAutomaton(pattern: string): Automaton | undefined {
  const piece = pattern.length > MAX_PATTERN ? undefined : readPattern(pattern)
  const positions = piece === undefined ? undefined : positionsOf(piece)
  const table = positions === undefined ? undefined : tableOf(positions)
  return table === undefined ? undefined : new Automaton(table)
}

// --- positions -----------------------------------------------------------------------------------------------------

/** A position of a pattern: it takes a character, stands at an edge of the text, leads on, or is the end. */
interface Position {
  readonly kind: 'set' | 'start' | 'end' | 'on' | 'match'
  readonly set: CharSet | undefined
  readonly to: number[]
}

class TooLarge extends Error {}

function positionsOf(piece: Piece): { positions: readonly Position[]; start: number } | undefined {
  const positions: Position[] = []
  const add = (kind: Position['kind'], to: number[], set?: CharSet): number => {
    if (positions.length >= MAX_POSITIONS) throw new TooLarge()
    return positions.push({ kind, set, to }) - 1
  }
  // from the end to the start: each piece is told where it leads
  const build = (one: Piece, to: number): number => {
    switch (one.kind) {
      case 'set':
        return add('set', [to], one.set)
      case 'start':
      case 'end':
        return add(one.kind, [to])
      case 'sequence':
        return one.parts.reduceRight((next, part) => build(part, next), to)
      case 'choice':
        return add(
          'on',
          one.parts.map(part => build(part, to))
        )
      case 'repeat':
        return repeat(one.part, one.min, one.max, to)
    }
  }
  const repeat = (part: Piece, min: number, max: number, to: number): number => {
    let next = to
    if (max === Number.POSITIVE_INFINITY) {
      next = add('on', [to])
      positions[next]!.to.push(build(part, next))
    } else for (let i = min; i < max; i++) next = add('on', [build(part, next), to])
    for (let i = 0; i < min; i++) next = build(part, next)
    return next
  }
  try {
    const match = add('match', [])
    return { start: build(piece, match), positions }
  } catch (cause) {
    if (cause instanceof TooLarge) return undefined
    throw cause
  }
}

// --- table ---------------------------------------------------------------------------------------------------------

interface Table {
  readonly classOf: Uint8Array
  readonly width: number
  readonly rows: readonly (readonly number[])[]
  readonly start: number
  readonly accepts: readonly number[]
}

function tableOf({ positions, start }: { positions: readonly Position[]; start: number }): Table | undefined {
  const { classOf, samples } = classesOf(positions)
  const reach = new Reach(positions)
  const known = new Map<string, number>()
  const sets: (readonly number[])[] = []
  const accepts: number[] = []
  const stateOf = (set: readonly number[], name = ''): number => {
    const matched = set.some(one => positions[one]!.kind === 'match')
    // what has matched stays so
    const key = matched ? 'matched' : name + String.fromCharCode(...set)
    let state = known.get(key)
    if (state === undefined) {
      state = sets.push(matched ? [] : set) - 1
      known.set(key, state)
      accepts.push(
        matched ? 2 : reach.from(set, { start: false, end: true }).some(one => positions[one]!.kind === 'match') ? 1 : 0
      )
    }
    return state
  }
  stateOf([])
  const again = reach.from([start], { start: false, end: false })
  const restart = stateOf(again)
  const rows: number[][] = []
  const first = stateOf(reach.from([start], { start: true, end: false }), 'first ')
  // an empty text has both edges: no other state is the first one
  const empty = reach.from([start], { start: true, end: true }).some(one => positions[one]!.kind === 'match')
  if (empty && accepts[first] === 0) accepts[first] = 1
  for (let state = 0; state < sets.length; state++) {
    if (sets.length > MAX_STATES || reach.steps > MAX_STEPS) return undefined
    const set = sets[state]!
    if (accepts[state] === 2) rows.push(samples.map(() => state))
    else if (state === DEAD && again.length === 0) rows.push(samples.map(() => DEAD))
    else {
      reach.steps += samples.length * (set.length + again.length + 1)
      rows.push(
        samples.map(c => {
          const more = set.filter(one => positions[one]!.set?.[c] === 1)
          if (more.length === 0) return restart
          const targets = new Set(again)
          for (const one of more) for (const target of reach.behind(positions[one]!.to[0]!)) targets.add(target)
          return stateOf([...targets].sort((a, b) => a - b))
        })
      )
    }
  }
  return { classOf, width: samples.length, rows, start: first, accepts }
}

/** Which positions are reached without a character. */
class Reach {
  steps = 0
  private readonly positions: readonly Position[]
  private readonly known = new Map<number, readonly number[]>()

  constructor(positions: readonly Position[]) {
    this.positions = positions
  }

  from(begin: readonly number[], edge: { readonly start: boolean; readonly end: boolean }): number[] {
    const found = new Set<number>()
    const open = [...begin]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (found.has(at)) continue
      this.steps++
      found.add(at)
      const { kind, to } = this.positions[at]!
      if (kind === 'on' || (kind === 'start' && edge.start) || (kind === 'end' && edge.end)) open.push(...to)
    }
    // what leads on has done its part; the end of the text is asked for later
    return [...found]
      .filter(at => this.positions[at]!.kind !== 'on' && this.positions[at]!.kind !== 'start')
      .sort((a, b) => a - b)
  }

  /** From inside of the text. */
  behind(at: number): readonly number[] {
    let found = this.known.get(at)
    if (found === undefined) {
      found = this.from([at], { start: false, end: false })
      this.known.set(at, found)
    }
    this.steps += found.length
    return found
  }
}

/** Characters that are in the same sets are one class. */
function classesOf(positions: readonly Position[]): { classOf: Uint8Array; samples: readonly number[] } {
  let classOf = new Uint8Array(128)
  for (const set of new Set(positions.map(one => one.set))) if (set !== undefined) classOf = parted(classOf, set)
  const samples: number[] = []
  for (let c = 0; c < 128; c++) samples[classOf[c]!] ??= c
  return { classOf, samples }
}

/** Parts each class into those that are in the set and those that are not. */
function parted(classOf: Uint8Array, set: CharSet): Uint8Array<ArrayBuffer> {
  const names = new Int16Array(256).fill(-1)
  const made = new Uint8Array(128)
  let count = 0
  for (let c = 0; c < 128; c++) {
    const pair = 2 * classOf[c]! + set[c]!
    if (names[pair] === -1) names[pair] = count++
    made[c] = names[pair]!
  }
  return made
}
