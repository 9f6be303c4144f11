/**
 * One CEL expression as a callable: parsed, type-checked against KrakenD's variables, regular expressions on RE2.
 *
 * In: the text of `check_expr`. Out: which variables it reads, and a function from their values to its result.
 */

import type { ASTNode, Environment } from '@marcbachmann/cel-js'
import { type CompileLinear, loadLinear, rememberCompiled } from '../linear-regexp.js'

/** Variables and their CEL types. */
export const VARIABLES = {
  req_method: 'string',
  req_path: 'string',
  req_params: 'map<string, string>',
  req_headers: 'map<string, list<string>>',
  req_querystring: 'map<string, list<string>>',
  resp_completed: 'bool',
  resp_metadata_status: 'int',
  resp_metadata_headers: 'map<string, list<string>>',
  resp_data: 'map<string, dyn>',
  JWT: 'map<string, dyn>',
  now: 'string'
} as const

export type VariableName = keyof typeof VARIABLES

/** Values of the variables that an expression reads; a missing one makes it fail. */
export type Activation = { [name in VariableName]?: unknown }

export interface Expression {
  readonly variables: ReadonlySet<VariableName>
  /** Whether the result can be a boolean at all. */
  readonly mayBeBool: boolean
  /** The static type of the result: `bool`, `int`, `dyn` … */
  readonly type: string
  /** @throws Error when the expression cannot be evaluated: a missing key, a division by zero, unlike types */
  evaluate(values: Activation): unknown
}

/** @throws Error with the place in the text */
export type CompileExpression = (text: string) => Expression

/** Stands in for the library's own `matches`, which runs on a backtracking engine. */
const MATCHES = 'matchesLinear'

/** Loads the CEL library and answers a compiler with KrakenD's variables. */
export async function loadExpressions(): Promise<CompileExpression> {
  const { Environment } = await import('@marcbachmann/cel-js')
  const compile = await loadLinear()
  const remembered = rememberCompiled(compile)
  const env = new Environment({ homogeneousAggregateLiterals: false })
  for (const name of Object.keys(VARIABLES) as VariableName[]) env.registerVariable(name, VARIABLES[name])
  const matches = (text: string, pattern: string): boolean => remembered(pattern).test(text)
  env.registerFunction(`string.${MATCHES}(string): bool`, matches)
  env.registerFunction('matches(string, string): bool', matches)
  return text => compileExpression(text, env, compile)
}

function compileExpression(text: string, env: Environment, compile: CompileLinear): Expression {
  const { ast } = located(text, () => env.parse(text))
  const variables = new Set<VariableName>()
  const calls: ASTNode[] = []
  walk(ast, node => {
    if (node.op === 'id' && Object.hasOwn(VARIABLES, node.args)) variables.add(node.args as VariableName)
    if ((node.op === 'rcall' || node.op === 'call') && node.args[0] === 'matches') calls.push(node)
  })
  for (const call of calls) checkPattern(call, compile)
  const program = located(text, () => env.parse(renameMatches(text, calls)))
  const checked = program.check()
  if (!checked.valid) throw new Error(describe(text, checked.error))
  const type = checked.type ?? 'dyn'
  return { variables, type, mayBeBool: type === 'bool' || type === 'dyn', evaluate: values => program(values) }
}

/** A pattern that stands in the text is compiled at once, so that a bad one is told at boot. */
function checkPattern(call: ASTNode, compile: CompileLinear): void {
  const pattern = call.op === 'rcall' ? call.args[2][0] : call.op === 'call' ? call.args[1][1] : undefined
  if (pattern?.op === 'value' && typeof pattern.args === 'string') compile(pattern.args)
}

/** Puts the linear function in the place of each `.matches(` that the parser has found. */
function renameMatches(text: string, calls: readonly ASTNode[]): string {
  let renamed = text
  const starts: number[] = []
  for (const call of calls) {
    if (call.op !== 'rcall') continue
    const from = call.args[1].end
    const to = call.args[2][0]?.start ?? call.end
    starts.push(from + text.slice(from, to).lastIndexOf('matches'))
  }
  for (const start of starts.sort((a, b) => b - a)) {
    renamed = renamed.slice(0, start) + MATCHES + renamed.slice(start + 'matches'.length)
  }
  return renamed
}

function walk(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node)
  walkParts(node.args, visit)
}

function walkParts(part: unknown, visit: (node: ASTNode) => void): void {
  if (Array.isArray(part)) for (const one of part) walkParts(one, visit)
  else if (typeof part === 'object' && part !== null && 'op' in part) walk(part as ASTNode, visit)
}

function located<T>(text: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new Error(describe(text, cause), { cause })
  }
}

/** `Unknown variable: x, at column 3 of "x == 1"` */
function describe(text: string, cause: unknown): string {
  const { summary, message, range } = cause as { summary?: string; message?: string; range?: { start: number } }
  const what = (summary ?? message ?? String(cause)).split('\n')[0]!.replaceAll(MATCHES, 'matches')
  return `${what}${range === undefined ? '' : `, at column ${range.start + 1}`} of ${JSON.stringify(text)}`
}
