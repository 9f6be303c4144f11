/** `qos/ratelimit/service/redis`: limits the requests of all endpoints over all gateways, as `shared-limit.ts` says. */

import { defineComponent } from 'sluice/plugin'
import { compileSharedLimit, SHARED_LIMIT_PROPERTIES } from '../../shared-limit.js'

export default defineComponent({
  namespace: 'qos/ratelimit/service/redis',
  scopes: ['service'],
  slots: { service: 'inner/ratelimit' },
  needs: 'head',
  guard: true,
  schema: {
    type: 'object',
    description: 'Limits the requests of all endpoints over all gateways, counted in Redis',
    properties: SHARED_LIMIT_PROPERTIES,
    additionalProperties: false
  },
  compile: (options, context) => compileSharedLimit(options, context, 'service')
})
