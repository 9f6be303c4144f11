/** Writes expressions. Each is a JavaScript expression; `t`, `s` and `r` are scratch variables of the function, read right after they are written. */
import type { BinaryOperator, CallExpression, Expression, FunctionExpression, TableField } from '../syntax/ast.js'
import { calledName, isComparison, mayCall, numberText } from './expression-facts.js'
import { Scopes } from './scope.js'

const HELPERS: Record<BinaryOperator, string> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '^': 'pow',
  '==': 'eq',
  '~=': '!eq',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge'
}

export abstract class ExpressionWriter extends Scopes {
  /** Keys of table constructors with constant names: made once. */
  protected readonly shapes: string[] = []

  protected abstract functionText(fn: FunctionExpression): string

  /** One value. */
  protected value(node: Expression): string {
    switch (node.type) {
      case 'nil':
        return 'undefined'
      case 'true':
      case 'false':
        return node.type
      case 'number':
        return numberText(node.value)
      case 'string':
        return JSON.stringify(node.value)
      case 'vararg':
        this.varargs(node.line)
        return 'va[0]'
      case 'function':
        return this.functionText(node)
      case 'name':
        return this.name(node)
      case 'index':
        return this.indexed(node)
      case 'call':
        return `first(${this.call(node)})`
      case 'table':
        return this.table(node.fields, node.line)
      case 'and':
        return `((t=${this.value(node.left)})===undefined||t===false?t:${this.value(node.right)})`
      case 'or':
        return `((t=${this.value(node.left)})!==undefined&&t!==false?t:${this.value(node.right)})`
      case 'binary':
        return this.binary(node)
      case 'concat':
        return this.concatenated(node.parts, node.line)
      case 'unary':
        return this.unary(node)
    }
  }

  /** A JavaScript boolean: whether the value is neither nil nor false. */
  protected condition(node: Expression): string {
    switch (node.type) {
      case 'nil':
      case 'false':
        return 'false'
      case 'true':
      case 'number':
      case 'string':
      case 'function':
        return 'true'
      case 'and':
        return `(${this.condition(node.left)}&&${this.condition(node.right)})`
      case 'or':
        return `(${this.condition(node.left)}||${this.condition(node.right)})`
      case 'unary':
        if (node.operator === 'not') return `!${this.condition(node.operand)}`
        break
      case 'binary':
        if (isComparison(node.operator)) return this.binary(node)
        break
    }
    const local = this.simple(node)
    if (local !== undefined) return `(${local}!==undefined&&${local}!==false)`
    return `((t=${this.value(node)})!==undefined&&t!==false)`
  }

  protected isMulti(node: Expression): boolean {
    return (node.type === 'call' || node.type === 'vararg') && !node.single
  }

  /** An array of all values. */
  protected list(node: Expression): string {
    if (node.type === 'call') return `all(${this.call(node)})`
    if (node.type === 'vararg') {
      this.varargs(node.line)
      return 'va'
    }
    return `[${this.value(node)}]`
  }

  /** Items of an array or of arguments, the last one spread when it may be several. */
  protected listItems(nodes: readonly Expression[]): string {
    return nodes
      .map((node, i) => (i === nodes.length - 1 && this.isMulti(node) ? `...wide(${this.list(node)})` : this.value(node)))
      .join(',')
  }

  /** Notes that the running function uses `...`. */
  protected varargs(line: number): string {
    if (!this.scope.fn.variadic) throw this.error(line, "cannot use '...' outside a vararg function")
    this.scope.usesVarargs = true
    return ''
  }

  /** JavaScript name of a local of the running function. */
  protected ownLocal(node: Expression): string | undefined {
    if (node.type !== 'name') return undefined
    const variable = this.find(node.name)
    return variable?.owner === this.scope ? variable.js : undefined
  }

  /** Text of what may be read twice: a local or a number. */
  private simple(node: Expression): string | undefined {
    if (node.type === 'number') return numberText(node.value)
    return node.type === 'name' ? this.find(node.name)?.js : undefined
  }

  private name(node: Expression & { type: 'name' }): string {
    const variable = this.find(node.name)
    if (variable !== undefined) return variable.js
    const slot = this.slot(node.name)
    const name = JSON.stringify(node.name)
    if (slot === undefined) return `${this.mark(node.line)}indexS(${this.environment},${name})`
    return `((t=G[${slot}])!==undefined?t:absent(E,${name}))`
  }

  private indexed(node: Expression & { type: 'index' }): string {
    const object = this.value(node.object)
    if (node.key.type === 'string') return `${this.mark(node.line)}indexS(${object},${JSON.stringify(node.key.value)})`
    return `${this.mark(node.line)}index(${object},${this.value(node.key)})`
  }

  /** A call with whatever it returns. */
  protected call(node: CallExpression): string {
    const { callee, args } = this.callParts(node)
    const mark = (): string => this.mark(node.line, calledName(node))
    const text = `${callee}${mark()}(${args})`
    return this.options.resumable ? `(special(r=${text})${mark()}?yield*settle(r):r)` : text
  }

  private callParts(node: CallExpression): { callee: string; args: string } {
    const args = this.listItems(node.args)
    if (node.method === undefined) {
      const local = node.callee.type === 'name' ? this.find(node.callee.name)?.js : undefined
      if (local !== undefined) return { callee: `(typeof ${local}==="function"?${local}:callable(${local}))`, args }
      return { callee: `(typeof (t=${this.value(node.callee)})==="function"?t:callable(t))`, args }
    }
    const method = `${this.mark(node.line)}indexS(s,${JSON.stringify(node.method)})`
    return {
      callee: `(s=${this.value(node.callee)},typeof (t=${method})==="function"?t:callable(t))`,
      args: args === '' ? 's' : `s,${args}`
    }
  }

