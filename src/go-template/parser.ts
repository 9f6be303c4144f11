/**
 * Makes trees of tokens.
 *
 * In: a source. Out: its templates by name, the source's own under the source's name. Names of functions and variables are checked here, so
 * that a typing error is found also in a branch that no execution takes.
 */

import type { Token } from './lexer.js'
import { KEYWORDS, PipeParser } from './pipe-parser.js'
import { type Block, type BranchPart, type CallPart, isEmptyBlock, type Part, type RangePart } from './syntax.js'
import type { Source } from './template-error.js'

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

class Parser extends PipeParser {
  private readonly templates = new Map<string, Block>()
  private loops = 0

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
}
