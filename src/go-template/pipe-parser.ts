/** Reads pipes of commands and operands. Names of functions and variables are checked here. */

import { type Token, type TokenKind, tokenize } from './lexer.js'
import { parseNumber } from './number-constant.js'
import type { Command, Operand, Pipe } from './syntax.js'
import { type Source, TemplateError } from './template-error.js'

/** Nesting of blocks and parentheses that is read. */
const MAX_DEPTH = 1000

/** Words that no function can have as its name. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with'
])

/** The tokens of a source, and what the text between two braces may hold. */
export abstract class PipeParser {
  protected readonly source: Source
  protected readonly tokens: Token[]
  protected at = 0
  protected depth = 0
  /** Variables in scope. */
  protected variables: string[] = ['']
  private readonly hasFunction: (name: string) => boolean

  constructor(source: Source, hasFunction: (name: string) => boolean) {
    this.source = source
    this.hasFunction = hasFunction
    this.tokens = tokenize(source)
  }

  /** Reads a pipe up to a token that stays unread. `most`: variables that it may declare. */
  protected pipe(until: 'close' | ')', most = 1): Pipe {
    const { at } = this.peek()
    const { names, sets } = this.declarations(most)
    const commands: Command[] = []
    for (;;) {
      commands.push(this.command(until))
      if (this.peek().kind !== '|') break
      this.at++
    }
    for (const { operands } of commands.slice(1)) {
      const { kind } = operands[0]!
      if (kind === 'constant' || kind === 'dot' || kind === 'nil' || kind === 'number') {
        throw this.fault('a value without arguments cannot take the result of a pipe', operands[0]!.at)
      }
    }
    // a variable is known behind its declaration
    if (sets === 'declare') this.variables.push(...names)
    return { kind: 'pipe', source: this.source, at, end: this.lastEnd, variables: names, sets, commands }
  }

  private declarations(most: number): { names: string[]; sets: Pipe['sets'] } {
    const names: string[] = []
    const start = this.at
    while (this.peek().kind === 'variable') {
      const name = this.next()
      const { kind } = this.peek()
      if (kind !== ':=' && kind !== '=' && (kind !== ',' || most === 1)) break
      names.push(name.text)
      if (kind === '=') for (const known of names) this.mustKnow(known, name)
      this.at++
      if (kind === ',') {
        if (names.length < most) continue
        throw this.fault('too many declarations', name.at)
      }
      return { names, sets: kind === ':=' ? 'declare' : 'assign' }
    }
    this.at = start
    return { names: [], sets: undefined }
  }

  private command(until: 'close' | ')'): Command {
    const { at } = this.peek()
    const operands: Operand[] = []
    for (;;) {
      const { kind } = this.peek()
      if (kind === until || kind === '|') break
      operands.push(this.operand())
      const next = this.peek()
      if (next.kind === until || next.kind === '|') break
      if (!next.spaced) throw this.unexpected(next, 'in operand')
    }
    if (operands.length === 0) throw this.fault('missing value for command', at)
    return { kind: 'command', source: this.source, at, end: this.lastEnd, operands }
  }

  private operand(): Operand {
    const first = this.term()
    const path: string[] = []
    while (this.peek().kind === 'field' && !this.peek().spaced) path.push(this.next().text)
    if (path.length === 0) return first
    const place = { source: this.source, at: first.at, end: this.lastEnd }
    switch (first.kind) {
      case 'field':
        return { kind: 'field', ...place, path: [...first.path, ...path] }
      case 'variable':
        return { kind: 'variable', ...place, variable: first.variable, path }
      case 'constant':
      case 'number':
      case 'nil':
      case 'dot':
        throw this.fault(`unexpected .${path[0]} after term ${this.source.text.slice(first.at, first.end)}`, first.at)
      default:
        return { kind: 'chain', ...place, operand: first, path }
    }
  }

  private term(): Operand {
    const token = this.next()
    const place = { source: this.source, at: token.at, end: token.end }
    switch (token.kind) {
      case 'string':
        return { kind: 'constant', ...place, value: token.text }
      case 'number': {
        const number = parseNumber(token.text)
        if (number === undefined) throw this.fault(`bad number ${token.text}`, token.at)
        return { kind: 'number', ...place, ...number }
      }
      case 'dot':
        return { kind: 'dot', ...place }
      case 'field':
        return { kind: 'field', ...place, path: [token.text] }
      case 'variable':
        this.mustKnow(token.text, token)
        return { kind: 'variable', ...place, variable: token.text, path: [] }
      case 'word':
        return this.word(token, place)
      case '(': {
        this.enter(token)
        const pipe = this.pipe(')')
        this.take(')')
        this.depth--
        return pipe
      }
      default:
        throw this.unexpected(token, 'in command')
    }
  }

  private word(token: Token, place: { source: Source; at: number; end: number }): Operand {
    if (token.text === 'true' || token.text === 'false') return { kind: 'constant', ...place, value: token.text === 'true' }
    if (token.text === 'nil') return { kind: 'nil', ...place }
    if (KEYWORDS.has(token.text)) throw this.unexpected(token, 'in operand')
    if (!this.hasFunction(token.text)) throw this.fault(`function ${JSON.stringify(token.text)} not defined`, token.at)
    return { kind: 'function', ...place, name: token.text }
  }

  private mustKnow(name: string, token: Token): void {
    if (!this.variables.includes(name)) throw this.fault(`undefined variable "$${name}"`, token.at)
  }

  protected enter(token: Token): void {
    if (++this.depth > MAX_DEPTH) throw this.fault(`nested deeper than ${MAX_DEPTH} levels`, token.at)
  }

  protected peek(): Token {
    return this.tokens[this.at]!
  }

  protected next(): Token {
    return this.tokens[this.at++]!
  }

  protected get lastEnd(): number {
    return this.tokens[this.at - 1]!.end
  }

  protected take(kind: TokenKind): Token {
    const token = this.next()
    if (token.kind !== kind) throw this.unexpected(token, `where ${NAMES[kind] ?? kind} was expected`)
    return token
  }

  private unexpected(token: Token, where: string): TemplateError {
    const shown = token.kind === 'end' ? 'end of the text' : JSON.stringify(this.source.text.slice(token.at, token.end))
    return this.fault(`unexpected ${shown} ${where}`, token.at)
  }

  protected fault(message: string, at: number): TemplateError {
    return new TemplateError(message, { source: this.source, at })
  }
}

const NAMES: Partial<Record<TokenKind, string>> = { close: '}}', string: 'a quoted text' }
