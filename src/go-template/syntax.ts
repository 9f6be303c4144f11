/** The tree that the parser makes of a template. Every node knows its place. */

import type { Source } from './template-error.js'
import type { Value } from './value.js'

interface Node {
  readonly source: Source
  /** Index of the first character. */
  readonly at: number
  /** Index behind the last character. */
  readonly end: number
}

/** Parts in a row. */
export type Block = readonly Part[]

/** True when nothing but blanks stands in it, as beside definitions. */
export function isEmptyBlock(parts: Block): boolean {
  return parts.every(part => part.kind === 'text' && part.text.trim() === '')
}

export type Part = TextPart | ActionPart | BranchPart | RangePart | CallPart | JumpPart

export interface TextPart extends Node {
  readonly kind: 'text'
  readonly text: string
}

/** Prints the value of a pipe, unless the pipe declares or sets a variable. */
export interface ActionPart extends Node {
  readonly kind: 'action'
  readonly pipe: Pipe
}

export interface BranchPart extends Node {
  readonly kind: 'if' | 'with'
  readonly pipe: Pipe
  readonly body: Block
  readonly otherwise: Block | undefined
}

export interface RangePart extends Node {
  readonly kind: 'range'
  readonly pipe: Pipe
  readonly body: Block
  readonly otherwise: Block | undefined
}

/** `{{ template "name" pipe }}`. */
export interface CallPart extends Node {
  readonly kind: 'template'
  readonly name: string
  readonly pipe: Pipe | undefined
}

export interface JumpPart extends Node {
  readonly kind: 'break' | 'continue'
}

/** `$a, $b := command | command`. */
export interface Pipe extends Node {
  readonly kind: 'pipe'
  readonly variables: readonly string[]
  readonly sets: 'declare' | 'assign' | undefined
  readonly commands: readonly Command[]
}

/** An operand with its arguments. */
export interface Command extends Node {
  readonly kind: 'command'
  readonly operands: readonly Operand[]
}

export type Operand =
  | Pipe
  | DotOperand
  | NilOperand
  | ConstantOperand
  | NumberOperand
  | FieldOperand
  | VariableOperand
  | FunctionOperand
  | ChainOperand

export interface DotOperand extends Node {
  readonly kind: 'dot'
}

export interface NilOperand extends Node {
  readonly kind: 'nil'
}

/** A text or a boolean. */
export interface ConstantOperand extends Node {
  readonly kind: 'constant'
  readonly value: string | boolean
}

export interface NumberOperand extends Node {
  readonly kind: 'number'
  /** What the constant is where nothing else is wanted: a bigint (`int`) or a number (`float64`). */
  readonly value: Value
  /** The value as an integer, when it is whole. */
  readonly integer: bigint | undefined
  readonly float: number
}

/** `.a.b` */
export interface FieldOperand extends Node {
  readonly kind: 'field'
  readonly path: readonly string[]
}

/** `$x.a.b`; `''` is `$`. */
export interface VariableOperand extends Node {
  readonly kind: 'variable'
  readonly variable: string
  readonly path: readonly string[]
}

export interface FunctionOperand extends Node {
  readonly kind: 'function'
  readonly name: string
}

/** `(pipe).a.b` */
export interface ChainOperand extends Node {
  readonly kind: 'chain'
  readonly operand: Operand
  readonly path: readonly string[]
}
