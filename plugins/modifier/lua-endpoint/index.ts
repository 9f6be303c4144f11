/**
 * `modifier/lua-endpoint`: a script on the client's request, before the endpoint's lists choose what goes on.
 *
 * In: requests behind the token validator and outside of the rate limits; at service scope requests for routes, 404 and 405. Out:
 * the same, edited, or an empty response with the status that the script gave: 500 for any error at service scope.
 */

import { defineComponent } from 'sluice/plugin'
import { COMMON_KEYS } from '../lua/schema.js'

export default defineComponent({
  namespace: 'modifier/lua-endpoint',
  scopes: ['service', 'endpoint'],
  slots: { service: 'inner/scripting', endpoint: 'router/scripting' },
  guard: true,
  refusal: 500,
  schema: {
    type: 'object',
    description: 'Runs a Lua script on requests before they are forwarded',
    properties: {
      ...COMMON_KEYS,
      post: { type: 'string', description: 'Not used.' },
      skip_next: { type: 'boolean', default: false, description: 'Not used.' }
    },
    additionalProperties: false
  },
  // the engine is loaded with the first script
  async compile(options, context) {
    const { compileContextStage } = await import('./stage.js')
    return compileContextStage(options, context)
  }
})
