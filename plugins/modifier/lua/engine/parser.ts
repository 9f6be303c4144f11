/** Recursive descent over gopher-lua's grammar. A wrong token is reported where gopher-lua's table-driven parser reports it: at the first that cannot follow. */
import type { BinaryOperator, CallExpression, Expression, FunctionExpression, Statement, TableField } from './ast.js'
import { Lexer, type Token } from './lexer.js'
import { parseNumber } from './number-reading.js'
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

/** Parses the bytes of a chunk (one char for each byte); adds every name and text to `mentioned`. @throws LuaSyntaxError */
export function parseChunk(text: string, chunkName: string, mentioned = new Set<string>()): FunctionExpression {
  return new Parser(text, chunkName, mentioned).chunk()
}

class Parser {
  private readonly lexer: Lexer
  private token: Token
  private nesting = 0

  private readonly mentioned: Set<string>

  constructor(text: string, chunkName: string, mentioned: Set<string>) {
    this.mentioned = mentioned
    this.lexer = new Lexer(text, chunkName)
    this.token = this.lexer.next()
  }

  chunk(): FunctionExpression {
    const body = this.block()
    if (this.token.type !== 'eof') throw this.unexpected()
    const last = body.at(-1)
    const lastLine = last === undefined ? 0 : (last.lastLine ?? last.line) + 1
    return { type: 'function', line: 0, lastLine, parameters: [], variadic: true, body }
  }

  private unexpected(reason = 'syntax error'): LuaSyntaxError {
    return this.lexer.error(this.lexer.token.text, reason)
  }

  private advance(): Token {
    const token = this.token
    if (token.type === 'name' || token.type === 'string') this.mentioned.add(token.text)
    this.token = this.lexer.next()
    return token
  }

  private is(type: string): boolean {
    return this.token.type === type
  }

  private take(type: string): boolean {
    if (this.token.type !== type) return false
    this.advance()
    return true
  }

  private expect(type: string): Token {
    if (this.token.type !== type) throw this.unexpected()
    return this.advance()
  }

  private deeper<T>(parse: () => T): T {
    if (++this.nesting > MAX_NESTING) throw this.unexpected('nested too deeply')
    const result = parse()
    this.nesting--
    return result
  }

  private block(): Statement[] {
    return this.deeper(() => {
      const body: Statement[] = []
      for (;;) {
        if (this.take(';')) continue
        if (this.is('return') || this.is('break')) {
          body.push(this.last())
          this.take(';')
          return body
        }
        const statement = this.statement()
        if (statement === undefined) return body
        body.push(statement)
      }
    })
  }

  private last(): Statement {
    const { line, type } = this.advance()
    if (type === 'break') return { type: 'break', line }
    return { type: 'return', line, values: this.startsExpression() ? this.expressions() : [] }
  }

  private startsExpression(): boolean {
    return 'nil true false number string ... function name ( { - not #'.split(' ').includes(this.token.type)
  }

  /** A statement, or undefined where none begins. */
  private statement(): Statement | undefined {
    const { line } = this.token
    switch (this.token.type) {
      case 'do': {
        this.advance()
        const body = this.block()
        return { type: 'do', line, body, lastLine: this.expect('end').line }
      }
      case 'while': {
        this.advance()
        const condition = this.expression()
        this.expect('do')
        const body = this.block()
        return { type: 'while', line, condition, body, lastLine: this.expect('end').line }
      }
      case 'repeat': {
        this.advance()
        const body = this.block()
        this.expect('until')
        const condition = this.expression()
        return { type: 'repeat', line, condition, body, lastLine: condition.line }
      }
      case 'if':
        return this.branches(line)
      case 'for':
        return this.loop(line)
      case 'function':
        return this.named(line)
      case 'local':
        return this.local(line)
      case '::': {
        this.advance()
        const { text } = this.expect('name')
        this.expect('::')
        return { type: 'label', line, name: text }
      }
      case 'goto':
        this.advance()
        return { type: 'goto', line, name: this.expect('name').text }
      case 'name':
      case '(':
        return this.callOrAssignment()
      default:
        return undefined
    }
  }

  private branches(line: number): Statement {
    this.advance()
    const clauses: { condition: Expression; body: Statement[] }[] = []
    do {
      const condition = this.expression()
      this.expect('then')
      clauses.push({ condition, body: this.block() })
    } while (this.take('elseif'))
    const otherwise = this.take('else') ? this.block() : undefined
    return { type: 'if', line, clauses, otherwise, lastLine: this.expect('end').line }
  }

