/**
 * The part of RE2's syntax that {@link compileAutomaton} takes, read into a tree. What is rare is left to RE2: characters beyond ASCII,
 * flags other than `(?i)`, named groups, `\b`, `\Q`, properties.
 */

/** A set of ASCII characters: 1 for each that is in it. */
export type CharSet = Uint8Array

export type Piece =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Piece[] }
  | { readonly kind: 'repeat'; readonly part: Piece; readonly min: number; readonly max: number }

/** What RE2 leaves to the reader: no such piece is taken. */
class NotTaken extends Error {}

const setOf = (...ranges: readonly (readonly [number, number])[]): CharSet => {
  const set = new Uint8Array(128)
  for (const [from, to] of ranges) set.fill(1, from, to + 1)
  return set
}
const DIGITS = setOf([0x30, 0x39])
const WORD = setOf([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a])
/** RE2's `\s` has no vertical tab. */
const SPACE = setOf([0x09, 0x0a], [0x0c, 0x0d], [0x20, 0x20])
const ANY = setOf([0x00, 0x09], [0x0b, 0x7f])
const CLASSES: Readonly<Record<string, CharSet>> = { d: DIGITS, w: WORD, s: SPACE }
const CONTROLS: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, f: 0x0c, r: 0x0d }

/** By character; equal sets are one object. */
const SINGLES: readonly CharSet[] = Array.from({ length: 128 }, (_, c) => setOf([c, c]))

const inverted = (set: CharSet): CharSet => set.map(one => 1 - one)

const IGNORE_CASE = '(?i)'
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
    const { ignoresCase } = this
    if (this.text.startsWith(IGNORE_CASE, this.at)) {
      this.at += IGNORE_CASE.length
      this.ignoresCase = true
    }
    const parts = [this.sequence()]
    while (this.text[this.at] === '|') {
      this.at++
      parts.push(this.sequence())
    }
    this.depth--
    // a flag holds to the end of its group
    this.ignoresCase = ignoresCase
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts }
  }

  private sequence(): Piece {
    const parts: Piece[] = []
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') parts.push(this.repeated())
    return { kind: 'sequence', parts }
  }

  private repeated(): Piece {
    const part = this.atom()
    const [min, max] = this.count() ?? [1, 1]
    if (min === 1 && max === 1) return part
    if (part.kind === 'start' || part.kind === 'end') throw new NotTaken()
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
    COUNT.lastIndex = this.at
    const match = COUNT.exec(this.text)
    if (match === null) throw new NotTaken()
    this.at = COUNT.lastIndex
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
        return { kind: 'set', set: ANY }
      case '[':
        return { kind: 'set', set: this.class() }
      case '(':
        return this.group()
      case '\\':
        return { kind: 'set', set: this.folded(this.escape()) }
      case '*':
      case '+':
      case '?':
      case '{':
        throw new NotTaken()
      default:
        return { kind: 'set', set: this.folded(single(c)) }
    }
  }

  private group(): Piece {
    if (this.text[this.at] === '?') {
      if (this.text[this.at + 1] !== ':') throw new NotTaken()
      this.at += 2
    }
    const inner = this.choice()
    if (this.text[this.at++] !== ')') throw new NotTaken()
    return inner
  }

  private escape(): CharSet {
    const c = this.text[this.at++] ?? ''
    const known = CLASSES[c.toLowerCase()]
    if (known !== undefined) return c === c.toLowerCase() ? known : inverted(known)
    if (CONTROLS[c] !== undefined) return setOf([CONTROLS[c], CONTROLS[c]])
    if (!PUNCTUATION.test(c)) throw new NotTaken()
    return single(c)
  }

  private class(): CharSet {
    const set = new Uint8Array(128)
    const negated = this.text[this.at] === '^'
    if (negated) this.at++
    // a bracket that stands first, and nested brackets, mean several things
    for (let first = true; this.text[this.at] !== ']' || first; first = false) {
      const from = this.member()
      if (this.text[this.at] === '-' && this.text[this.at + 1] !== ']') {
        this.at++
        const to = this.member()
        const [low, high] = [onlyOf(from), onlyOf(to)]
        if (low > high) throw new NotTaken()
        set.fill(1, low, high + 1)
      } else for (let c = 0; c < 128; c++) set[c]! |= from[c]!
    }
    this.at++
    const folded = this.folded(set)
    return negated ? inverted(folded) : folded
  }

  private member(): CharSet {
    const c = this.text[this.at++]
    if (c === undefined || c === '[' || c === ']') throw new NotTaken()
    return c === '\\' ? this.escape() : single(c)
  }

  private folded(set: CharSet): CharSet {
    if (!this.ignoresCase) return set
    const folded = set.slice()
    for (let c = 0x61; c <= 0x7a; c++) folded[c] = folded[c - 0x20] = set[c]! | set[c - 0x20]!
    return folded
  }
}

function single(c: string): CharSet {
  const code = c.charCodeAt(0)
  const set = SINGLES[code]
  if (set === undefined) throw new NotTaken()
  return set
}

function onlyOf(set: CharSet): number {
  const first = set.indexOf(1)
  if (first !== set.lastIndexOf(1)) throw new NotTaken()
  return first
}
