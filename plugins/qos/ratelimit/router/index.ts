/**
 * `qos/ratelimit/router`: limits the requests of an endpoint, per client and as a whole.
 *
 * In: the client's request, after authentication. Out: the request, or a refusal as `limit.ts` says.
 */

import { defineComponent } from 'sluice/plugin'
import { compileLimit } from '../limit.js'
import { LOCAL_LIMIT_PROPERTIES, readLimitPlan } from '../plan.js'

export default defineComponent({
  namespace: 'qos/ratelimit/router',
  scopes: ['endpoint'],
  slots: { endpoint: 'router/ratelimit' },
  needs: 'head',
  guard: true,
  schema: {
    type: 'object',
    description: 'Limits the requests of an endpoint, as a whole and per client',
    properties: LOCAL_LIMIT_PROPERTIES,
    additionalProperties: false
  },
  compile: (options, context) => compileLimit(readLimitPlan(options, context), context)
})
