/**
 * One CEL expression as a callable: parsed, type-checked against KrakenD's variables, metered, regular expressions on RE2.
 *
 * In: the text of `check_expr`. Out: which variables it reads, and a function from their values to its result.
 */

import type * as Cel from '@bufbuild/cel'
import { type CompileLinear, estimateSize, type LinearRegExp, loadLinear, rememberCompiled } from '../linear-regexp.js'
import { compileDirect, LEAST_BUDGET } from './direct.js'
import { Meter } from './meter.js'
import { unquoteNames } from './quoted-names.js'
import { type Expr, instrument, walk } from './syntax.js'
import * as T from './types.js'
import { findType, TypeFault } from './typing.js'

const FIELDS = T.mapOf(T.STRING, T.listOf(T.STRING))

/** Variables and their CEL types. */
const VARIABLES = {
  req_method: T.STRING,
  req_path: T.STRING,
  req_params: T.mapOf(T.STRING, T.STRING),
  req_headers: FIELDS,
  req_querystring: FIELDS,
  resp_completed: T.BOOL,
  resp_metadata_status: T.INT,
  resp_metadata_headers: FIELDS,
  resp_data: T.mapOf(T.STRING, T.DYN),
  JWT: T.mapOf(T.STRING, T.DYN),
  now: T.STRING
} as const

const TYPES: ReadonlyMap<string, T.Type> = new Map(Object.entries(VARIABLES))

export type VariableName = keyof typeof VARIABLES

/** Values of the variables that an expression reads; what reads a missing one fails. */
export type Activation = { [name in VariableName]?: Cel.CelInput }

export interface Expression {
  readonly variables: ReadonlySet<VariableName>
  /** Whether the result can be a boolean at all. */
  readonly mayBeBool: boolean
  /** The static type of the result: `bool`, `int`, `dyn` … */
  readonly type: string
  /** What is wrong with a regular expression in the text, which fails where it is reached. */
  readonly badPattern: string | undefined
  /** @throws Error when the expression cannot be evaluated: a missing key, a division by zero, unlike types, a spent budget */
  evaluate(values: Activation): unknown
}

/** Steps that one evaluation may take, unless the configuration says otherwise: some 20 ms. */
export const DEFAULT_MAX_COST = 150_000

/** @throws Error with the place in the text */
export type CompileExpression = (text: string, maxCost?: number) => Expression

/** Steps that each instruction of a regular expression costs that has to be compiled during an evaluation. */
const COMPILE_STEPS = 50

let loading: Promise<CompileExpression> | undefined

/** Loads the CEL library, once, and returns a compiler with KrakenD's variables. */
export function loadExpressions(): Promise<CompileExpression> {
  loading ??= load()
  return loading
}

async function load(): Promise<CompileExpression> {
  const cel = await import('@bufbuild/cel')
  const { compileFunctions } = await import('./functions.js')
  const compile = await loadLinear()
  const patterns = new Map<string, LinearRegExp>()
  const meter = new Meter()
  const remembered = rememberCompiled((pattern, once) => {
    meter.charge(estimateSize(pattern) * COMPILE_STEPS)
    return compile(pattern, once)
  })
  const funcs = compileFunctions({ cel, meter, compile: pattern => patterns.get(pattern) ?? remembered(pattern) })
  const parts: Parts = { cel, meter, compile, patterns, env: cel.celEnv({ funcs }) }
  return sharedByText((text, maxCost = DEFAULT_MAX_COST) => compileExpression(text, maxCost, parts))
}

/** Thousands of endpoints say the same: an expression is compiled once as long as one of its users lives. */
function sharedByText(compile: CompileExpression): CompileExpression {
  const known = new Map<string, WeakRef<Expression>>()
  const gone = new FinalizationRegistry<string>(key => {
    if (known.get(key)?.deref() === undefined) known.delete(key)
  })
  return (text, maxCost) => {
    const key = `${maxCost} ${text}`
    const shared = known.get(key)?.deref()
    if (shared !== undefined) return shared
    const expression = compile(text, maxCost)
    known.set(key, new WeakRef(expression))
    gone.register(expression, key)
    return expression
  }
}

