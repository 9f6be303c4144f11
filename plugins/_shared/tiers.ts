/** Which tier a request belongs to: by the value of a header, or by an expression. */

import type { ComponentContext, GatewayRequest, OptionReader } from 'sluice/plugin'

/** JSON Schema of the keys of a tier. */
export const TIER_PROPERTIES = {
  tier_value: { type: 'string', description: 'The name of the tier, or the CEL expression' },
  tier_value_as: {
    type: 'string',
    enum: ['literal', 'policy', '*'],
    default: 'literal',
    description: 'literal: the header has this value; policy: the expression is true; *: all requests'
  }
} as const

export type TierTest = (request: GatewayRequest) => boolean

/**
 * Reads when a tier matches.
 * @param header names the tier
 * @returns undefined for a tier of all requests
 */
export async function readTierTest(tier: OptionReader, header: string, context: ComponentContext): Promise<TierTest | undefined> {
  const as = tier.text('tier_value_as') || 'literal'
  const value = tier.text('tier_value')
  switch (as) {
    case '*':
      return undefined
    case 'literal':
      if (value === '') tier.fail('/tier_value', 'the name of the tier is missing')
      return request => request.headers.get(header) === value
    case 'policy':
      return compilePolicy(tier, value, context)
    default:
      return tier.fail('/tier_value_as', `unknown '${as}': literal, policy and * exist`)
  }
}

async function compilePolicy(tier: OptionReader, text: string, context: ComponentContext): Promise<TierTest> {
  const { loadExpressions } = await import('./cel/expression.js')
  const { compileActivation } = await import('./cel/variables.js')
  const compile = await loadExpressions()
  try {
    const expression = compile(text)
    if (!expression.mayBeBool) throw new Error(`the expression is no boolean but ${expression.type}`)
    const late = [...expression.variables].find(name => name.startsWith('resp_'))
    if (late !== undefined) throw new Error(`${late} is not known before there is a response`)
    const activate = compileActivation(expression.variables)
    return request => {
      try {
        return expression.evaluate(activate({ request, response: undefined, data: undefined, nowMs: Date.now() })) === true
      } catch (cause) {
        // a field that is not there: the request is of another tier
        context.logger.debug(`${context.tag} the policy of a tier failed: ${(cause as Error).message.slice(0, 200)}`)
        return false
      }
    }
  } catch (cause) {
    return tier.fail('/tier_value', (cause as Error).message)
  }
}
