/**
 * Regular expressions as tables: one step for each character, whatever the pattern. In: patterns of RE2's syntax. Out: an automaton that
 * tells whether a text matches one of them, also a text that lies in bytes. A table has the rows that texts have asked for; what a row
 * costs is counted, so that neither patterns nor texts can make a test long.
 */

import { BEYOND, entryBeyond, entryOfBytes } from './char-sets.js'
import { countPositions, type Positions, positionsOf } from './positions.js'
import { Reach } from './reach.js'
import { type Piece, readPattern } from './syntax.js'

/** What {@link Automaton} returns for a text that would take too long. */
export const TOO_LONG = -1

/** Longest pattern, in characters, that is looked at. */
const MAX_PATTERN = 4096
/** Positions of a pattern, its repetitions written out. */
const MAX_POSITIONS = 2000
/** Entries of a table: 128 KB for one pattern, 2 MB for thousands. When they are more, all are forgotten. */
const LEAST_ENTRIES = 32 * 1024
const MOST_ENTRIES = 512 * 1024
/** Positions that a test may look at while it makes rows, some 50 ns each. */
const MOST_LOOKS = 1_000_000

/** A row that is not known yet, and that of texts that have matched; as numbers of rows. */
const UNKNOWN = 0
const MATCHED = 1

/** A state: the positions where a text may go on, besides those where each text begins anew. */
interface State {
  readonly places: Uint32Array
  /** The last character is one of a word. */
  readonly word: number
  readonly isFirst: boolean
}

const NOWHERE: State = { places: new Uint32Array(0), word: 0, isFirst: false }

export class Automaton {
  private readonly classOf: Uint8Array
  private readonly width: number
  private readonly words: Uint8Array | undefined
  private readonly reach: Reach
  private readonly mostRows: number
  /** By row and class the row that follows, as the offset of its first entry. */
  private next: Int32Array
  private states: State[] = []
  /** By row: whether a text matches that ends there, once that was asked. */
  private ends: (boolean | undefined)[] = []
  private readonly byHash = new Map<number, number[]>()
  private first = 0
  private kept = 0
  private looks = 0

  constructor(positions: Positions) {
    const entries = Math.min(MOST_ENTRIES, Math.max(LEAST_ENTRIES, 16 * positions.kinds.length))
    this.classOf = positions.classOf
    this.width = positions.width
    this.words = positions.words
    this.reach = new Reach(positions)
    this.mostRows = Math.max(16, Math.floor(entries / this.width))
    this.next = new Int32Array(8 * this.width)
    this.forget()
  }

  /** Returns 1 when the text matches, 0 when it does not, or {@link TOO_LONG}. */
  test(text: string): number {
    const { classOf, width } = this
    let state = this.first
    this.looks = MOST_LOOKS
    for (let i = 0; i < text.length; i++) {
      let c = text.charCodeAt(i)
      if (c >= BEYOND) {
        // both halves of a pair are one character
        if (c >= 0xd800 && text.codePointAt(i)! > 0xffff) i++
        c = entryBeyond(c)
      }
      const of = classOf[c]!
      state = this.next[state + of]! || this.advance(state, of)
      if (state <= width) return state === width ? 1 : TOO_LONG
    }
    return this.endsAt(state)
  }

  /** As {@link test}, for the UTF-8 from `from` to `to`. */
  testBytes(bytes: Uint8Array, from: number, to: number): number {
    const { classOf, width } = this
    let state = this.first
    this.looks = MOST_LOOKS
    for (let i = from; i < to; i++) {
      let c = bytes[i]!
      if (c >= BEYOND) {
        // all but the first byte of a character
        if (c < 0xc0) continue
        c = entryOfBytes(bytes, i)
      }
      const of = classOf[c]!
      state = this.next[state + of]! || this.advance(state, of)
      if (state <= width) return state === width ? 1 : TOO_LONG
    }
    return this.endsAt(state)
  }

