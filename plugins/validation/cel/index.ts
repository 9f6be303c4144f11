/**
 * `validation/cel`: expressions that every exchange must satisfy.
 *
 * In: requests and answers of an endpoint or a backend. Out: the same, or a refusal: 500 `request aborted by evaluator #0`,
 * or 401 where an expression about the token's claims is not true. Anything but `true` refuses, an error too.
 */

import { type ComponentContext, defineComponent, GatewayError, GatewayResponse, type SlottedWrap, type Wrap } from 'sluice/plugin'
import { DEFAULT_MAX_COST } from '../../_shared/cel/expression.js'
import { type Check, compileTest, isMixed, sortChecks, type Test } from './checks.js'
import { readChecks } from './options.js'

export default defineComponent({
  namespace: 'validation/cel',
  scopes: ['endpoint', 'backend'],
  slots: { endpoint: 'proxy/check', backend: 'decoded/check' },
  needs: 'data',
  caseless: true,
  schema: {
    type: 'array',
    description: 'Refuses requests and answers by expressions in CEL',
    items: {
      type: 'object',
      required: ['check_expr'],
      properties: {
        check_expr: { type: 'string', minLength: 1, description: 'A CEL expression that must be true.' },
        mod_expr: { type: 'string', description: 'Not used.' },
        check_partial: { type: 'boolean', default: false, description: 'Also tests answers that lack a part.' },
        max_cost: {
          type: 'integer',
          minimum: 1,
          default: DEFAULT_MAX_COST,
          description: 'Steps that an evaluation may take; one that takes more refuses.'
        }
      },
      additionalProperties: false
    }
  },
  async compile(options, context) {
    const tag = `${context.tag}[CEL]`
    const { logger } = context
    logger.debug(tag, 'Loading configuration')
    const checks = await readChecks(options, context)
    if (checks.length === 0) return undefined
    const phases = sortChecks(checks)
    for (const check of checks) {
      if (!isMixed(check, phases)) continue
      logger.warning(tag, 'An expression that reads both the request and the answer runs before the answer is there and refuses')
    }
    logger.debug(tag, `${phases.before.length} preEvaluator(s) loaded`)
    logger.debug(tag, `${phases.after.length} postEvaluator(s) loaded`)
    const stages: SlottedWrap[] = []
    if (phases.before.length > 0 || phases.after.length > 0) {
      const wrap = compileStage(phases.before, phases.after, context, tag)
      stages.push({ slot: context.scope === 'backend' ? 'decoded/check' : 'proxy/check', wrap })
    }
    if (phases.claims.length > 0) {
      const test = compileTest(phases.claims, tag, 'Rejecter', logger)
      if (context.scope === 'backend') stages.push({ slot: 'decoded/check', wrap: refuseBefore(test, backendRefusal) })
      else stages.push({ slot: 'router/claims', wrap: claimsStage(test) })
    }
    return stages
  }
})

type Refusal = (number: number) => GatewayError

const endpointRefusal: Refusal = number =>
  new GatewayError('SLUICE_ERR_GATEWAY_REJECTED', { message: `request aborted by evaluator #${number}` })
const backendRefusal: Refusal = number =>
  new GatewayError('SLUICE_ERR_UPSTREAM_REJECTED', { message: `request aborted by evaluator #${number}` })

function refuseBefore(test: Test, refusal: Refusal): Wrap {
  return next => request => {
    const number = test(request, undefined, undefined)
    return number < 0 ? next(request) : Promise.reject(refusal(number))
  }
}

function compileStage(before: readonly Check[], after: readonly Check[], context: ComponentContext, tag: string): Wrap {
  const { logger } = context
  const refusal = context.scope === 'backend' ? backendRefusal : endpointRefusal
  const guard = before.length === 0 ? undefined : refuseBefore(compileTest(before, `${tag}[pre]`, 'Evaluator', logger), refusal)
  if (after.length === 0) return guard!
  const whole = compileAfter(after, context, `${tag}[post]`, refusal)
  return guard === undefined ? whole : next => guard(whole(next))
}

/** Tests answers. Partial ones pass untested, as in KrakenD, but for the expressions that ask for them. */
function compileAfter(after: readonly Check[], context: ComponentContext, tag: string, refusal: Refusal): Wrap {
  const full = compileTest(after, tag, 'Evaluator', context.logger)
  const strict = after.filter(check => check.partial)
  const partial = strict.length === 0 ? undefined : compileTest(strict, tag, 'Evaluator', context.logger)
  const noOp = (context.backendFacts?.encoding ?? context.endpointFacts?.outputEncoding) === 'no-op'
  const reads = !noOp && after.some(check => check.expression.variables.has('resp_data'))
  return next => async request => {
    const response = await next(request)
    const test = response.failure === undefined ? full : partial
    if (test === undefined) return response
    const number = test(request, response, reads ? ((await response.body.json()) ?? {}) : {})
    if (number < 0) return response
    response.discard()
    throw refusal(number)
  }
}

/** Behind the token's verification, outside of the limits. */
function claimsStage(test: Test): Wrap {
  return next => request => {
    if (test(request, undefined, undefined) < 0) return next(request)
    request.note(new GatewayError('SLUICE_ERR_CLIENT_UNAUTHORIZED'))
    return Promise.resolve(new GatewayResponse(401))
  }
}
