/**
 * `qos/ratelimit/tiered`: limits by the plan that a client has.
 *
 * In: a request whose header names the tier. Out: the request, or a refusal of the first tier that matches. A request of no tier is not
 * limited; a last tier with `"tier_value_as": "*"` takes all that are left.
 */

import {
  type ComponentContext,
  defineComponent,
  type GatewayRequest,
  type Next,
  type OptionReader,
  type Wrap
} from 'sluice/plugin'
import { readTierTest, TIER_PROPERTIES, type TierTest } from '../../../_shared/tiers.js'
import { compileLimit } from '../limit.js'
import { LOCAL_LIMIT_PROPERTIES, readLimitPlan } from '../plan.js'
import { compileSharedLimit, SHARED_LIMIT_PROPERTIES } from '../shared-limit.js'

export default defineComponent({
  namespace: 'qos/ratelimit/tiered',
  scopes: ['service', 'endpoint'],
  slots: { service: 'inner/ratelimit', endpoint: 'router/ratelimit' },
  needs: 'head',
  guard: true,
  schema: {
    type: 'object',
    required: ['tier_key', 'tiers'],
    description: 'Limits requests by the plan that a header names',
    properties: {
      tier_key: { type: 'string', description: 'The header that names the tier' },
      tiers: {
        type: 'array',
        minItems: 1,
        description: 'The tiers; the first one that matches counts',
        items: {
          type: 'object',
          properties: {
            ...TIER_PROPERTIES,
            ratelimit: {
              type: 'object',
              description: 'The limit, as in `qos/ratelimit/service`',
              properties: LOCAL_LIMIT_PROPERTIES,
              additionalProperties: false
            },
            ratelimit_redis: {
              type: 'object',
              description: 'The limit, as in `qos/ratelimit/service/redis`',
              properties: SHARED_LIMIT_PROPERTIES,
              additionalProperties: false
            }
          },
          additionalProperties: false
        }
      }
    },
    additionalProperties: false
  },
  async compile(options, context) {
    const header = options.fieldName('tier_key')
    if (header === '') options.fail('/tier_key', 'the name of a header is missing')
    const readers = options.objects('tiers')
    if (readers.length === 0) options.fail('/tiers', 'expected at least one tier')
    const tiers: Tier[] = []
    for (const [index, reader] of readers.entries()) tiers.push(await readTier(reader, header, index, context))
    if (!tiers.some(tier => tier.matches === undefined)) {
      const message = 'requests of no tier are not limited: a last tier with "tier_value_as": "*" takes them'
      options.report('/tiers', message, 'warning')
    }
    return next => limitByTier(tiers, next)
  }
})

interface Tier {
  /** Undefined: all requests. */
  readonly matches: TierTest | undefined
  readonly wrap: Wrap
}

async function readTier(reader: OptionReader, header: string, index: number, context: ComponentContext): Promise<Tier> {
  const matches = await readTierTest(reader, header, context)
  const local = reader.object('ratelimit')
  const shared = reader.object('ratelimit_redis')
  if (local === undefined && shared === undefined) reader.fail('', 'a tier needs `ratelimit` or `ratelimit_redis`')
  const { method, path } = context.endpointFacts ?? { method: '', path: 'service' }
  const wraps = [
    local && compileLimit(readLimitPlan(local, context), context),
    shared && compileSharedLimit(shared, context, `${method} ${path} tier ${index}`)
  ].filter(wrap => wrap !== undefined)
  if (wraps.length === 0) reader.fail('', 'the limit of the tier limits nothing: give max_rate or client_max_rate')
  return { matches, wrap: next => wraps.reduce((inner, wrap) => wrap(inner), next) }
}

function limitByTier(tiers: readonly Tier[], next: Next): Next {
  const limited = tiers.map(({ matches, wrap }) => ({ matches, next: wrap(next) }))
  const tierOf = (request: GatewayRequest): Next => limited.find(tier => tier.matches?.(request) ?? true)?.next ?? next
  return request => tierOf(request)(request)
}
