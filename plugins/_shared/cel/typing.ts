/**
 * Finds the type of an expression, and what in it can never be evaluated: unknown names, functions that no operand of
 * theirs fits, comparisons of what is never equal. The library's own checker knows constants and variables alone.
 */

import type { CelEnv, CelType } from '@bufbuild/cel'
import type { Comprehension, Expr, Kind } from './syntax.js'
import type { Type } from './types.js'
import * as T from './types.js'

/** A fault at a node. */
export class TypeFault extends Error {
  override readonly name = 'TypeFault'
  /** The node's number, which the parser gave to a place in the text. */
  readonly id: bigint

  constructor(id: bigint, message: string) {
    super(message)
    this.id = id
  }
}

/** What is found out about an expression. */
export interface Typing {
  readonly type: Type
  /** Declared variables that it reads. */
  readonly variables: ReadonlySet<string>
}

/** @throws TypeFault */
export function findType(root: Expr, env: CelEnv, variables: ReadonlyMap<string, Type>): Typing {
  const typer = new Typer(env, variables)
  const type = typer.typeOf(root, undefined)
  return { type, variables: typer.read }
}

/** Names that macros bind, innermost first. */
interface Scope {
  readonly name: string
  readonly type: Type
  readonly outer: Scope | undefined
}

const DENOTATIONS: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'int',
  'list',
  'map',
  'null_type',
  'string',
  'type',
  'uint'
])

const CONSTANTS: { readonly [kind: string]: Type } = {
  boolValue: T.BOOL,
  bytesValue: T.BYTES,
  doubleValue: T.DOUBLE,
  int64Value: T.INT,
  uint64Value: T.UINT,
  nullValue: T.NULL,
  stringValue: T.STRING
}

interface Overload {
  readonly target: Type | undefined
  readonly args: readonly Type[]
  readonly result: Type
}

class Typer {
  readonly read = new Set<string>()
  private readonly env: CelEnv
  private readonly variables: ReadonlyMap<string, Type>

  constructor(env: CelEnv, variables: ReadonlyMap<string, Type>) {
    this.env = env
    this.variables = variables
  }

  typeOf(node: Expr, scope: Scope | undefined): Type {
    const { id, exprKind } = node
    switch (exprKind.case) {
      case 'constExpr':
        return CONSTANTS[exprKind.value.constantKind.case ?? ''] ?? T.DYN
      case 'identExpr':
        return this.name(exprKind.value.name, scope) ?? fault(id, `Unknown variable: ${exprKind.value.name}`)
      case 'selectExpr':
        return this.select(node, exprKind.value, scope)
      case 'callExpr':
        return this.call(id, exprKind.value, scope)
      case 'listExpr':
        return T.listOf(T.joinAll(exprKind.value.elements.map(one => this.typeOf(one, scope))))
      case 'structExpr':
        return this.struct(id, exprKind.value, scope)
      case 'comprehensionExpr':
        return this.fold(id, exprKind.value, scope)
      default:
        return fault(id, 'Nothing to evaluate')
    }
  }

  private name(name: string, scope: Scope | undefined): Type | undefined {
    for (let one = scope; one !== undefined; one = one.outer) if (one.name === name) return one.type
    const global = name.startsWith('.') ? name.slice(1) : name
    const type = this.variables.get(global)
    if (type !== undefined) this.read.add(global)
    return type ?? (DENOTATIONS.has(global) || this.env.registry.getMessage(global) !== undefined ? T.TYPE : undefined)
  }

  private select(node: Expr, { operand, field, testOnly }: Part<'selectExpr'>, scope: Scope | undefined): Type {
    const path = pathOf(node)
    if (path !== undefined && this.name(path.slice(0, path.indexOf('.')), scope) === undefined) {
      const type = this.name(path, scope) ?? this.enumValue(path)
      if (type !== undefined) return type
    }
    const type = this.typeOf(operand!, scope)
    if (!T.isOpen(type) && type.name !== 'map') fault(node.id, `${T.printType(type)} has no field ${field}`)
    if (type.name === 'map' && !T.comparable(type.of[0]!, T.STRING)) fault(node.id, `${T.printType(type)} has no field ${field}`)
    if (testOnly) return T.BOOL
    return type.name === 'map' ? type.of[1]! : T.DYN
  }

  private enumValue(path: string): Type | undefined {
    const dot = path.lastIndexOf('.')
    const values = this.env.registry.getEnum(path.slice(0, dot))?.values
    return values?.some(value => value.name === path.slice(dot + 1)) ? T.INT : undefined
  }

  private struct(id: bigint, { messageName, entries }: Part<'structExpr'>, scope: Scope | undefined): Type {
    const keys: Type[] = []
    const values: Type[] = []
    for (const { keyKind, value } of entries) {
      if (keyKind.case === 'mapKey') keys.push(this.typeOf(keyKind.value, scope))
      values.push(this.typeOf(value!, scope))
    }
    if (messageName === '') return T.mapOf(T.joinAll(keys), T.joinAll(values))
    if (this.env.registry.getMessage(messageName) === undefined) fault(id, `Unknown type: ${messageName}`)
    return TIMES.has(messageName) ? T.objectOf(messageName) : T.DYN
  }

