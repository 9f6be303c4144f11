/**
 * `qos/ratelimit/proxy`: limits the calls to a backend.
 *
 * In: a backend call. Out: the call, or a failure without one: 500 where it is the only backend (503 with
 * `router.error_status: "http"`), else a part that is missing.
 */

import { defineComponent, GatewayError } from 'sluice/plugin'
import { defaultCapacity, durationOption, RATE_PROPERTIES, SECOND_MS } from '../rate.js'
import { bucketRule, TokenBucket } from '../token-bucket.js'

interface Options {
  readonly max_rate?: number
  readonly capacity?: number
  readonly every?: string
}

export default defineComponent<Options>({
  namespace: 'qos/ratelimit/proxy',
  scopes: ['backend'],
  slots: { backend: 'decoded/ratelimit' },
  needs: 'head',
  schema: {
    type: 'object',
    description: 'Limits the calls to a backend',
    properties: RATE_PROPERTIES,
    additionalProperties: false
  },
  compile(options, context) {
    const tag = `${context.tag}[Ratelimit]`
    const every = durationOption(options.every, 'every', SECOND_MS, tag, context)
    if (every <= 0) context.fail('/every', 'a rate is about a time longer than nothing')
    const rate = ((options.max_rate ?? 0) * SECOND_MS) / every
    if (rate <= 0) return undefined
    const capacity = Math.trunc(options.capacity ?? 0) || defaultCapacity(rate)
    const bucket = new TokenBucket(bucketRule(rate, capacity), performance.now())
    context.logger.debug(`${tag} Enabling the rate limiter`)
    return next => request => (bucket.take(performance.now()) ? next(request) : Promise.reject(limited()))
  }
})

/** KrakenD's text, its spelling included. */
function limited(): GatewayError {
  return new GatewayError('SLUICE_ERR_UPSTREAM_LIMITED', { message: 'rate limit exceded' })
}
