/**
 * `modifier/lua-proxy`: scripts around the whole proxy of an endpoint.
 *
 * In: requests after the endpoint's lists, and the responses of its proxy, merged and decoded. Out: the same, edited; or an error
 * with the status that the script gave. Stands outside of CEL and of the JSON schema.
 */

import { defineComponent } from 'sluice/plugin'
import { CALL_KEYS } from '../lua/schema.js'

export default defineComponent({
  namespace: 'modifier/lua-proxy',
  scopes: ['endpoint'],
  slots: { endpoint: 'proxy/scripting' },
  guard: true,
  schema: {
    type: 'object',
    description: 'Runs Lua scripts on the request of an endpoint and on its response',
    properties: CALL_KEYS,
    additionalProperties: false
  },
  // the engine is loaded with the first script
  async compile(options, context) {
    const { callStage } = await import('../lua/call-stage.js')
    return callStage(options, context, 'proxy/scripting')
  }
})
