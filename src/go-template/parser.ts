/**
 * Makes trees of tokens.
 *
 * In: a source. Out: its templates by name, the source's own under the source's name. Names of functions and variables are checked here, so
 * that a typing error is found also in a branch that no execution takes.
 *
 * Over 300 lines: one recursive descent over one grammar.
 */

import { type Token, type TokenKind, tokenize } from './lexer.js'
import { parseNumber } from './number-constant.js'
import {
  type Block,
  type BranchPart,
  type CallPart,
  type Command,
  isEmptyBlock,
  type Operand,
  type Part,
  type Pipe,
  type RangePart
} from './syntax.js'
import { type Source, TemplateError } from './template-error.js'

/** Nesting of blocks and parentheses that is read. */
const MAX_DEPTH = 1000

const KEYWORDS: ReadonlySet<string> = new Set([
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

export interface ParsedSource {
  /** The trees by template name; the source's own stands under the name of the source. */
  readonly templates: ReadonlyMap<string, Block>
}

/**
 * Reads one source.
 * @param hasFunction tells whether a function of this name exists
 * @throws TemplateError at the first fault
 */
export function parseSource(source: Source, hasFunction: (name: string) => boolean): ParsedSource {
  return new Parser(source, hasFunction).run()
}

/** How a block ended. */
type Ending = 'end' | 'else'

class Parser {
  private readonly source: Source
  private readonly hasFunction: (name: string) => boolean
  private readonly tokens: Token[]
  private readonly templates = new Map<string, Block>()
  private at = 0
  private depth = 0
  private loops = 0
  /** Variables in scope. */
  private variables: string[] = ['']

  constructor(source: Source, hasFunction: (name: string) => boolean) {
    this.source = source
    this.hasFunction = hasFunction
    this.tokens = tokenize(source)
  }

  run(): ParsedSource {
    const parts: Part[] = []
    while (this.peek().kind !== 'end') {
      const part = this.part()
      if (part === 'end' || part === 'else') throw this.fault(`unexpected {{${part}}}`, this.tokens[this.at - 1]!.at)
      if (part !== undefined) parts.push(part)
    }
    this.add(this.source.name, parts, 0)
    return { templates: this.templates }
  }

  /** Takes a template. One that is empty gives way to another of its name in the same source. */
  private add(name: string, parts: Block, at: number): void {
    const known = this.templates.get(name)
    if (known === undefined || isEmptyBlock(known)) this.templates.set(name, parts)
    else if (!isEmptyBlock(parts)) throw this.fault(`multiple definition of template ${JSON.stringify(name)}`, at)
  }

  /** Reads parts up to `{{end}}` or `{{else}}`. */
  private block(opened: Token): { parts: Block; ending: Ending } {
    this.enter(opened)
    const variables = this.variables.length
    const parts: Part[] = []
    for (;;) {
      if (this.peek().kind === 'end') throw this.fault(`unexpected end of the text: no {{end}} for this action`, opened.at)
      const part = this.part()
      if (part === 'end' || part === 'else') {
        this.variables.length = variables
        this.depth--
        return { parts, ending: part }
      }
      if (part !== undefined) parts.push(part)
    }
  }

  /** Reads one part; undefined for a definition. After `else` the parser stands behind the word. */
  private part(): Part | Ending | undefined {
    const token = this.next()
    if (token.kind === 'text') return { kind: 'text', source: this.source, at: token.at, end: token.end, text: token.text }
    const word = this.peek()
    if (word.kind !== 'word' || !KEYWORDS.has(word.text)) {
      const pipe = this.pipe('close')
      return { kind: 'action', source: this.source, at: token.at, end: this.take('close').end, pipe }
    }
    this.at++
    switch (word.text) {
      case 'end':
        this.take('close')
        return 'end'
      case 'else':
        return 'else'
      case 'if':
      case 'with':
        return this.branch(token, word.text)
      case 'range':
        return this.range(token)
      case 'template':
        return this.call(token)
      case 'block':
        return this.blockDefinition(token)
      case 'define':
        this.define(token)
        return undefined
      default:
        if (this.loops === 0) throw this.fault(`{{${word.text}}} outside {{range}}`, token.at)
        return { kind: word.text as 'break' | 'continue', source: this.source, at: token.at, end: this.take('close').end }
    }
  }

  private branch(opened: Token, kind: 'if' | 'with'): BranchPart {
    const variables = this.variables.length
    const pipe = this.pipe('close')
    this.take('close')
    const { parts, ending } = this.block(opened)
    const otherwise = ending === 'else' ? this.otherwise(opened, kind) : undefined
    this.variables.length = variables
    return { kind, source: this.source, at: opened.at, end: this.lastEnd, pipe, body: parts, otherwise }
  }

  /** Reads what follows `{{else`: a block, or another branch of the same kind (`else if`, `else with`). */
  private otherwise(opened: Token, kind: 'if' | 'with'): Block {
    const word = this.peek()
    if (word.kind === 'word' && word.text === kind) {
      this.at++
      this.enter(opened)
      const branch = this.branch(opened, kind)
      this.depth--
      return [branch]
    }
    return this.lastBlock(opened)
  }

  private lastBlock(opened: Token): Block {
    this.take('close')
    const { parts, ending } = this.block(opened)
    if (ending === 'else') throw this.fault('expected {{end}}, found {{else}}', this.tokens[this.at - 1]!.at)
    return parts
  }

  private range(opened: Token): RangePart {
    const variables = this.variables.length
    const pipe = this.pipe('close', 2)
    this.take('close')
    this.loops++
    const { parts, ending } = this.block(opened)
    this.loops--
    const otherwise = ending === 'else' ? this.lastBlock(opened) : undefined
    this.variables.length = variables
    return { kind: 'range', source: this.source, at: opened.at, end: this.lastEnd, pipe, body: parts, otherwise }
  }

  private call(opened: Token): CallPart {
    const name = this.take('string').text
    const pipe = this.peek().kind === 'close' ? undefined : this.pipe('close')
    return { kind: 'template', source: this.source, at: opened.at, end: this.take('close').end, name, pipe }
  }

  private blockDefinition(opened: Token): CallPart {
    const name = this.take('string').text
    const pipe = this.pipe('close')
    const end = this.take('close').end
    this.add(name, this.definition(opened), opened.at)
    return { kind: 'template', source: this.source, at: opened.at, end, name, pipe }
  }

  private define(opened: Token): void {
    if (this.depth > 0) throw this.fault('unexpected {{define}}: a definition stands outside of other actions', opened.at)
    const name = this.take('string').text
    this.take('close')
    this.add(name, this.definition(opened), opened.at)
  }

  /** A template of its own sees no variables of the text around it. */
  private definition(opened: Token): Block {
    const { variables, loops } = this
    this.variables = ['']
    this.loops = 0
    const { parts, ending } = this.block(opened)
    if (ending === 'else') throw this.fault('unexpected {{else}} in a definition', this.tokens[this.at - 1]!.at)
    this.variables = variables
    this.loops = loops
    return parts
  }

  /** Reads a pipe up to a token that stays unread. `most`: variables that it may declare. */
  private pipe(until: 'close' | ')', most = 1): Pipe {
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

  private enter(token: Token): void {
    if (++this.depth > MAX_DEPTH) throw this.fault(`nested deeper than ${MAX_DEPTH} levels`, token.at)
  }

  private peek(): Token {
    return this.tokens[this.at]!
  }

  private next(): Token {
    return this.tokens[this.at++]!
  }

  private get lastEnd(): number {
    return this.tokens[this.at - 1]!.end
  }

  private take(kind: TokenKind): Token {
    const token = this.next()
    if (token.kind !== kind) throw this.unexpected(token, `where ${NAMES[kind] ?? kind} was expected`)
    return token
  }

  private unexpected(token: Token, where: string): TemplateError {
    const shown = token.kind === 'end' ? 'end of the text' : JSON.stringify(this.source.text.slice(token.at, token.end))
    return this.fault(`unexpected ${shown} ${where}`, token.at)
  }

  private fault(message: string, at: number): TemplateError {
    return new TemplateError(message, { source: this.source, at })
  }
}

const NAMES: Partial<Record<TokenKind, string>> = { close: '}}', string: 'a quoted text' }
