/**
 * Executes the templates of a set.
 *
 * In: trees and data. Out: a text, and for each piece of it the place in a template that wrote it. What one execution may do is bounded: depth
 * of calls, characters of the text.
 *
 * Over 300 lines: one walk over the nodes of a template, whose steps share its variables and its limits.
 */

import { formatValue, printed } from './format-value.js'
import { GoFault } from './go-fault.js'
import type { FunctionTable, GoFunction, ParameterType } from './go-function.js'
import type { Output } from './output.js'
import type { ActionPart, Block, CallPart, Command, Operand, Part, Pipe, RangePart } from './syntax.js'
import { type Place, TemplateError } from './template-error.js'
import { GoObject, integerOf, isInteger, isMap, isTrue, kindOf, sortedKeys, typeOf, type Value } from './value.js'

/** Templates that may call each other, one inside of the other. */
export const MAX_CALLS = 400

/** Actions, texts and rounds of `range` that one execution may take. */
const MAX_STEPS = 20_000_000
/** Characters of an action that a message quotes. */
const LONGEST_QUOTE = 80

export interface ExecutionDeps {
  readonly templates: ReadonlyMap<string, Block>
  readonly functions: FunctionTable
  readonly output: Output
}

/** A value that comes through a pipe; undefined for the first command. */
type Piped = Value | undefined
type Jump = 'break' | 'continue' | undefined

interface Variable {
  readonly name: string
  value: Value
}

/** Executes one template. @throws TemplateError */
export function execute(deps: ExecutionDeps, name: string, data: Value): void {
  new Execution({ ...deps, budget: { steps: MAX_STEPS } }, name, data, 0).block(deps.templates.get(name)!, data)
}

/** What the executions of templates that call each other have in common. */
interface Shared extends ExecutionDeps {
  readonly budget: { steps: number }
}

class Execution {
  private readonly deps: Shared
  private readonly template: string
  private readonly depth: number
  private readonly variables: Variable[]

  constructor(deps: Shared, template: string, data: Value, depth: number) {
    this.deps = deps
    this.template = template
    this.depth = depth
    this.variables = [{ name: '', value: data }]
  }

  block(parts: Block, dot: Value): Jump {
    for (const part of parts) {
      this.step(part)
      const jump = this.part(part, dot)
      if (jump !== undefined) return jump
    }
    return undefined
  }

  private step(part: Part): void {
    if (this.deps.budget.steps-- === 0) throw this.fault(part, `the template does not end within ${MAX_STEPS} steps`)
  }

  private part(part: Part, dot: Value): Jump {
    switch (part.kind) {
      case 'text':
        this.deps.output.write(part.text, part, true)
        return undefined
      case 'action':
        this.action(part, dot)
        return undefined
      case 'template':
        this.call(part, dot)
        return undefined
      case 'range':
        return this.scoped(() => this.range(part, dot))
      case 'if':
      case 'with':
        return this.scoped(() => {
          const value = this.pipe(part.pipe, dot)
          if (isTrue(value)) return this.block(part.body, part.kind === 'with' ? value : dot)
          return part.otherwise === undefined ? undefined : this.block(part.otherwise, dot)
        })
      default:
        return part.kind
    }
  }

  private scoped(run: () => Jump): Jump {
    const before = this.variables.length
    const jump = run()
    this.variables.length = before
    return jump
  }

  private action(part: ActionPart, dot: Value): void {
    const value = this.pipe(part.pipe, dot)
    if (part.pipe.sets !== undefined) return
    this.deps.output.write(printed(value), part, false)
    if (value === null) this.deps.output.noValue(part)
  }

  private call(part: CallPart, dot: Value): void {
    const template = this.deps.templates.get(part.name)
    if (template === undefined) throw this.fault(part, `template ${JSON.stringify(part.name)} not defined`)
    if (this.depth === MAX_CALLS) throw this.fault(part, `templates call each other more than ${MAX_CALLS} levels deep`)
    const data = part.pipe === undefined ? null : this.pipe(part.pipe, dot)
    new Execution(this.deps, part.name, data, this.depth + 1).block(template, data)
  }

