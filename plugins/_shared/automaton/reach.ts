/** Which positions are reached by a character, and which without one. */

import { BOUNDARY, END, MATCH, NO_BOUNDARY, ON, type Positions, SET, START } from './positions.js'

/** What is known of a place between two characters. */
interface Spot {
  readonly isStart: boolean
  readonly isEnd: boolean
  /** Whether a word begins or ends there; undefined = the next character tells. */
  readonly isBoundary: boolean | undefined
}

const INSIDE: Spot = { isStart: false, isEnd: false, isBoundary: undefined }

/** Where a text stands before its next character. */
export interface Standing {
  readonly isFirst: boolean
  /** 1 behind a character of a word. */
  readonly word: number
}

export class Reach {
  /** Positions that were looked at. */
  looks = 0
  /** Where a text begins; undefined where every text matches. */
  readonly first: Uint32Array | undefined
  private readonly positions: Positions
  /** Positions at which each character begins anew. */
  private readonly again: readonly number[]
  /** 1 for those, which are not part of what is found. */
  private readonly isAgain: Uint8Array
  /** What is reached from {@link again}, by class and whether a word begins or ends; undefined = a match. */
  private readonly known = new Map<number, readonly number[] | undefined>()
  /** Number of the search that has found a position. */
  private readonly marks: Uint32Array
  private search = 0
  private readonly open: number[] = []

  constructor(positions: Positions) {
    const size = positions.kinds.length
    this.positions = positions
    this.marks = new Uint32Array(size)
    this.isAgain = new Uint8Array(size)
    const again: number[] = []
    this.begin()
    const matches = this.follow(positions.start, INSIDE, again)
    this.again = again
    const first: number[] = []
    this.begin()
    const matchesFirst = this.follow(positions.start, { ...INSIDE, isStart: true }, first)
    this.first = matches || matchesFirst ? undefined : Uint32Array.from(first)
    for (const at of again) this.isAgain[at] = 1
  }

  /** Returns where a text stands behind a character of a class, undefined when it has matched. */
  step(places: ArrayLike<number>, of: number, { isFirst, word }: Standing): Uint32Array | undefined {
    const { words } = this.positions
    const isBoundary = words === undefined ? undefined : words[of] !== word
    const begun = this.begun(of, isBoundary)
    if (begun === undefined) return undefined
    const spot: Spot = { isStart: isFirst, isEnd: false, isBoundary }
    const from = words === undefined ? places : this.expand(places, spot)
    const found: number[] = []
    this.begin()
    if (from === undefined || this.take(from, of, found)) return undefined
    for (const at of begun) this.add(at, found)
    return Uint32Array.from(found).sort()
  }

  /** Whether a text that ends here matches. */
  ends(places: ArrayLike<number>, { isFirst, word }: Standing): boolean {
    const { words, kinds } = this.positions
    const spot: Spot = { isStart: isFirst, isEnd: true, isBoundary: words === undefined ? undefined : word === 1 }
    const left: number[] = []
    this.begin()
    for (let i = 0; i < places.length; i++) if (kinds[places[i]!] !== SET && this.follow(places[i]!, spot, left)) return true
    return this.again.some(at => kinds[at] !== SET && this.follow(at, spot, left))
  }

  /** What begins anew with a character. */
  private begun(of: number, isBoundary: boolean | undefined): readonly number[] | undefined {
    const key = 2 * of + (isBoundary === true ? 1 : 0)
    if (this.known.has(key)) return this.known.get(key)
    const found: number[] = []
    const from = isBoundary === undefined ? this.again : this.expandAgain({ ...INSIDE, isBoundary })
    this.begin()
    const matches = from === undefined || this.take(from, of, found)
    const kept = matches ? undefined : found
    this.known.set(key, kept)
    return kept
  }

  /** Passes boundaries of words; undefined for a match. */
  private expand(places: ArrayLike<number>, spot: Spot): readonly number[] | undefined {
    const found: number[] = []
    this.begin()
    for (let i = 0; i < places.length; i++) if (this.follow(places[i]!, spot, found)) return undefined
    return found
  }

  private expandAgain(spot: Spot): readonly number[] | undefined {
    const more = this.expand(this.again, spot)
    return more && [...this.again, ...more]
  }

  /** Takes a character from each place; returns true for a match. */
  private take(places: ArrayLike<number>, of: number, found: number[]): boolean {
    const { kinds, setOf, takes, width, first, targets } = this.positions
    for (let i = 0; i < places.length; i++) {
      const at = places[i]!
      this.looks++
      if (kinds[at] !== SET || takes[setOf[at]! * width + of] === 0) continue
      if (this.follow(targets[first[at]!]!, INSIDE, found)) return true
    }
    return false
  }

  private begin(): void {
    this.search++
  }

  private add(at: number, found: number[]): void {
    if (this.marks[at] === this.search) return
    this.marks[at] = this.search
    found.push(at)
  }

  /** Adds to `found` what is reached from a position without a character, but for what always is; returns true for a match. */
  private follow(from: number, spot: Spot, found: number[]): boolean {
    const { kinds, first, targets } = this.positions
    const { open, marks, search } = this
    open.length = 0
    open.push(from)
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (marks[at] === search) continue
      marks[at] = search
      this.looks++
      const kind = kinds[at]!
      if (kind === MATCH) return true
      if (leadsOn(kind, spot)) for (let i = first[at]!; i < first[at + 1]!; i++) open.push(targets[i]!)
      else if (kind !== START && this.isAgain[at] === 0) found.push(at)
    }
    return false
  }
}

function leadsOn(kind: number, { isStart, isEnd, isBoundary }: Spot): boolean {
  switch (kind) {
    case ON:
      return true
    case START:
      return isStart
    case END:
      return isEnd
    case BOUNDARY:
      return isBoundary === true
    case NO_BOUNDARY:
      return isBoundary === false
    default:
      return false
  }
}