  /** `return f(x)`: the frame is given up before the call, and deep chains unwind in between. */
  protected tailCall(node: CallExpression, leave: string): string {
    const { resumable } = this.options
    const callee = this.temporary()
    let head = ''
    const args: string[] = []
    const parts = this.callParts(node)
    if (resumable) {
      // a generator of the script that has not begun costs no frame: the caller runs it
      const text = `const ${callee}=${parts.callee},${callee}a=[${parts.args}];${leave}`
      return `{${text}r=${this.mark(node.line, calledName(node))}${callee}(...${callee}a);return (${this.mark(node.line, calledName(node))}inPlace(r)?yield*settle(r):r)}`
    }
    const list = node.method === undefined ? [] : ['s']
    head += `const ${callee}=${parts.callee}`
    for (const text of [
      ...list,
      ...node.args.map((arg, i) =>
        i === node.args.length - 1 && this.isMulti(arg) ? `...wide(${this.list(arg)})` : this.value(arg)
      )
    ]) {
      const name = this.temporary()
      const spread = text.startsWith('...')
      head += `,${name}=${spread ? text.slice(3) : text}`
      args.push(spread ? `...${name}` : name)
    }
    const all = args.join(',')
    return `{${head};${leave}if(m.tails>47)return [TAIL,${[callee, ...args].join(',')}];m.tails++;t=${this.mark(node.line, calledName(node))}${callee}(${all});m.tails--;return t}`
  }

  private binary(node: Expression & { type: 'binary' }): string {
    const { operator, left, right, line } = node
    if (operator === '==' || operator === '~=') return this.equality(node)
    const helper = HELPERS[operator]
    const late = this.readLate(left, right)
    if (late !== undefined)
      return `(${late.scratch}=${this.value(right)},${this.mark(line)}${helper}(${late.local},${late.scratch}))`
    const slow = (a: string, b: string): string => `${this.mark(line)}${helper}(${a},${b})`
    const b = this.simple(right)
    const a = this.simple(left)
    if (operator === '%' || operator === '^' || b === undefined) return slow(this.value(left), this.value(right))
    const isNumber = right.type === 'number'
    if (a !== undefined) {
      const checks = [left.type === 'number' ? '' : `typeof ${a}==="number"`, isNumber ? '' : `typeof ${b}==="number"`].filter(
        check => check !== ''
      )
      return checks.length === 0 ? `(${a}${operator}${b})` : `(${checks.join('&&')}?${a}${operator}${b}:${slow(a, b)})`
    }
    if (!isNumber) return slow(this.value(left), b)
    return `(typeof (t=${this.value(left)})==="number"?t${operator}${b}:${slow('t', b)})`
  }

  /**
   * gopher-lua reads a local on the left after the right side has run, so that `a + f()` sees what `f` does to `a`.
   */
  private readLate(left: Expression, right: Expression): { local: string; scratch: string } | undefined {
    const local = this.ownLocal(left)
    if (local === undefined || !mayCall(right)) return undefined
    const scratch = this.temporary()
    this.scope.scratch.push(scratch)
    return { local, scratch }
  }

  private equality({ operator, left, right, line }: Expression & { type: 'binary' }): string {
    const sign = operator === '==' ? '===' : '!=='
    const constants = ['nil', 'true', 'false', 'string', 'number']
    if (constants.includes(right.type) || constants.includes(left.type)) return `(${this.value(left)}${sign}${this.value(right)})`
    return `${operator === '==' ? '' : '!'}${this.mark(line)}eq(${this.value(left)},${this.value(right)})`
  }

  private concatenated(parts: readonly Expression[], line: number): string {
    const texts = parts.map(part => this.value(part))
    return `${this.mark(line)}${parts.length === 2 ? 'concat' : 'concatAll'}(${texts.join(',')})`
  }

  private unary({ operator, operand, line }: Expression & { type: 'unary' }): string {
    if (operator === 'not') return `!${this.condition(operand)}`
    if (operator === '-' && operand.type === 'number') return numberText(-operand.value)
    return `${this.mark(line)}${operator === '-' ? 'unm' : 'len'}(${this.value(operand)})`
  }

  /** How many registers behind the values gopher-lua takes for more values: see `mixed`. */
  private leftOver({ key, value }: TableField): number {
    if (key === undefined || !this.isMulti(value)) return 0
    return key.type === 'string' || key.type === 'number' || this.ownLocal(key) !== undefined ? 1 : 2
  }

  private table(fields: readonly TableField[], line: number): string {
    if (fields.length === 0) return 'new T()'
    if (fields.every(({ key }) => key === undefined)) return `list([${this.listItems(fields.map(({ value }) => value))}])`
    if (fields.every(({ key }) => key?.type === 'string')) {
      const names = fields.map(({ key }) => (key as { value: string }).value)
      if (new Set(names).size === names.length) {
        this.shapes.push(JSON.stringify(names))
        return `shaped(K${this.shapes.length - 1},[${fields.map(({ value }) => this.value(value)).join(',')}])`
      }
    }
    // in the order of the text: a key for each named field, HOLE for the others
    const items = fields.map(({ key, value }, i) => {
      if (key !== undefined) return `${this.value(key)},${this.value(value)}`
      return i === fields.length - 1 && this.isMulti(value) ? `HOLE,...wide(${this.list(value)})` : `HOLE,${this.value(value)}`
    })
    return `${this.mark(line)}mixed([${items.join(',')}],${fields.length},${this.leftOver(fields.at(-1)!)})`
  }
}
