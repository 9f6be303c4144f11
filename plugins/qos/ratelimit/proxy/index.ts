/**
 * `qos/ratelimit/proxy`: limits the calls to a backend.
 *
 * In: a backend call. Out: the call, or a failure without one: 500 where it is the only backend (503 with
 * `router.error_status: "http"`), else a part that is missing.
 */

import { defineComponent, GatewayError } from 'sluice/plugin'
import { defaultCapacity, RATE_PROPERTIES, SECOND_MS, UNREADABLE } from '../rate.js'
import { HERE, Tally } from '../tally.js'
import { bucketRule, TokenBucket } from '../token-bucket.js'

export default defineComponent({
  namespace: 'qos/ratelimit/proxy',
  scopes: ['backend'],
  slots: { backend: 'decoded/ratelimit' },
  needs: 'head',
  guard: true,
  schema: {
    type: 'object',
    description: 'Limits the calls to a backend',
    properties: RATE_PROPERTIES,
    additionalProperties: false
  },
  compile(options, context) {
    const tag = `${context.tag}[Ratelimit]`
    const every = options.durationMs('every', SECOND_MS, SECOND_MS)
    if (every <= 0) options.report('/every', 'expected a duration above zero')
    const given = options.amount('max_rate', 0, UNREADABLE)
    // In tolerant mode a rate that cannot be read is one call in the time of `every`.
    const rate = ((given === UNREADABLE ? 1 : given) * SECOND_MS) / (every > 0 ? every : SECOND_MS)
    if (rate <= 0) return undefined
    const capacity = Math.trunc(options.amount('capacity', 0, 0)) || defaultCapacity(rate)
    const rule = bucketRule(rate, capacity)
    const open = () => ({ bucket: new TokenBucket(rule, performance.now()), tally: new Tally() })
    const { bucket, tally } = context.keepHere(rule, open)
    context.logger.debug(`${tag} Enabling the rate limiter`)
    const facts = { of: 'all calls', per_second: rate, capacity, counted_in: HERE }
    context.status('limit', () => ({ ...facts, ...tally.facts() }))
    return next => request => (tally.count(bucket.take(performance.now())) ? next(request) : Promise.reject(limited()))
  }
})

/** KrakenD's text, its spelling included. */
function limited(): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_LIMITED', { message: 'rate limit exceded' })
}
