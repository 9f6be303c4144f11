/**
 * The list of expressions, read and compiled. Strict: the first that cannot be honoured stops the start. Tolerant: what
 * KrakenD drops is left out, what it refuses requests with refuses them.
 */

import type { ComponentContext, OptionReader } from 'sluice/plugin'
import { type CompileExpression, DEFAULT_MAX_COST, type Expression, loadExpressions } from '../../_shared/cel/expression.js'
import { type Check, isAboutClaims } from './checks.js'

/** Reads the list. Leaves out, in tolerant mode, what KrakenD does not check. */
export async function readChecks(options: OptionReader, context: ComponentContext): Promise<Check[]> {
  const compile = await loadExpressions()
  const checks: Check[] = []
  for (const [index, one] of options.objects().entries()) {
    const pointer = `/${index}/check_expr`
    const { check, fault, refuses } = readCheck(one, compile, context)
    if (fault !== undefined) {
      const outcome = refuses ? 'Requests are refused' : 'The expression is left out'
      context.report(pointer, context.service.tolerant ? `${fault}. ${outcome}` : fault)
    }
    if (check !== undefined && (fault === undefined || refuses)) checks.push(check)
  }
  return checks
}

/** What became of one element. */
interface Reading {
  readonly check?: Check
  /** Why it cannot be honoured. */
  readonly fault?: string
  /** Whether KrakenD refuses requests with such an expression; else it drops it. */
  readonly refuses?: boolean
}

function readCheck(options: OptionReader, compile: CompileExpression, context: ComponentContext): Reading {
  const text = options.text('check_expr')
  let expression: Expression
  try {
    expression = compile(text, options.count('max_cost', DEFAULT_MAX_COST))
  } catch (cause) {
    return { fault: (cause as Error).message }
  }
  const check = { expression, partial: options.flag('check_partial') }
  // KrakenD runs an expression whose text holds one of these
  const runs = /req|resp|JWT/.test(text)
  if (expression.variables.has('JWT') && !mayHaveClaims(context)) {
    // KrakenD's validator runs these, and no validator is there
    const refuses = !isAboutClaims(check) || /req|resp/.test(text)
    return { check, refuses, fault: 'JWT is read, and the endpoint has no auth/validator' }
  }
  if (!expression.mayBeBool) return { check, refuses: runs, fault: `the result is of type ${expression.type}, not bool` }
  if (expression.badPattern !== undefined) return { check, refuses: runs, fault: expression.badPattern }
  if (!runs && expression.variables.size === 0 && context.service.tolerant)
    return { check, fault: 'nothing of the request or the answer is read' }
  return { check }
}

/** True when something at the endpoint may leave claims: its validator, or code of the operator's. */
function mayHaveClaims({ endpointFacts, service }: ComponentContext): boolean {
  if (service.wrapped || service.namespaces.includes('plugin/http-server')) return true
  const namespaces = endpointFacts?.namespaces ?? []
  return namespaces.includes('auth/validator') || namespaces.includes('plugin/http-server')
}