  private endsAt(offset: number): number {
    const row = offset / this.width
    let ends = this.ends[row]
    if (ends === undefined) {
      const { places, word, isFirst } = this.states[row]!
      ends = this.reach.ends(places, { isFirst, word })
      this.ends[row] = ends
    }
    return ends ? 1 : 0
  }

  /** Makes the entry of a row; returns the offset of the row that follows, less than any for {@link TOO_LONG}. */
  private advance(offset: number, of: number): number {
    if (this.looks < 0) return -1
    const { places, word, isFirst } = this.states[offset / this.width]!
    const { reach } = this
    reach.looks = 0
    const found = reach.step(places, of, { isFirst, word })
    this.looks -= reach.looks + this.width
    const { states } = this
    const row = found === undefined ? MATCHED : this.rowOf({ places: found, word: this.words?.[of] ?? 0, isFirst: false })
    // where all rows were forgotten, that of the offset is gone too
    if (this.states === states) this.next[offset + of] = row * this.width
    return row * this.width
  }

  private rowOf(state: State): number {
    const hash = hashOf(state)
    const known = this.byHash.get(hash)?.find(row => isSame(this.states[row]!, state))
    if (known !== undefined) return known
    return this.addRow(state, hash)
  }

  private addRow(state: State, hash: number): number {
    if (this.states.length >= this.mostRows || this.kept > 4 * this.mostRows * this.width) this.forget()
    const row = this.states.push(state) - 1
    this.kept += state.places.length
    this.ends.push(undefined)
    const others = this.byHash.get(hash)
    if (others === undefined) this.byHash.set(hash, [row])
    else others.push(row)
    if ((row + 1) * this.width > this.next.length) {
      const larger = new Int32Array(2 * this.next.length)
      larger.set(this.next)
      this.next = larger
    }
    return row
  }

  /** Forgets all rows but the first. */
  private forget(): void {
    this.next.fill(UNKNOWN)
    this.next.fill(MATCHED * this.width, MATCHED * this.width, (MATCHED + 1) * this.width)
    this.states = [NOWHERE, NOWHERE]
    this.ends = [undefined, true]
    this.byHash.clear()
    this.kept = 0
    const places = this.reach.first
    const row = places === undefined ? MATCHED : this.addRow({ places, word: 0, isFirst: true }, -1)
    this.first = row * this.width
  }
}

/** Compiles a pattern that RE2 takes; undefined where RE2 itself has to run. */
export function compileAutomaton(pattern: string): Automaton | undefined {
  const piece = readSmall(pattern)
  return piece === undefined ? undefined : new Automaton(positionsOf([piece]))
}

/** Compiles patterns that RE2 takes, to one automaton that tells whether one of them matches; `others` are those that RE2 has to run. */
export function compileTogether(patterns: readonly string[]): {
  readonly automaton: Automaton
  readonly others: readonly string[]
} {
  const others: string[] = []
  const pieces: Piece[] = []
  for (const pattern of patterns) {
    const piece = readSmall(pattern)
    if (piece === undefined) others.push(pattern)
    else pieces.push(piece)
  }
  return { automaton: new Automaton(positionsOf(pieces)), others }
}

function readSmall(pattern: string): Piece | undefined {
  const piece = pattern.length > MAX_PATTERN ? undefined : readPattern(pattern)
  return piece === undefined || countPositions(piece) > MAX_POSITIONS ? undefined : piece
}

function hashOf({ places, word }: State): number {
  let hash = word
  for (const place of places) hash = (Math.imul(hash, 0x01000193) ^ place) | 0
  return hash
}

function isSame(a: State, b: State): boolean {
  if (a.word !== b.word || a.isFirst !== b.isFirst || a.places.length !== b.places.length) return false
  for (let i = 0; i < a.places.length; i++) if (a.places[i] !== b.places[i]) return false
  return true
}
