/** Recursive descent over gopher-lua's grammar. A wrong token is reported where gopher-lua's table-driven parser reports it: at the first that cannot follow. */
import type { Expression, FunctionExpression, Statement } from './ast.js'
import { ExpressionParser, Mentioned } from './parser-expressions.js'

/** Parses the bytes of a chunk (one char for each byte); notes in `mentioned` what it names. @throws LuaSyntaxError */
export function parseChunk(text: string, chunkName: string, mentioned = new Mentioned()): FunctionExpression {
  return new Parser(text, chunkName, mentioned).chunk()
}

class Parser extends ExpressionParser {
  chunk(): FunctionExpression {
    const body = this.block()
    if (this.token.type !== 'eof') throw this.unexpected()
    const last = body.at(-1)
    const lastLine = last === undefined ? 0 : (last.lastLine ?? last.line) + 1
    return { type: 'function', line: 0, lastLine, parameters: [], variadic: true, body }
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
    if (target.type === 'index') this.mentioned.writes = true
    if (this.take(':')) {
      this.mentioned.writes = true
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
    if (target.type === 'index') this.mentioned.writes = true
    return target
  }

  protected override functionBody(line: number, method: boolean): FunctionExpression {
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
}
