/** `qos/ratelimit/router/redis`: limits the requests of an endpoint over all gateways, as `shared-limit.ts` says. */

import { defineComponent } from 'sluice/plugin'
import { compileSharedLimit, SHARED_LIMIT_PROPERTIES } from '../../shared-limit.js'

export default defineComponent({
  namespace: 'qos/ratelimit/router/redis',
  scopes: ['endpoint'],
  slots: { endpoint: 'router/ratelimit' },
  needs: 'head',
  guard: true,
  schema: {
    type: 'object',
    description: 'Limits the requests of an endpoint over all gateways, counted in Redis',
    properties: SHARED_LIMIT_PROPERTIES,
    additionalProperties: false
  },
  compile(options, context) {
    const { method = '', path = '' } = context.endpointFacts ?? {}
    return compileSharedLimit(options, context, `${method} ${path}`)
  }
})
