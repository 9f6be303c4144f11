/**
 * Writes JavaScript for a chunk. No name and no text of the script reaches the code: variables are called `v1`, `v2`, …, texts stand as JSON.
 * Every operation that can fail begins on a line of its own, whose number leads to the Lua line (`positions.ts`).
 * Statements are here, expressions in `generate-expressions.ts`, jumps in `generate-jumps.ts`.
 */
import type { Expression, FunctionExpression, Statement } from '../syntax/ast.js'
import type { Mark } from '../syntax/positions.js'
import { AssignmentWriter } from './generate-assignments.js'
import { type JumpPlan, jumpText, planJumps } from './generate-jumps.js'
import type { GenerateOptions } from './scope.js'

/** Bytes of a function with what it closes over; one that can pause gets a prototype when it is first called. */
const FUNCTION_BYTES = 96
const GENERATOR_BYTES = 256

export interface GeneratedCode {
  readonly code: string
  readonly marks: Mark[]
}

/** @throws LuaSyntaxError for what gopher-lua's compiler refuses: `break` outside of loops, labels, too many locals. */
export function generate(chunk: FunctionExpression, options: GenerateOptions): GeneratedCode {
  return new Writer(options).chunk(chunk)
}

class Writer extends AssignmentWriter {
  chunk(main: FunctionExpression): GeneratedCode {
    const body = this.functionText(main, true)
    const shapes = this.shapes.map((keys, i) => `K${i}=shape(${keys})`)
    const head = `const {${this.options.runtimeNames.join(',')}}=R;${shapes.length > 0 ? `const ${shapes.join(',')};` : ''}`
    return this.finish(
      this.options.environments
        ? `${head}const make=E=>${body};return Object.assign((E,...va)=>make(E)(...va),{make})`
        : `${head}return ${body}`
    )
  }

  /** Puts each mark on a new line and notes what it stands for. */
  private finish(text: string): GeneratedCode {
    const marks: Mark[] = [{ line: 0, name: undefined, defined: 0 }]
    const code = text.replace(/\u0001(\d+)\u0002/g, (_all, index: string) => {
      marks.push(this.marks[Number(index)]!)
      return '\n'
    })
    return { code, marks }
  }

  override functionText(fn: FunctionExpression, main = false): string {
    const { resumable, environments } = this.options
    const scope = this.enterFunction(fn)
    const parameters = fn.parameters.map(name => this.declare(name, fn.line).js)
    const argument = fn.variadic && !main ? this.declare('arg', fn.line) : undefined
    const statements = this.block(fn.body)
    this.leaveFunction()
    const given = main && !environments ? ['E'] : []
    const list = [...given, ...parameters, ...(fn.variadic ? ['...va'] : [])].join(',')
    const entry = `${this.mark(fn.line, undefined, true)}${resumable ? 'if(--m.fuel<0&&tired())yield PAUSE;' : 'if(--m.fuel<0)refuel();'}if(++m.depth>m.maxDepth)overflow();`
    const env = environments ? 'const P=m.env;m.env={cell:E,up:P};' : ''
    const extra = argument === undefined ? '' : `let ${argument.js}=${scope.usesVarargs ? 'undefined' : 'argTable(va)'};`
    const globals = given.length > 0 ? 'const G=E.values;' : ''
    const body = `{${entry}${env}${globals}let ${['t,s,r', ...(this.usesJumps(statements) ? ['J=0'] : []), ...scope.scratch].join(',')};${extra}${statements}${this.leave}return NONE}`
    const text =
      main || resumable ? `function${resumable ? '*' : ''}${main ? ' main' : ''}(${list})${body}` : `(${list})=>${body}`
    if (environments) return main ? `scope(E,E=>${text})` : `scope(E.t,E=>${text})`
    return main ? text : `(m.memory-=${resumable ? GENERATOR_BYTES : FUNCTION_BYTES},${text})`
  }

  /** Whether a jump crosses a cut: only then is `J` written. */
  private usesJumps(text: string): boolean {
    return text.includes('{J=')
  }

  /** What runs before every `return`. */
  private get leave(): string {
    return this.options.environments ? 'm.depth--;m.env=P;' : 'm.depth--;'
  }

  /** The steps of an iteration. */
  private get tick(): string {
    return this.options.resumable ? 'if(--m.fuel<0&&tired())yield PAUSE;' : 'if(--m.fuel<0)refuel();'
  }

  private block(body: readonly Statement[]): string {
    return this.scoped(() => this.statements(body))
  }

  /** Statements of a block, and what `tail` writes in the scope of their locals. */
  private statements(body: readonly Statement[], tail?: () => string): string {
    const plan: JumpPlan = planJumps(body, this, tail !== undefined, this.tick)
    this.scope.jumps.push(plan)
    let text = ''
    body.forEach((statement, i) => {
      plan.at = i
      text += (plan.before[i] ?? '') + this.statement(statement)
    })
    text += tail?.() ?? ''
    this.scope.jumps.pop()
    return text + plan.after
  }