  private fold(id: bigint, fold: Comprehension, scope: Scope | undefined): Type {
    const range = this.typeOf(fold.iterRange!, scope)
    if (!T.isOpen(range) && range.name !== 'list' && range.name !== 'map')
      fault(id, `${T.printType(range)} is neither a list nor a map`)
    const item = T.isOpen(range) ? T.DYN : range.of[0]!
    const start = this.typeOf(fold.accuInit!, scope)
    const inside = (accu: Type): Scope => ({
      name: fold.iterVar,
      type: item === T.NEVER ? T.DYN : item,
      outer: { name: fold.accuVar, type: accu, outer: scope }
    })
    this.typeOf(fold.loopCondition!, inside(start))
    const end = T.join(start, this.typeOf(fold.loopStep!, inside(start)))
    return this.typeOf(fold.result!, { name: fold.accuVar, type: end, outer: scope })
  }

  private call(id: bigint, { function: name, target, args }: Part<'callExpr'>, scope: Scope | undefined): Type {
    const on = target === undefined ? undefined : this.typeOf(target, scope)
    const types = args.map(one => this.typeOf(one, scope))
    const [first, second] = types
    const wrong = (): never => fault(id, `no such overload: ${printCall(name, on, types)}`)
    switch (name) {
      case '_&&_':
      case '_||_':
      case '@not_strictly_false':
        return types.every(type => T.fits(type, T.BOOL)) ? T.BOOL : wrong()
      case '_?_:_':
        return T.fits(first!, T.BOOL) ? T.join(second!, types[2]!) : wrong()
      case '_==_':
      case '_!=_':
        return T.comparable(first!, second!) ? T.BOOL : wrong()
      case '_[_]':
        return index(first!, second!) ?? wrong()
      case '@in':
        if (second!.of.length > 0 && !T.comparable(first!, second!.of[0]!)) wrong()
        break
      case '_+_':
        if (first!.name === 'list' && second!.name === 'list') return T.join(first!, second!)
    }
    const overloads = this.overloads(name) ?? fault(id, `Unknown function: ${name}`)
    const fitting = overloads.filter(one => accepts(one, on, types))
    return fitting.length === 0 ? wrong() : T.joinAll(fitting.map(one => one.result))
  }

  private overloads(name: string): readonly Overload[] | undefined {
    const group = this.env.funcs.find(name)
    if (group === undefined) return undefined
    return [...group].map(func => ({
      target: func.target === undefined ? undefined : fromCel(func.target),
      args: func.arguments.map(fromCel),
      result: fromCel(func.result)
    }))
  }
}

type Part<C extends Kind['case']> = Extract<Kind, { case: C }> extends { value: infer V } ? V : never

const TIMES: ReadonlySet<string> = new Set(['google.protobuf.Timestamp', 'google.protobuf.Duration'])

function accepts({ target, args }: Overload, on: Type | undefined, types: readonly Type[]): boolean {
  if ((target === undefined) !== (on === undefined) || args.length !== types.length) return false
  return (target === undefined || T.fits(on!, target)) && types.every((type, i) => T.fits(type, args[i]!))
}

/** The type of `value[key]`, undefined when there is none. */
function index(value: Type, key: Type): Type | undefined {
  if (T.isOpen(value)) return T.DYN
  if (value.name === 'list') return T.fits(key, T.INT) ? value.of[0] : undefined
  return value.name === 'map' && T.comparable(key, value.of[0]!) ? value.of[1] : undefined
}

/** `a.b.c` when a node is nothing but names. */
function pathOf({ exprKind }: Expr): string | undefined {
  if (exprKind.case === 'identExpr') return exprKind.value.name
  if (exprKind.case !== 'selectExpr' || exprKind.value.testOnly) return undefined
  const before = pathOf(exprKind.value.operand!)
  return before === undefined ? undefined : `${before}.${exprKind.value.field}`
}

const SCALARS: ReadonlyMap<string, Type> = new Map(
  [T.DYN, T.BOOL, T.INT, T.UINT, T.DOUBLE, T.STRING, T.BYTES, T.NULL, T.TYPE].map(type => [type.name, type])
)

function fromCel(type: CelType): Type {
  if (type.kind === 'list') return T.listOf(fromCel(type.element))
  if (type.kind === 'map') return T.mapOf(fromCel(type.key), fromCel(type.value))
  return SCALARS.get(type.name) ?? T.objectOf(type.name)
}

function printCall(name: string, on: Type | undefined, types: readonly Type[]): string {
  const [first, second] = types.map(T.printType)
  const operator = /^(?:@(in)|_(\W+)_|(\W+)_)$/.exec(name)
  if (operator?.[3] !== undefined) return `${operator[3]}${first}`
  if (operator !== null) return `${first} ${operator[1] ?? operator[2]} ${second}`
  if (name === '_[_]') return `${first}[${second}]`
  return `${on === undefined ? '' : `${T.printType(on)}.`}${name}(${types.map(T.printType).join(', ')})`
}

function fault(id: bigint, message: string): never {
  throw new TypeFault(id, message)
}