  private range(part: RangePart, dot: Value): Jump {
    const pipe = { ...part.pipe, variables: [], sets: undefined }
    const items = this.itemsOf(part, this.pipe(pipe, dot))
    const { variables, sets } = part.pipe
    let isEmpty = true
    for (const [key, value] of items) {
      this.step(part)
      isEmpty = false
      const jump = this.scoped(() => {
        if (variables.length > 0) this.setVariable(variables.at(-1)!, value, sets!)
        if (variables.length > 1) this.setVariable(variables[0]!, key, sets!)
        return this.block(part.body, value)
      })
      if (jump === 'break') break
    }
    return isEmpty && part.otherwise !== undefined ? this.block(part.otherwise, dot) : undefined
  }

  private itemsOf(part: RangePart, value: Value): Iterable<[Value, Value]> {
    if (value === null) return []
    if (Array.isArray(value)) return value.map((item, i) => [BigInt(i), item])
    if (isMap(value)) return sortedKeys(value).map(key => [key, value.get(key)!])
    if (isInteger(value)) return counted(integerOf(value))
    throw this.fault(part.pipe, `range can't iterate over ${formatValue(value)}`)
  }

  private setVariable(name: string, value: Value, how: 'declare' | 'assign'): void {
    if (how === 'declare') this.variables.push({ name, value })
    else this.variables.findLast(variable => variable.name === name)!.value = value
  }

  private pipe(pipe: Pipe, dot: Value): Value {
    let value: Piped
    for (const command of pipe.commands) value = this.command(command, dot, value)
    for (const name of pipe.variables) this.setVariable(name, value!, pipe.sets!)
    return value!
  }

  private command({ operands }: Command, dot: Value, piped: Piped): Value {
    const first = operands[0]!
    const further = operands.slice(1)
    switch (first.kind) {
      case 'function':
        return this.callFunction(first, further, dot, piped)
      case 'field':
        return this.walk(first, dot, first.path, { further, dot, piped })
      case 'chain':
        return this.walk(first, this.operand(first.operand, dot), first.path, { further, dot, piped })
      case 'variable':
        if (first.path.length > 0) return this.walk(first, this.variable(first.variable), first.path, { further, dot, piped })
    }
    if (further.length > 0 || piped !== undefined) throw this.fault(first, `can't give argument to non-function ${textOf(first)}`)
    if (first.kind === 'nil') throw this.fault(first, 'nil is not a command')
    return this.operand(first, dot)
  }

  private operand(operand: Operand, dot: Value): Value {
    switch (operand.kind) {
      case 'dot':
        return dot
      case 'nil':
        return null
      case 'constant':
      case 'number':
        return operand.value
      case 'pipe':
        return this.pipe(operand, dot)
      case 'function':
        return this.callFunction(operand, [], dot, undefined)
      case 'field':
        return this.walk(operand, dot, operand.path)
      case 'variable':
        return this.walk(operand, this.variable(operand.variable), operand.path)
      default:
        return this.walk(operand, this.operand(operand.operand, dot), operand.path)
    }
  }

  private variable(name: string): Value {
    return this.variables.findLast(variable => variable.name === name)!.value
  }

  /** Follows `.a.b`; arguments go to a method at its end. */
  private walk(operand: Operand, from: Value, path: readonly string[], call?: MethodCall): Value {
    let value = from
    for (const [i, name] of path.entries()) {
      const next = this.member(operand, value, name, i === path.length - 1 ? call : undefined)
      if (next === null && i < path.length - 1 && isMap(value) && value.has(name)) {
        throw this.fault(operand, `nil pointer evaluating interface {}.${path[i + 1]}`) // a key without value; a missing key is no fault
      }
      value = next
    }
    return value
  }

  private member(operand: Operand, value: Value, name: string, call: MethodCall | undefined): Value {
    if (value === null) return null
    const values = call === undefined ? [] : call.further.map(argument => this.operand(argument, call.dot))
    if (call?.piped !== undefined) values.push(call.piped)
    if (value instanceof GoObject) {
      const member = value.member(name)
      if (typeof member === 'function') return this.guarded(operand, call?.further ?? [], name, () => member(...values))
      if (member !== undefined && values.length === 0) return member
    }
    if (isMap(value)) {
      if (values.length > 0) throw this.fault(operand, `${name} is not a method but has arguments`)
      return value.get(name) ?? null
    }
    throw this.fault(operand, `can't evaluate field ${name} in type ${typeOf(value)}`)
  }