interface Parts {
  readonly cel: typeof Cel
  readonly env: Cel.CelEnv
  readonly meter: Meter
  readonly compile: CompileLinear
  /** The regular expressions that stand in expressions. */
  readonly patterns: Map<string, LinearRegExp>
}

function compileExpression(text: string, maxCost: number, parts: Parts): Expression {
  const { cel, env } = parts
  const { expr, sourceInfo } = parse(text, cel)
  const { type, variables } = located(text, sourceInfo?.positions ?? {}, () => findType(expr, env, TYPES))
  const badPattern = compilePatterns(expr, parts)
  const holds = maxCost < LEAST_BUDGET ? undefined : compileDirect(expr, parts.patterns)
  instrument(expr)
  const program = cel.plan(env, expr) as (values: object) => Cel.CelResult
  const absent = [...variables].map(name => [name, cel.celError(`no value for ${name}`)] as const)
  return {
    variables: variables as ReadonlySet<VariableName>,
    badPattern: badPattern && `${badPattern}, in ${JSON.stringify(text)}`,
    type: T.printType(type),
    mayBeBool: type === T.BOOL || T.isOpen(type),
    evaluate: values => {
      if (holds?.(values) === true) return true
      // the library reads a variable that is not there as an object without fields
      let bound: Readonly<Record<string, unknown>> = values
      for (const [name, error] of absent) if (bound[name] === undefined) bound = { ...bound, [name]: error }
      return run(program, bound, maxCost, parts)
    }
  }
}

function run(program: (values: object) => Cel.CelResult, bound: object, maxCost: number, { cel, meter }: Parts): unknown {
  // errors are values here, made in each round of a macro, and their stacks are never read
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    meter.start(maxCost)
    const result = program(bound)
    if (meter.exceeded) throw meter.error()
    if (cel.isCelError(result)) throw result
    return result
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

function parse(text: string, { parse: parseText }: typeof Cel): ReturnType<typeof Cel.parse> {
  const { text: plain, restore } = unquoteNames(text)
  try {
    // the parser wants a line to end behind a comment
    const parsed = parseText(`${plain}\n`)
    restore(parsed.expr)
    return parsed
  } catch (cause) {
    const [, line, column, what] = /^<input>:(\d+):(\d+): (.*)/.exec((cause as Error).message) ?? []
    throw new Error(describe(what ?? (cause as Error).message, text, Number(line), Number(column)), { cause })
  }
}

function located<R>(text: string, positions: { readonly [id: string]: number }, work: () => R): R {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof TypeFault)) throw cause
    const before = text.slice(0, positions[String(cause.id)] ?? 0)
    const line = before.split('\n').length
    throw new Error(describe(cause.message, text, line, before.length - before.lastIndexOf('\n')), { cause })
  }
}

/** `Unknown variable: x, at column 3 of "x == 1"` */
function describe(what: string, text: string, line: number, column: number): string {
  const place = line > 1 ? `line ${line}, column ${column}` : `column ${column}`
  return `${what}, at ${place} of ${JSON.stringify(text)}`
}

/** Compiles the patterns that stand in the text. Returns what is wrong with the first bad one. */
function compilePatterns(expr: Expr, { compile, patterns }: Parts): string | undefined {
  let bad: string | undefined
  walk(expr, ({ exprKind }) => {
    if (exprKind.case !== 'callExpr' || exprKind.value.function !== 'matches') return
    const pattern = exprKind.value.args.at(-1)?.exprKind
    if (pattern?.case !== 'constExpr' || pattern.value.constantKind.case !== 'stringValue') return
    const { value } = pattern.value.constantKind
    try {
      patterns.set(value, compile(value))
    } catch (cause) {
      bad ??= (cause as Error).message
    }
  })
  return bad
}
