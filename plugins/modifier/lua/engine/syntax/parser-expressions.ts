/** Expressions of gopher-lua's grammar, and what reads tokens. Statements are in `parser.ts`. */

import { parseNumber } from '../number-reading.js'
import type { BinaryOperator, CallExpression, Expression, FunctionExpression, TableField } from './ast.js'
import { Lexer, type Token } from './lexer.js'
import type { LuaSyntaxError } from './syntax-error.js'

/** Nested blocks, parentheses and functions; gopher-lua has no such limit, JavaScript's stack has. */
const MAX_NESTING = 180
/** Left and right binding power. */
const POWER: Record<string, [number, number]> = {
  or: [1, 1],
  and: [2, 2],
  '<': [3, 3],
  '>': [3, 3],
  '<=': [3, 3],
  '>=': [3, 3],
  '~=': [3, 3],
  '==': [3, 3],
  '..': [5, 4],
  '+': [6, 6],
  '-': [6, 6],
  '*': [7, 7],
  '/': [7, 7],
  '%': [7, 7],
  '^': [10, 9]
}
const UNARY_POWER = 8

/** What the texts of a program name. */
export class Mentioned {
  /** All names and texts. */
  readonly texts = new Set<string>()
  /** Names of variables, local and global; fields and methods are none. */
  readonly variables = new Set<string>()
  /** A statement writes into a table. */
  writes = false
}

export abstract class ExpressionParser {
  protected readonly lexer: Lexer
  protected token: Token
  protected nesting = 0

  protected readonly mentioned: Mentioned
  /** The next name is a field's or a method's. */
  private afterDot = false

  constructor(text: string, chunkName: string, mentioned: Mentioned) {
    this.mentioned = mentioned
    this.lexer = new Lexer(text, chunkName)
    this.token = this.lexer.next()
  }

  protected abstract functionBody(line: number, method: boolean): FunctionExpression

  protected unexpected(reason = 'syntax error'): LuaSyntaxError {
    return this.lexer.error(this.lexer.token.text, reason)
  }

  protected advance(): Token {
    const token = this.token
    const { mentioned, afterDot } = this
    if (token.type === 'name' || token.type === 'string') mentioned.texts.add(token.text)
    if (token.type === 'name' && !afterDot) mentioned.variables.add(token.text)
    this.afterDot = token.type === '.' || token.type === ':'
    this.token = this.lexer.next()
    return token
  }

  protected is(type: string): boolean {
    return this.token.type === type
  }

  protected take(type: string): boolean {
    if (this.token.type !== type) return false
    this.advance()
    return true
  }

  protected expect(type: string): Token {
    if (this.token.type !== type) throw this.unexpected()
    return this.advance()
  }

  protected deeper<T>(parse: () => T): T {
    if (++this.nesting > MAX_NESTING) throw this.unexpected('nested too deeply')
    const result = parse()
    this.nesting--
    return result
  }

  protected startsExpression(): boolean {
    return 'nil true false number string ... function name ( { - not #'.split(' ').includes(this.token.type)
  }

  protected expressions(): Expression[] {
    const list = [this.expression()]
    while (this.take(',')) list.push(this.expression())
    return list
  }

  protected expression(limit = 0): Expression {
    return this.deeper(() => {
      let left = this.operand()
      for (;;) {
        const operator = this.token.type
        const power = POWER[operator]
        if (power === undefined || power[0] <= limit) return left
        left = operator === '..' ? this.concatenation(left) : join(this.advance().type, left, this.expression(power[1]))
      }
    })
  }

  /** `a .. b .. c` is one node, as it is one instruction for gopher-lua. */
  protected concatenation(first: Expression): Expression {
    const parts = [first]
    while (this.take('..')) parts.push(this.expression(POWER['..']![0]))
    const last = parts.at(-1)!
    if (last.type === 'concat') parts.splice(-1, 1, ...last.parts)
    return { type: 'concat', parts, line: first.line }
  }