  private callFunction(operand: Operand & { name: string }, further: readonly Operand[], dot: Value, piped: Piped): Value {
    const { name } = operand
    if (name === 'and' || name === 'or') return this.shortCircuit(operand, further, dot, piped)
    const target = this.deps.functions[name]!
    const count = further.length + (piped === undefined ? 0 : 1)
    const { parameters, rest } = target
    if (count < parameters.length || (rest === undefined && count > parameters.length)) {
      const wanted = `${rest === undefined ? '' : 'at least '}${parameters.length}`
      throw this.fault(operand, `wrong number of args for ${name}: want ${wanted} got ${count}`)
    }
    const values = further.map((argument, i) => this.argument(argument, typeOfParameter(target, i), dot))
    if (piped !== undefined) values.push(this.checked(operand, piped, typeOfParameter(target, further.length)))
    return this.guarded(operand, further, name, () => target.call(...(values as never[])))
  }

  /** `and` and `or` evaluate no more operands than they need. */
  private shortCircuit(operand: Operand & { name: string }, further: readonly Operand[], dot: Value, piped: Piped): Value {
    if (further.length === 0 && piped === undefined) {
      throw this.fault(operand, `wrong number of args for ${operand.name}: want at least 1 got 0`)
    }
    let value: Value = null
    for (const argument of further) {
      value = this.operand(argument, dot)
      if (isTrue(value) === (operand.name === 'or')) return value
    }
    return piped === undefined ? value : piped
  }

  private argument(operand: Operand, type: ParameterType, dot: Value): Value {
    if (operand.kind === 'number' && type === 'float64') return operand.float
    if (operand.kind === 'number' && type === 'int') {
      if (operand.integer === undefined) throw this.fault(operand, `expected integer; found ${textOf(operand)}`)
      return operand.integer
    }
    if (operand.kind === 'nil' && type !== 'any' && type !== 'map') throw this.fault(operand, `cannot assign nil to ${type}`)
    return this.checked(operand, this.operand(operand, dot), type)
  }

  private checked(operand: Operand, value: Value, type: ParameterType): Value {
    if (type === 'any') return value
    if (value === null) {
      if (type === 'map') return new Map()
      throw this.fault(operand, `invalid value; expected ${type}`)
    }
    const found = value instanceof GoObject ? (value.type === 'time.Time' ? 'time' : value.type) : kindOf(value)
    if (found === type) return value
    const wanted = type === 'map' ? 'map[string]interface {}' : type === 'time' ? 'time.Time' : type
    throw this.fault(operand, `wrong type for value; expected ${wanted}; got ${typeOf(value)}`)
  }

  private guarded(operand: Operand, further: readonly Operand[], name: string, call: () => Value): Value {
    try {
      return call()
    } catch (cause) {
      if (cause instanceof TemplateError) throw cause
      if (!(cause instanceof GoFault || cause instanceof RangeError)) throw cause
      const place = { ...operand, end: (further.at(-1) ?? operand).end }
      throw this.fault(place, `error calling ${name}: ${cause.message}`, cause)
    }
  }

  private fault(place: Place & { end: number }, message: string, cause?: unknown): TemplateError {
    return new TemplateError(`executing ${JSON.stringify(this.template)} at <${textOf(place)}>: ${message}`, place, { cause })
  }
}

interface MethodCall {
  readonly further: readonly Operand[]
  readonly dot: Value
  readonly piped: Piped
}

const typeOfParameter = ({ parameters, rest }: GoFunction, i: number): ParameterType => parameters[i] ?? rest!

/** What an action was written as, on one line. */
function textOf({ source, at, end }: Place & { end: number }): string {
  const text = source.text.slice(at, end).trim().replace(/\s+/g, ' ')
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text
}

function* counted(count: bigint): Iterable<[Value, Value]> {
  for (let i = 0n; i < count; i++) yield [i, i]
}