  private loop(line: number): Statement {
    this.advance()
    const names = [this.expect('name').text]
    if (this.take('=')) {
      const init = this.expression()
      this.expect(',')
      const limit = this.expression()
      const step = this.take(',') ? this.expression() : undefined
      this.expect('do')
      const body = this.block()
      return { type: 'for', line, name: names[0]!, init, limit, step, body, lastLine: this.expect('end').line }
    }
    while (this.take(',')) names.push(this.expect('name').text)
    this.expect('in')
    const values = this.expressions()
    this.expect('do')
    const body = this.block()
    return { type: 'forin', line, names, values, body, lastLine: this.expect('end').line }
  }

  private named(line: number): Statement {
    this.advance()
    const first = this.expect('name')
    let target: Expression = { type: 'name', name: first.text, line: first.line }
    while (this.take('.')) {
      const key = this.expect('name')
      target = { type: 'index', line: key.line, object: target, key: { type: 'string', value: key.text, line: key.line } }
    }
    if (this.take(':')) {
      const { text } = this.expect('name')
      const fn = this.functionBody(this.token.line, true)
      return { type: 'method', line, receiver: target, name: text, fn, lastLine: fn.lastLine }
    }
    const fn = this.functionBody(this.token.line, false)
    return { type: 'assign', line: fn.line, targets: [target], values: [fn], lastLine: fn.lastLine }
  }

  private local(line: number): Statement {
    this.advance()
    if (this.take('function')) {
      const name = this.expect('name').text
      const fn = this.functionBody(this.token.line, false)
      return { type: 'local', line, names: [name], values: [fn], lastLine: fn.lastLine }
    }
    const names = [this.expect('name').text]
    while (this.take(',')) names.push(this.expect('name').text)
    return { type: 'local', line, names, values: this.take('=') ? this.expressions() : [] }
  }

  private callOrAssignment(): Statement {
    const first = this.prefix()
    const { line } = first
    if (first.type !== 'call' && this.parenthesised === first) throw this.unexpected('parse error')
    if (this.is('=') || this.is(',')) {
      const targets = [this.variable(first)]
      while (this.take(',')) {
        if (!this.is('name') && !this.is('(')) throw this.unexpected()
        targets.push(this.variable(this.prefix()))
      }
      this.expect('=')
      return { type: 'assign', line, targets, values: this.expressions() }
    }
    if (first.type !== 'call') throw this.unexpected('parse error')
    return { type: 'call', line, call: first }
  }

  /** The target of an assignment. */
  private variable(target: Expression): Expression {
    if ((target.type !== 'name' && target.type !== 'index') || this.parenthesised === target) throw this.unexpected()
    return target
  }

  private expressions(): Expression[] {
    const list = [this.expression()]
    while (this.take(',')) list.push(this.expression())
    return list
  }

  private expression(limit = 0): Expression {
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
  private concatenation(first: Expression): Expression {
    const parts = [first]
    while (this.take('..')) parts.push(this.expression(POWER['..']![0]))
    const last = parts.at(-1)!
    if (last.type === 'concat') parts.splice(-1, 1, ...last.parts)
    return { type: 'concat', parts, line: first.line }
  }

  private operand(): Expression {
    const { type } = this.token
    if (type === '-' || type === 'not' || type === '#') {
      this.advance()
      const operand = this.expression(UNARY_POWER)
      return { type: 'unary', operator: type, operand, line: operand.line }
    }
    return this.simple()
  }

  private simple(): Expression {
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
  private parenthesised: Expression | undefined

  private prefix(): Expression {
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

  private head(): Expression {
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

  private call(callee: Expression, method: string | undefined): CallExpression {
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

  private functionBody(line: number, method: boolean): FunctionExpression {
    this.expect('(')
    const parameters = method ? ['self'] : []
    let variadic = false
    if (!this.is(')')) {
      do {
        if (this.take('...')) {
          variadic = true
          break
        }
        parameters.push(this.expect('name').text)
      } while (this.take(','))
    }
    this.expect(')')
    const body = this.block()
    return { type: 'function', line, parameters, variadic, body, lastLine: this.expect('end').line }
  }

  private table(): Expression {
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

  private field(): TableField {
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
