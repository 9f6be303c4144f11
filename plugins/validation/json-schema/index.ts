/**
 * `validation/json-schema`: lets only requests pass whose body fits a JSON Schema.
 *
 * In: requests of an endpoint; the namespace's value is the schema itself. Out: the same with its body unchanged to the bit,
 * or 400; the reason is in the body only with `return_error_msg`. A body over `max_body_bytes` is a 413.
 */

import { defineComponent } from 'sluice/plugin'

export default defineComponent({
  namespace: 'validation/json-schema',
  scopes: ['endpoint'],
  slots: { endpoint: 'proxy/schema' },
  needs: 'body',
  schema: { type: ['object', 'boolean'], description: 'A JSON Schema, draft-04 to 2020-12 by its $schema; without one 2020-12.' },
  // the validator is loaded with the first schema
  async compile(options, context) {
    const { compileValidation } = await import('./stage.js')
    return compileValidation(options, context)
  }
})
