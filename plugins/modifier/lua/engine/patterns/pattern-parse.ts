/** Compiles Lua patterns to instructions, as gopher-lua's `pm` does: its errors, its leniency with `)` and `]`. */

import { charge } from '../vm.js'
import { ALL, type ByteSet, between, classOf, EOS, only } from './pattern-classes.js'

export const OP_CHAR = 0
export const OP_MATCH = 1
export const OP_TAIL = 2
export const OP_JUMP = 3
export const OP_SPLIT = 4
export const OP_SAVE = 5
export const OP_PLACE = 6
export const OP_BRACE = 7
export const OP_BACK = 8

export interface PatternProgram {
  readonly op: number[]
  readonly a: number[]
  readonly b: number[]
  readonly sets: (ByteSet | undefined)[]
  /** Starts with `^`. */
  readonly anchored: boolean
  /** Places for captures, two for each, with the whole match. */
  readonly places: number
}

export class PatternError extends Error {}

const MAX_NESTING = 150
/** Reading a class takes about as long as this many steps of a script. */
const STEPS_PER_CLASS = 8

type Item =
  | { type: 'single'; set: ByteSet }
  | { type: 'repeat'; set: ByteSet; kind: string }
  | { type: 'place' }
  | { type: 'capture'; items: Item[] }
  | { type: 'back'; n: number }
  | { type: 'brace'; open: number; close: number }

const cache = new Map<string, PatternProgram>()
const CACHED = 512

export function compilePattern(pattern: string): PatternProgram {
  let program = cache.get(pattern)
  if (program === undefined) {
    program = assemble(new PatternParser(pattern))
    if (cache.size >= CACHED) cache.delete(cache.keys().next().value!)
    if (pattern.length < 1024) cache.set(pattern, program)
  }
  return program
}

class PatternParser {
  readonly items: Item[]
  anchored = false
  tail = false
  private readonly text: string
  private at = 0
  private nesting = 0

  constructor(text: string) {
    this.text = text
    if (this.peek() === '^') {
      this.at++
      this.anchored = true
    }
    this.items = this.sequence(true)
  }

  private peek(): string {
    return this.text.charAt(this.at)
  }

  private fail(message: string, at = this.at): never {
    throw new PatternError(at >= this.text.length ? `${message} at EOS` : `${message} at ${at}`)
  }

  private sequence(top: boolean): Item[] {
    if (++this.nesting > MAX_NESTING) throw new PatternError('pattern too complex')
    const items: Item[] = []
    for (;;) {
      const c = this.peek()
      if (c === '') break
      if (c === ')') {
        if (top) this.fail("invalid ')'", Math.max(this.at - 1, 0))
        break
      }
      this.item(c, items, top)
    }
    this.nesting--
    return items
  }

  private item(c: string, items: Item[], top: boolean): void {
    switch (c) {
      case '%':
        this.escaped(items)
        return
      case '.':
      case '[':
      case ']':
        items.push({ type: 'single', set: this.class(true) })
        return
      case '(':
        this.capture(items)
        return
      case '*':
      case '+':
      case '-':
      case '?': {
        this.at++
        const last = items.at(-1)
        if (last?.type === 'single') items.splice(-1, 1, { type: 'repeat', set: last.set, kind: c })
        else items.push({ type: 'single', set: only(c.charCodeAt(0)) })
        return
      }
      case '$':
        this.at++
        if (top && this.at === this.text.length) this.tail = true
        else items.push({ type: 'single', set: only(36) })
        return
      default:
        this.at++
        items.push({ type: 'single', set: only(c.charCodeAt(0)) })
    }
  }

  private escaped(items: Item[]): void {
    const c = this.text.charAt(this.at + 1)
    if (c === '0') this.fail('invalid capture index', this.at)
    if (c >= '1' && c <= '9') {
      this.at += 2
      items.push({ type: 'back', n: Number(c) })
    } else if (c === 'b') {
      const open = this.code(this.at + 2)
      const close = this.code(this.at + 3)
      this.at = Math.min(this.at + 4, this.text.length)
      items.push({ type: 'brace', open, close })
    } else items.push({ type: 'single', set: this.class(true) })
  }

