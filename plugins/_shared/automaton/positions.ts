/**
 * The positions of a pattern, as numbers. In: trees of patterns, of which one has to match. Out: for each position what it takes and
 * where it leads. Patterns that begin alike share these positions, so that thousands of words are a tree of letters.
 */

import { type CharSet, SIZE, WORD } from './char-sets.js'
import type { Edge, Piece } from './syntax.js'

/** Positions that lead on without a character, if they may. */
export const ON = 0
export const START = 1
export const END = 2
export const BOUNDARY = 3
export const NO_BOUNDARY = 4
/** The pattern has matched. */
export const MATCH = 5
/** Takes one character of a set. */
export const SET = 6

const KINDS: Readonly<Record<Edge, number>> = { start: START, end: END, boundary: BOUNDARY, 'no boundary': NO_BOUNDARY }

/** The pattern as a machine; entries of `targets` from `first[at]` to `first[at + 1]` are where the position `at` leads. */
export interface Positions {
  readonly start: number
  readonly kinds: Uint8Array
  readonly first: Uint32Array
  readonly targets: Uint32Array
  /** Number of the set that a position takes. */
  readonly setOf: Uint32Array
  /** 1 where a set has a class: `takes[set * width + class]`. */
  readonly takes: Uint8Array
  /** Class of each entry of a {@link CharSet}; characters that no set tells apart are one class. */
  readonly classOf: Uint8Array
  /** How many classes there are. */
  readonly width: number
  /** 1 for classes of word characters; undefined where no position asks. */
  readonly words: Uint8Array | undefined
}

/** Returns how many positions a tree makes, its repetitions written out. */
export function countPositions(piece: Piece): number {
  switch (piece.kind) {
    case 'sequence':
    case 'choice':
      return 1 + piece.parts.reduce((sum, part) => sum + countPositions(part), 0)
    case 'repeat': {
      const times = Number.isFinite(piece.max) ? piece.max : piece.min + 1
      return 1 + times * (countPositions(piece.part) + 1)
    }
    default:
      return 1
  }
}

/** Makes the positions of patterns one of which has to match. */
export function positionsOf(pieces: readonly Piece[]): Positions {
  const builder = new Builder()
  for (const piece of pieces) builder.add(piece)
  return builder.finish()
}

/** A place behind letters that patterns begin with. */
interface Branch {
  readonly set: CharSet | undefined
  readonly children: Map<CharSet, Branch>
  /** What follows here, in patterns that go on with something else. */
  readonly tails: Piece[]
  /** A pattern has matched here: what follows does not matter. */
  isEnd: boolean
  position: number
}

const branchOf = (set: CharSet | undefined): Branch => ({ set, children: new Map(), tails: [], isEnd: false, position: -1 })

class Builder {
  private readonly kinds: number[] = [MATCH]
  private readonly to: number[][] = [[]]
  private readonly sets: number[] = [0]
  private readonly byObject = new Map<CharSet, CharSet>()
  private readonly byText = new Map<string, CharSet>()
  private readonly numbers = new Map<CharSet, number>()
  private readonly root = branchOf(undefined)
  /** In the order in which they were made: a branch stands before those behind it. */
  private readonly branches = [this.root]

  add(piece: Piece): void {
    if (piece.kind === 'choice') for (const part of piece.parts) this.add(part)
    else this.addWord(withoutEnds(flat(piece)))
  }

  private addWord(parts: readonly Piece[]): void {
    let branch = this.root
    for (const [at, part] of parts.entries()) {
      if (branch.isEnd) return
      if (part.kind !== 'set') {
        branch.tails.push({ kind: 'sequence', parts: parts.slice(at) })
        return
      }
      const set = this.intern(part.set)
      let next = branch.children.get(set)
      if (next === undefined) {
        next = branchOf(set)
        branch.children.set(set, next)
        this.branches.push(next)
      }
      branch = next
    }
    branch.isEnd = true
  }