  private jump(name: string, line: number): string {
    const { jumps, fn } = this.scope
    for (let i = jumps.length - 1; i >= 0; i--) {
      const text = jumpText(jumps[i]!, name)
      if (text !== undefined) return text
    }
    throw this.error(fn.lastLine, `no visible label '${name}' for <goto> at line ${line}`)
  }

  private statement(node: Statement): string {
    switch (node.type) {
      case 'local':
        return this.localStatement(node)
      case 'assign':
        return this.assignment(node)
      case 'call':
        return this.options.resumable ? `${this.call(node.call)};` : `drop(${this.call(node.call)});`
      case 'do':
        return `{${this.block(node.body)}}`
      case 'while':
        return this.loop(
          label =>
            `${label}:while(${this.mark(node.line)}${this.condition(node.condition)}){${this.tick}${this.block(node.body)}}`
        )
      case 'repeat':
        return this.loop(label =>
          this.scoped(
            () =>
              `${label}:for(;;){${this.mark(node.line)}${this.tick}${this.statements(node.body, () => `if(${this.condition(node.condition)})break ${label};`)}}`
          )
        )
      case 'if':
        return this.branches(node)
      case 'for':
        return this.numericFor(node)
      case 'forin':
        return this.genericFor(node)
      case 'method':
        return `${this.mark(node.receiver.line)}setIndexS(${this.value(node.receiver)},${JSON.stringify(node.name)},${this.functionText(node.fn)});`
      case 'return':
        return this.returnStatement(node.values)
      case 'break':
        return `break ${this.breakLabel(node.line)};`
      case 'goto':
        return this.jump(node.name, node.line)
      case 'label':
        return ''
    }
  }

  private branches(node: Statement & { type: 'if' }): string {
    const clauses = node.clauses.map(({ condition, body }) => `if(${this.condition(condition)}){${this.block(body)}}`)
    return clauses.join('else ') + (node.otherwise === undefined ? '' : `else{${this.block(node.otherwise)}}`)
  }

  private numericFor(node: Statement & { type: 'for' }): string {
    const [i, limit, step] = [this.temporary(), this.temporary(), this.temporary()]
    const constant = node.step === undefined ? 1 : numberOf(node.step)
    const start = numberOf(node.init)
    const exact = Number.isInteger(start) && Number.isInteger(constant)
    const head = `let ${i}=${this.value(node.init)},${limit}=${this.value(node.limit)},${step}=${node.step === undefined ? '1' : this.value(node.step)};`
    const check = `${this.mark(node.line)}forCheck(${i},${limit},${step});`
    const up = `${i}<=${limit}`
    const down = `${i}>=${limit}`
    const test = constant === undefined || Number.isNaN(constant) ? `(${step}>0?${up}:${down})` : constant > 0 ? up : down
    return this.loop(label =>
      this.scoped(() => {
        const { js } = this.declare(node.name, node.line, 4)
        const first = exact ? '' : `${i}=${i}-${step}+${step}`
        return `{${head}${check}${label}:for(${first};${test};${i}+=${step}){${this.tick}let ${js}=${i};${this.statements(node.body)}}}`
      })
    )
  }

  private genericFor(node: Statement & { type: 'forin' }): string {
    const it = this.temporary()
    const { texts, before } = this.adjusted(node.values, 3)
    const step = this.options.resumable
      ? `${it}.fast?${it}.step():${it}.accept(special(r=${this.mark(node.line)}${it}.call())?yield*settle(r):r)`
      : `${this.mark(node.line)}${it}.step()`
    return this.loop(label =>
      this.scoped(() => {
        const names = node.names.map(
          (name, i) =>
            `${this.declare(name, node.line, i === 0 ? 4 : 1).js}=${i === 0 ? `${it}.key` : i === 1 ? `${it}.value` : `${it}.at(${i})`}`
        )
        return `{${before}const ${it}=iterate(${texts.join(',')});${label}:while(${step}){${this.tick}let ${names.join(',')};${this.statements(node.body)}}}`
      })
    )
  }

  private returnStatement(values: readonly Expression[]): string {
    if (values.length === 0) return `{${this.leave}return NONE}`
    const [only] = values
    if (values.length === 1 && only?.type === 'call' && !only.single) return this.tailCall(only, this.leave)
    if (values.length === 1 && only !== undefined) {
      if (only.type === 'vararg' && !only.single) return `{${this.varargs(only.line)};${this.leave}return va}`
      return `{t=${this.value(only)};${this.leave}return t}`
    }
    return `{t=[${this.listItems(values)}];${this.leave}return t}`
  }
}

/** Value of a number, also of a negative one. */
function numberOf(node: Expression): number | undefined {
  if (node.type === 'number') return node.value
  if (node.type === 'unary' && node.operator === '-' && node.operand.type === 'number') return -node.operand.value
  return undefined
}