  private code(at: number): number {
    return at < this.text.length ? this.text.charCodeAt(at) : EOS
  }

  private capture(items: Item[]): void {
    this.at++
    if (this.peek() === ')') {
      this.at++
      items.push({ type: 'place' })
      return
    }
    const inner = this.sequence(false)
    if (this.peek() !== ')') this.fail('unfinished capture')
    this.at++
    items.push({ type: 'capture', items: inner })
  }

  /** One character, or a class of them. Inside of brackets `.` and `[` are plain. */
  private class(outside: boolean): ByteSet {
    const c = this.peek()
    if (c === '') this.fail('unexpected EOS')
    charge(STEPS_PER_CLASS)
    this.at++
    if (c === '%') return this.named()
    if (outside && c === '.') return ALL
    if (outside && c === '[') return this.brackets()
    return only(c.charCodeAt(0))
  }

  private named(): ByteSet {
    const code = this.code(this.at)
    if (code !== EOS) this.at++
    return classOf(code)
  }

  /** gopher-lua says the place of the last character here, unless that is a `%` without a class. */
  private failInBrackets(): never {
    const { text } = this
    let percents = 0
    while (text[text.length - 1 - percents] === '%') percents++
    const open = percents % 2 === 1
    throw new PatternError(`unexpected EOS at ${open ? 'EOS' : text.length - 1}`)
  }

  private brackets(): ByteSet {
    const negated = this.peek() === '^'
    if (negated) this.at++
    /** A set, and its byte when it is a plain character: only those make ranges. */
    const classes: { set: ByteSet; byte: number | undefined }[] = []
    let range = false
    for (;;) {
      const c = this.peek()
      if (c === '') this.failInBrackets()
      if (c === ']' && classes.length > 0) break
      if (c === '-' && classes.length > 0) {
        this.at++
        range = true
        continue
      }
      const plain = c !== '%'
      const byte = plain ? c.charCodeAt(0) : undefined
      classes.push({ set: this.class(false), byte })
      if (!range) continue
      const [begin, end] = classes.splice(-2)
      classes.push({ set: between(begin?.byte, end?.byte), byte: undefined })
      range = false
    }
    this.at++
    if (range) classes.push({ set: only(45), byte: 45 })
    const set = new Uint8Array(256)
    for (let i = 0; i < 256; i++) set[i] = classes.some(one => one.set[i] === 1) === negated ? 0 : 1
    return set
  }
}

function assemble(parser: PatternParser): PatternProgram {
  const program = {
    op: [] as number[],
    a: [] as number[],
    b: [] as number[],
    sets: [] as (ByteSet | undefined)[],
    anchored: parser.anchored,
    places: 2
  }
  const emit = (op: number, a = -1, b = -1, set?: ByteSet): void => {
    program.op.push(op)
    program.a.push(a)
    program.b.push(b)
    program.sets.push(set)
  }
  const write = (items: readonly Item[]): void => {
    for (const item of items) writeItem(item)
  }
  const writeItem = (item: Item): void => {
    const at = program.op.length
    switch (item.type) {
      case 'single':
        emit(OP_CHAR, -1, -1, item.set)
        return
      case 'repeat':
        if (item.kind === '*') emit(OP_SPLIT, at + 1, at + 3)
        if (item.kind === '-') emit(OP_SPLIT, at + 3, at + 1)
        if (item.kind === '?') emit(OP_SPLIT, at + 1, at + 2)
        emit(OP_CHAR, -1, -1, item.set)
        if (item.kind === '*' || item.kind === '-') emit(OP_JUMP, at)
        if (item.kind === '+') emit(OP_SPLIT, at, at + 2)
        return
      case 'place':
        emit(OP_PLACE, program.places)
        program.places += 2
        return
      case 'capture': {
        const place = program.places
        program.places += 2
        emit(OP_SAVE, place)
        write(item.items)
        emit(OP_SAVE, place + 1)
        return
      }
      case 'back':
        emit(OP_BACK, item.n)
        return
      case 'brace':
        emit(OP_BRACE, item.open, item.close)
    }
  }
  emit(OP_SAVE, 0)
  write(parser.items)
  emit(OP_SAVE, 1)
  emit(parser.tail ? OP_TAIL : OP_MATCH)
  return program
}