  finish(): Positions {
    for (const branch of this.branches.reverse()) {
      const targets = branch.isEnd ? [0] : this.behind(branch)
      const on = targets.length === 1 ? targets[0]! : this.make(ON, targets)
      branch.position = branch.set === undefined ? on : this.take(branch.set, on)
    }
    const { classOf, samples } = classesOf([...this.numbers.keys(), ...(this.asksWords ? [WORD] : [])])
    const width = samples.length
    const takes = new Uint8Array(this.numbers.size * width)
    for (const [set, number] of this.numbers) for (let c = 0; c < width; c++) takes[number * width + c] = set[samples[c]!]!
    const first = new Uint32Array(this.to.length + 1)
    for (const [at, list] of this.to.entries()) first[at + 1] = first[at]! + list.length
    return {
      start: this.root.position,
      kinds: Uint8Array.from(this.kinds),
      first,
      targets: Uint32Array.from(this.to.flat()),
      setOf: Uint32Array.from(this.sets),
      takes,
      classOf,
      width,
      words: this.asksWords ? Uint8Array.from(samples, c => WORD[c]!) : undefined
    }
  }

  private get asksWords(): boolean {
    return this.kinds.includes(BOUNDARY) || this.kinds.includes(NO_BOUNDARY)
  }

  private behind({ children, tails }: Branch): number[] {
    return [...[...children.values()].map(({ position }) => position), ...tails.map(tail => this.build(tail, 0))]
  }

  /** From the end to the start: each piece is told where it leads. */
  private build(piece: Piece, to: number): number {
    switch (piece.kind) {
      case 'set':
        return this.take(this.intern(piece.set), to)
      case 'sequence':
        return piece.parts.reduceRight((next, part) => this.build(part, next), to)
      case 'choice':
        return this.make(
          ON,
          piece.parts.map(part => this.build(part, to))
        )
      case 'repeat':
        return this.repeat(piece.part, piece.min, piece.max, to)
      default:
        return this.make(KINDS[piece.kind]!, [to])
    }
  }

  private repeat(part: Piece, min: number, max: number, to: number): number {
    let next = to
    if (max === Number.POSITIVE_INFINITY) {
      next = this.make(ON, [to])
      this.to[next]!.push(this.build(part, next))
    } else for (let i = min; i < max; i++) next = this.make(ON, [this.build(part, next), to])
    for (let i = 0; i < min; i++) next = this.build(part, next)
    return next
  }

  private make(kind: number, to: number[]): number {
    this.to.push(to)
    this.sets.push(0)
    return this.kinds.push(kind) - 1
  }

  private take(set: CharSet, to: number): number {
    const number = this.numbers.get(set) ?? this.numbers.size
    this.numbers.set(set, number)
    const position = this.make(SET, [to])
    this.sets[position] = number
    return position
  }

  /** Equal sets become one object. */
  private intern(set: CharSet): CharSet {
    let known = this.byObject.get(set)
    if (known === undefined) {
      const text = String.fromCharCode(...set)
      known = this.byText.get(text) ?? set
      this.byText.set(text, known)
      this.byObject.set(set, known)
    }
    return known
  }
}

/** The pieces that follow each other, sequences in sequences opened. */
function flat(piece: Piece): readonly Piece[] {
  return piece.kind === 'sequence' ? piece.parts.flatMap(flat) : [piece]
}

/** A match may stand anywhere in a text: what may be absent at its ends is left out, of repetitions there as many as there must be. */
function withoutEnds(parts: readonly Piece[]): readonly Piece[] {
  let from = 0
  let to = parts.length
  while (from < to && mayBeAbsent(parts[from]!)) from++
  while (from < to && mayBeAbsent(parts[to - 1]!)) to--
  const kept = parts.slice(from, to)
  for (const at of [0, kept.length - 1]) {
    const part = kept[at]
    if (part?.kind === 'repeat') kept[at] = { ...part, max: part.min }
  }
  return kept
}

const mayBeAbsent = (piece: Piece): boolean => piece.kind === 'repeat' && piece.min === 0

/** Characters that are in the same sets are one class; each has a sample. */
function classesOf(sets: readonly CharSet[]): { classOf: Uint8Array; samples: readonly number[] } {
  let classOf = new Uint8Array(SIZE)
  for (const set of sets) classOf = parted(classOf, set)
  const samples: number[] = []
  for (let c = 0; c < SIZE; c++) samples[classOf[c]!] ??= c
  return { classOf, samples }
}

/** Parts each class into those that are in the set and those that are not. */
function parted(classOf: Uint8Array, set: CharSet): Uint8Array<ArrayBuffer> {
  const names = new Int16Array(2 * SIZE).fill(-1)
  const made = new Uint8Array(SIZE)
  let count = 0
  for (let c = 0; c < SIZE; c++) {
    const pair = 2 * classOf[c]! + set[c]!
    if (names[pair] === -1) names[pair] = count++
    made[c] = names[pair]!
  }
  return made
}
