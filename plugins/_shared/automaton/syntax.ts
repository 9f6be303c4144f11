/**
 * The part of RE2's syntax that tables are made of, read into a tree. What is rare is left to RE2: characters beyond ASCII in a
 * pattern, the flags `m` and `U`, `\Q`, properties.
 */

import {
  BEYOND,
  type CharSet,
  CLASSES,
  CONTROLS,
  DOT,
  EVERY,
  FOLDED,
  folded,
  inverted,
  SINGLES,
  SIZE,
  setOf
} from './char-sets.js'

export type Piece =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: Edge }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Piece[] }
  | { readonly kind: 'repeat'; readonly part: Piece; readonly min: number; readonly max: number }

/** The start and the end of the text, and whether a word begins or ends (`\b`) or not (`\B`). */
export type Edge = 'start' | 'end' | 'boundary' | 'no boundary'

/** What RE2 leaves to the reader: no such piece is taken. */
class NotTaken extends Error {}

/** `(?i)`, `(?s-i:`, `(?:`: flags, and whether a group follows. */
const FLAGS = /\?([is]*)(?:-([is]+))?([:)])/y
const NAME = /\?P?<\w+>/y
const PUNCTUATION = /[!-/:-@[-`{-~]/
const COUNT = /\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/y
/** Deepest nesting of groups. */
const MAX_DEPTH = 50
/** RE2 takes no larger counts. */
const MAX_COUNT = 1000

/** Reads a pattern that RE2 takes; undefined for one with anything that is not known here. */
export function readPattern(pattern: string): Piece | undefined {
  try {
    return new PatternReader(pattern).read()
  } catch (cause) {
    if (cause instanceof NotTaken) return undefined
    throw cause
  }
}

class PatternReader {
  private readonly text: string
  private ignoresCase = false
  private dotTakesAll = false
  private at = 0
  private depth = 0

  constructor(text: string) {
    this.text = text
  }

  read(): Piece {
    const piece = this.choice()
    if (this.at < this.text.length) throw new NotTaken()
    return piece
  }

  private choice(): Piece {
    if (++this.depth > MAX_DEPTH) throw new NotTaken()
    const { ignoresCase, dotTakesAll } = this
    const parts = [this.sequence()]
    while (this.text[this.at] === '|') {
      this.at++
      parts.push(this.sequence())
    }
    this.depth--
    // flags hold to the end of their group
    this.ignoresCase = ignoresCase
    this.dotTakesAll = dotTakesAll
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts }
  }

  private sequence(): Piece {
    const parts: Piece[] = []
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') {
      if (!this.flags()) parts.push(this.repeated())
    }
    return { kind: 'sequence', parts }
  }

  /** Reads flags that hold from here on. */
  private flags(): boolean {
    const match = this.text[this.at] === '(' ? this.match(FLAGS, this.at + 1) : undefined
    if (match?.[3] !== ')') return false
    this.at += 1 + match[0].length
    this.setFlags(match)
    return true
  }

  private setFlags([, on = '', off = '']: readonly (string | undefined)[]): void {
    this.ignoresCase = (this.ignoresCase || on.includes('i')) && !off.includes('i')
    this.dotTakesAll = (this.dotTakesAll || on.includes('s')) && !off.includes('s')
  }

  private match(expression: RegExp, at: number): RegExpExecArray | undefined {
    expression.lastIndex = at
    return expression.exec(this.text) ?? undefined
  }

  private repeated(): Piece {
    const part = this.atom()
    const [min, max] = this.count() ?? [1, 1]
    if (min === 1 && max === 1) return part
    if (part.kind !== 'set' && part.kind !== 'sequence' && part.kind !== 'choice') throw new NotTaken()
    // whether a repetition is greedy changes what is matched, not whether
    if (this.text[this.at] === '?') this.at++
    if (this.count() !== undefined) throw new NotTaken()
    return { kind: 'repeat', part, min, max }
  }

  private count(): [min: number, max: number] | undefined {
    const c = this.text[this.at]
    if (c === '*' || c === '+' || c === '?') {
      this.at++
      return [c === '+' ? 1 : 0, c === '?' ? 1 : Number.POSITIVE_INFINITY]
    }
    if (c !== '{') return undefined
    const match = this.match(COUNT, this.at)
    if (match === undefined) throw new NotTaken()
    this.at += match[0].length
    const min = Number(match[1])
    const max = match[2] === undefined ? min : match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3])
    if (min > max || min > MAX_COUNT) throw new NotTaken()
    return [min, max]
  }

  private atom(): Piece {
    const c = this.text[this.at++]!
    switch (c) {
      case '^':
        return { kind: 'start' }
      case '$':
        return { kind: 'end' }
      case '.':
        return { kind: 'set', set: this.dotTakesAll ? EVERY : DOT }
      case '[':
        return { kind: 'set', set: this.class() }
      case '(':
        return this.group()
      case '\\':
        return this.escaped()
      case '*':
      case '+':
      case '?':
      case '{':
        throw new NotTaken()
      default:
        return { kind: 'set', set: this.one(codeOf(c)) }
    }
  }

  private group(): Piece {
    const { ignoresCase, dotTakesAll } = this
    if (this.text[this.at] === '?') {
      const flags = this.match(FLAGS, this.at)
      const begin = flags ?? this.match(NAME, this.at)
      if (begin === undefined) throw new NotTaken()
      this.at += begin[0].length
      if (flags !== undefined) this.setFlags(flags)
    }
    const inner = this.choice()
    this.ignoresCase = ignoresCase
    this.dotTakesAll = dotTakesAll
    if (this.text[this.at++] !== ')') throw new NotTaken()
    return inner
  }

  private escaped(): Piece {
    const c = this.text[this.at]
    if (c === 'b' || c === 'B') {
      this.at++
      return { kind: c === 'b' ? 'boundary' : 'no boundary' }
    }
    const set = this.escape()
    return { kind: 'set', set: typeof set === 'number' ? this.one(set) : set }
  }

  private escape(): CharSet | number {
    const c = this.text[this.at++] ?? ''
    const known = CLASSES[c.toLowerCase()]
    if (known !== undefined) {
      const set = this.ignoresCase ? folded(known) : known
      return c === c.toLowerCase() ? set : inverted(set)
    }
    const control = CONTROLS[c]
    if (control === undefined && !PUNCTUATION.test(c)) throw new NotTaken()
    return control ?? codeOf(c)
  }

  private class(): CharSet {
    const set = new Uint8Array(SIZE)
    const negated = this.text[this.at] === '^'
    if (negated) this.at++
    // a bracket that stands first, and nested brackets, mean several things
    for (let first = true; this.text[this.at] !== ']' || first; first = false) {
      const from = this.member()
      if (typeof from !== 'number') addTo(set, from)
      else if (this.text[this.at] === '-' && this.text[this.at + 1] !== ']') {
        this.at++
        const to = this.member()
        if (typeof to !== 'number' || from > to) throw new NotTaken()
        addTo(set, this.range(from, to))
      } else addTo(set, this.range(from, from))
    }
    this.at++
    return negated ? inverted(set) : set
  }

  private range(from: number, to: number): CharSet {
    const range = setOf([from, to])
    return this.ignoresCase ? folded(range) : range
  }

  /** Reads a character, or a class such as `\d`. */
  private member(): CharSet | number {
    const c = this.text[this.at++]
    if (c === undefined || c === '[' || c === ']') throw new NotTaken()
    return c === '\\' ? this.escape() : codeOf(c)
  }

  private one(code: number): CharSet {
    return (this.ignoresCase ? FOLDED : SINGLES)[code]!
  }
}

function codeOf(c: string): number {
  const code = c.charCodeAt(0)
  if (code >= BEYOND) throw new NotTaken()
  return code
}

function addTo(set: Uint8Array, more: CharSet): void {
  for (let c = 0; c < SIZE; c++) set[c]! |= more[c]!
}
