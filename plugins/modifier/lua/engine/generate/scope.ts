/** Names, labels and loops while code is written. */
import type { FunctionExpression } from '../syntax/ast.js'
import type { Mark } from '../syntax/positions.js'
import { LuaSyntaxError } from '../syntax/syntax-error.js'
import type { JumpPlan } from './generate-jumps.js'

export interface GenerateOptions {
  readonly chunkName: string
  /** Functions are generators, so that a script can wait. */
  readonly resumable: boolean
  /** Every function has an environment of its own, since the program uses `setfenv`, `getfenv` or `module`. */
  readonly environments: boolean
  /** Places of globals in the table of globals, which grows with the names; undefined for chunks that a script loads. */
  readonly slots: Map<string, number> | undefined
  readonly runtimeNames: readonly string[]
}

export interface Variable {
  readonly js: string
  readonly owner: FunctionScope
}

interface Block {
  readonly variables: Map<string, Variable>
  /** Locals that become dead with the block. */
  count: number
}

export interface FunctionScope {
  readonly parent: FunctionScope | undefined
  readonly fn: FunctionExpression
  readonly blocks: Block[]
  /** JavaScript labels of the loops around. */
  readonly loops: string[]
  readonly jumps: JumpPlan[]
  usesVarargs: boolean
  /** Variables of the function for values in the middle of expressions. */
  readonly scratch: string[]
  locals: number
}

/** gopher-lua has 200 registers for a function. */
const MAX_LOCALS = 200

export class Scopes {
  readonly options: GenerateOptions
  readonly marks: Mark[] = []
  protected scope!: FunctionScope
  private variables = 0
  private temporaries = 0
  private labels = 0

  constructor(options: GenerateOptions) {
    this.options = options
  }

  /** The sign for a place that can fail; `finish` turns it into a new line. */
  mark(line: number, name?: string, entry = false): string {
    const defined = this.scope?.fn.line ?? line
    this.marks.push(entry ? { line, name, defined, entry } : { line, name, defined })
    return `\u0001${this.marks.length - 1}\u0002`
  }

  error(line: number, reason: string): LuaSyntaxError {
    return new LuaSyntaxError(
      `compile error near line(${line}) ${this.options.chunkName}: ${reason}`,
      { line, column: 0 },
      reason
    )
  }

  protected enterFunction(fn: FunctionExpression): FunctionScope {
    this.scope = { parent: this.scope, fn, blocks: [], loops: [], jumps: [], usesVarargs: false, scratch: [], locals: 0 }
    this.openBlock()
    return this.scope
  }

  protected leaveFunction(): void {
    this.scope = this.scope.parent!
  }

  private openBlock(): void {
    this.scope.blocks.push({ variables: new Map(), count: 0 })
  }

  protected scoped<T>(write: () => T): T {
    this.openBlock()
    const result = write()
    this.scope.locals -= this.scope.blocks.pop()!.count
    return result
  }

  /** Makes a local; `registers` is how many of gopher-lua's it takes. */
  protected declare(name: string, _line: number, registers = 1): Variable {
    const variable = { js: `v${++this.variables}`, owner: this.scope }
    const block = this.scope.blocks.at(-1)!
    block.variables.set(name, variable)
    block.count += registers
    this.scope.locals += registers
    if (this.scope.locals > MAX_LOCALS) throw this.error(this.scope.fn.line, 'too many local variables')
    return variable
  }

  find(name: string): Variable | undefined {
    for (let scope: FunctionScope | undefined = this.scope; scope !== undefined; scope = scope.parent) {
      for (let i = scope.blocks.length - 1; i >= 0; i--) {
        const variable = scope.blocks[i]!.variables.get(name)
        if (variable !== undefined) return variable
      }
    }
    return undefined
  }

  protected slot(name: string): number | undefined {
    const { environments, slots } = this.options
    if (slots === undefined) return undefined
    if (!slots.has(name)) slots.set(name, slots.size)
    return environments ? undefined : slots.get(name)
  }

  protected get environment(): string {
    return this.options.environments ? 'E.t' : 'E'
  }

  temporary(): string {
    return `x${++this.temporaries}`
  }

  newLabel(): string {
    return `L${++this.labels}`
  }

  protected loop(write: (label: string) => string): string {
    const label = this.newLabel()
    this.scope.loops.push(label)
    const text = write(label)
    this.scope.loops.pop()
    return text
  }

  protected breakLabel(line: number): string {
    const label = this.scope.loops.at(-1)
    if (label === undefined) throw this.error(line, 'no loop to break')
    return label
  }
}
