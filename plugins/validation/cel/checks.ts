/**
 * When an expression runs, and what its result means.
 *
 * In: compiled expressions. Out: one test per phase (claims, before, after), which returns the text of the refusal; KrakenD
 * counts evaluators per phase, so the number in that text does too.
 */

import type { GatewayRequest, GatewayResponse, Logger } from 'sluice/plugin'
import type { Expression } from '../../_shared/cel/expression.js'
import { compileActivation } from '../../_shared/cel/variables.js'

/** An expression with its option. */
export interface Check {
  readonly expression: Expression
  /** Also tests partial responses. */
  readonly partial: boolean
}

/** Expressions by the moment they run in. */
export interface Phases {
  /** Right after the token was verified. */
  readonly claims: readonly Check[]
  readonly before: readonly Check[]
  readonly after: readonly Check[]
}

const reads = ({ expression }: Check, prefix: string): boolean => [...expression.variables].some(name => name.startsWith(prefix))

/** True for an expression that reads claims, and neither the request nor the response. */
export const isAboutClaims = (check: Check): boolean => reads(check, 'JWT') && !reads(check, 'req_') && !reads(check, 'resp_')

/**
 * Sorts expressions by the variables they read. What reads nothing of the messages (`now` alone) runs before; what reads
 * both request and answer runs twice, as in KrakenD, and never passes unless each half decides alone.
 */
export function sortChecks(checks: readonly Check[]): Phases {
  const rest = checks.filter(check => !isAboutClaims(check))
  return {
    claims: checks.filter(isAboutClaims),
    before: rest.filter(one => reads(one, 'req_') || !reads(one, 'resp_')),
    after: rest.filter(one => reads(one, 'resp_'))
  }
}

/** Tells whether an expression can be true in one of its phases only. */
export const isMixed = (check: Check, phases: Phases): boolean => phases.before.includes(check) && phases.after.includes(check)

/** Returns the number of the evaluator that refuses, -1 when all agree. `data` is the decoded response, where one is read. */
export type Test = (request: GatewayRequest, response: GatewayResponse | undefined, data: unknown) => number

/** Logs results as KrakenD does: `[ENDPOINT: /x][CEL][pre] Evaluator #0 result: false`. */
export function compileTest(checks: readonly Check[], tag: string, word: 'Evaluator' | 'Rejecter', logger: Logger): Test {
  const activate = compileActivation(checks.flatMap(check => [...check.expression.variables]))
  const expressions = checks.map(check => check.expression)
  return (request, response, data) => {
    let number = 0
    try {
      const values = activate({ request, response, data, nowMs: Date.now() })
      for (; number < expressions.length; number++) {
        const result = expressions[number]!.evaluate(values)
        if (result !== true) {
          logger.info(`${tag} ${word} #${number} result: ${printed(result)}`)
          return number
        }
        logger.debug(tag, word, `#${number} result: true`)
      }
    } catch (cause) {
      logger.info(`${tag} ${word} #${number} failed: ${short((cause as Error).message)}`)
      return number
    }
    return -1
  }
}

/** Messages of the library may quote a value, whatever its size. */
const short = (message: string): string => message.split('\n', 1)[0]!.slice(0, 200)

/** A result that is no boolean may hold anything of the messages: only its kind is told. */
const printed = (result: unknown): string => (typeof result === 'boolean' ? String(result) : `not a boolean (${typeof result})`)