  protected operand(): Expression {
    const { type } = this.token
    if (type === '-' || type === 'not' || type === '#') {
      this.advance()
      const operand = this.expression(UNARY_POWER)
      return { type: 'unary', operator: type, operand, line: operand.line }
    }
    return this.simple()
  }

  protected simple(): Expression {
    const { type, line, text } = this.token
    switch (type) {
      case 'nil':
      case 'true':
      case 'false':
        this.advance()
        return { type, line }
      case 'number':
        this.advance()
        return { type: 'number', line, value: parseNumber(text) ?? Number.NaN }
      case 'string':
        this.advance()
        return { type: 'string', line, value: text }
      case '...':
        this.advance()
        return { type: 'vararg', line, single: false }
      case 'function':
        this.advance()
        return { ...this.functionBody(line, false), line }
      case '{':
        return this.table()
      case 'name':
      case '(':
        return this.prefix()
      default:
        throw this.unexpected()
    }
  }

  /** The expression in parentheses that was read last: it cannot be assigned to. */
  protected parenthesised: Expression | undefined

  protected prefix(): Expression {
    let left = this.head()
    for (;;) {
      const { line } = left
      switch (this.token.type) {
        case '.': {
          this.advance()
          const key = this.expect('name')
          left = { type: 'index', line, object: left, key: { type: 'string', value: key.text, line: key.line } }
          break
        }
        case '[': {
          this.advance()
          const key = this.expression()
          this.expect(']')
          left = { type: 'index', line, object: left, key }
          break
        }
        case ':': {
          this.advance()
          const method = this.expect('name').text
          left = this.call(left, method)
          break
        }
        case '(':
        case '{':
        case 'string':
          left = this.call(left, undefined)
          break
        default:
          return left
      }
    }
  }

  protected head(): Expression {
    const { line, type, text } = this.token
    if (type === 'name') {
      this.advance()
      return { type: 'name', name: text, line }
    }
    this.expect('(')
    const inner = this.expression()
    this.expect(')')
    if (inner.type === 'call') inner.single = true
    else {
      if (inner.type === 'vararg') inner.single = true
      inner.line = line
    }
    this.parenthesised = inner
    return inner
  }

  protected call(callee: Expression, method: string | undefined): CallExpression {
    const call: CallExpression = { type: 'call', line: callee.line, callee, method, args: [], single: false }
    const { type, line, text } = this.token
    if (type === 'string') {
      this.advance()
      call.args.push({ type: 'string', value: text, line })
    } else if (type === '{') {
      call.args.push(this.table())
    } else {
      this.expect('(')
      if (!this.is(')')) {
        if (!this.startsExpression()) throw this.unexpected()
        call.args = this.expressions()
      }
      this.expect(')')
    }
    return call
  }

  protected table(): Expression {
    const { line } = this.expect('{')
    const fields: TableField[] = []
    while (!this.is('}')) {
      fields.push(this.field())
      if (!this.take(',') && !this.take(';')) break
      // gopher-lua's grammar takes several separators in a row
      while (this.take(',') || this.take(';'));
    }
    this.expect('}')
    return { type: 'table', line, fields }
  }

  protected field(): TableField {
    if (this.take('[')) {
      const key = this.expression()
      this.expect(']')
      this.expect('=')
      return { key, value: this.expression() }
    }
    if (!this.startsExpression()) throw this.unexpected()
    const { line } = this.token
    const value = this.expression()
    if (value.type !== 'name' || this.parenthesised === value || !this.take('=')) return { key: undefined, value }
    return { key: { type: 'string', value: value.name, line }, value: this.expression() }
  }
}

function join(operator: string, left: Expression, right: Expression): Expression {
  const { line } = left
  if (operator === 'and' || operator === 'or') return { type: operator, left, right, line }
  return { type: 'binary', operator: operator as BinaryOperator, left, right, line }
}
