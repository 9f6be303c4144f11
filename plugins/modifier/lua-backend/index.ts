/**
 * `modifier/lua-backend`: scripts around the call of one backend.
 *
 * In: the call, its URL made, and its response, decoded and shaped. Out: the same, edited; or an error, which in a merge costs that
 * part alone. Stands inside breaker and limits, outside of CEL and Martian.
 */

import { defineComponent } from 'sluice/plugin'
import { CALL_KEYS } from '../lua/schema.js'

export default defineComponent({
  namespace: 'modifier/lua-backend',
  scopes: ['backend'],
  slots: { backend: 'decoded/scripting' },
  guard: true,
  schema: {
    type: 'object',
    description: 'Runs Lua scripts on the call of a backend and on its response',
    properties: CALL_KEYS,
    additionalProperties: false
  },
  // the engine is loaded with the first script
  async compile(options, context) {
    const { callStage } = await import('../lua/call-stage.js')
    return callStage(options, context, 'decoded/scripting')
  }
})
