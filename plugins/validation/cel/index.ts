/**
 * `validation/cel`: expressions that every exchange must satisfy.
 *
 * In: requests and answers of an endpoint or a backend. Out: the same, or a refusal: 500 `request aborted by evaluator #0`,
 * or 401 where an expression about the token's claims is not true. Anything but `true` refuses, an error too.
 */

import {
  type ComponentContext,
  defineComponent,
  GatewayError,
  type GatewayRequest,
  GatewayResponse,
  type SlottedEdit
} from 'sluice/plugin'
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
    description: 'Refuses requests and responses by expressions in CEL',
    items: {
      type: 'object',
      required: ['check_expr'],
      properties: {
        check_expr: { type: 'string', minLength: 1, description: 'A CEL expression that must be true.' },
        mod_expr: { type: 'string', description: 'Not used.' },
        check_partial: { type: 'boolean', default: false, description: 'Also tests responses that lack a part.' },
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
      logger.warning(
        tag,
        'An expression that reads both the request and the response runs before there is a response, and refuses'
      )
    }
    logger.debug(tag, `${phases.before.length} preEvaluator(s) loaded`)
    logger.debug(tag, `${phases.after.length} postEvaluator(s) loaded`)
    const slot = context.scope === 'backend' ? 'decoded/check' : 'proxy/check'
    const refusal = context.scope === 'backend' ? backendRefusal : endpointRefusal
    const stages: SlottedEdit[] = []
    if (phases.before.length > 0 || phases.after.length > 0) {
      stages.push({
        slot,
        ...(phases.before.length > 0 && {
          request: refuseBefore(compileTest(phases.before, `${tag}[pre]`, 'Evaluator', logger), refusal)
        }),
        ...(phases.after.length > 0 && { response: compileAfter(phases.after, context, `${tag}[post]`, refusal) })
      })
    }
    if (phases.claims.length > 0) {
      const test = compileTest(phases.claims, tag, 'Rejecter', logger)
      if (context.scope === 'backend') stages.push({ slot, request: refuseBefore(test, refusal) })
      else stages.push({ slot: 'router/claims', request: claimsStage(test) })
    }
    return stages
  }
})

type Refusal = (number: number) => GatewayError

const endpointRefusal: Refusal = number =>
  new GatewayError('SLUICE_ERR_GATEWAY_REJECTED', { message: `request aborted by evaluator #${number}` })
const backendRefusal: Refusal = number =>
  new GatewayError('SLUICE_ERR_UPSTREAM_REJECTED', { message: `request aborted by evaluator #${number}` })

type RequestEdit = NonNullable<SlottedEdit['request']>
type ResponseEdit = NonNullable<SlottedEdit['response']>

function refuseBefore(test: Test, refusal: Refusal): RequestEdit {
  return request => {
    const number = test(request, undefined, undefined)
    if (number >= 0) throw refusal(number)
    return undefined
  }
}

/** Tests responses. Partial ones pass untested, as in KrakenD, but for the expressions that ask for them. */
function compileAfter(after: readonly Check[], context: ComponentContext, tag: string, refusal: Refusal): ResponseEdit {
  const full = compileTest(after, tag, 'Evaluator', context.logger)
  const strict = after.filter(check => check.partial)
  const partial = strict.length === 0 ? undefined : compileTest(strict, tag, 'Evaluator', context.logger)
  const noOp = (context.backendFacts?.encoding ?? context.endpointFacts?.outputEncoding) === 'no-op'
  const reads = !noOp && after.some(check => check.expression.variables.has('resp_data'))

  function admit(test: Test, response: GatewayResponse, request: GatewayRequest, data: unknown): GatewayResponse {
    const number = test(request, response, data)
    if (number >= 0) throw refusal(number)
    return response
  }

  async function read(test: Test, response: GatewayResponse, request: GatewayRequest): Promise<GatewayResponse> {
    const data = (await response.body.lazyJson()) ?? {}
    try {
      return admit(test, response, request, data)
    } catch (error) {
      response.discard()
      throw error
    }
  }

  return (response, request) => {
    const test = response.failure === undefined ? full : partial
    if (test === undefined) return response
    return reads ? read(test, response, request) : admit(test, response, request, {})
  }
}

/** Behind the token's verification, outside of the limits. */
function claimsStage(test: Test): RequestEdit {
  return request => {
    if (test(request, undefined, undefined) < 0) return undefined
    request.note(new GatewayError('SLUICE_ERR_CLIENT_UNAUTHORIZED'))
    return new GatewayResponse(401)
  }
}
