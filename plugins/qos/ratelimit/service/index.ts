/**
 * `qos/ratelimit/service`: limits the requests of all endpoints together, per client and as a whole.
 *
 * In: the client's request, before its route is known to stages. Out: the request, or a refusal as `limit.ts` says. Health, debug and
 * echo are not limited.
 */

import { defineComponent } from 'sluice/plugin'
import { compileLimit } from '../limit.js'
import { LOCAL_LIMIT_PROPERTIES, readLimitPlan } from '../plan.js'

export default defineComponent({
  namespace: 'qos/ratelimit/service',
  scopes: ['service'],
  slots: { service: 'inner/ratelimit' },
  needs: 'head',
  guard: true,
  schema: {
    type: 'object',
    description: 'Limits the requests of all endpoints together, as a whole and per client',
    properties: LOCAL_LIMIT_PROPERTIES,
    additionalProperties: false
  },
  compile: (options, context) => compileLimit(readLimitPlan(options, context), context)
})
