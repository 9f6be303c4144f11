/**
 * `telemetry/logstash`: every line of the application log is a JSON object for Logstash.
 *
 * The logger is there before any component, so it reads this namespace itself; here its options are declared.
 */

import { defineComponent } from 'sluice/plugin'

const SCHEMA = {
  type: 'object',
  description: 'Every line of the log is a JSON object for Logstash; level and destination are those of telemetry/logging',
  properties: {
    enabled: { type: 'boolean', default: true, description: '`false`: as if the namespace were not there' }
  },
  additionalProperties: false
} as const

export default defineComponent({
  namespace: 'telemetry/logstash',
  scopes: ['service'],
  slots: {},
  schema: SCHEMA,
  compile: () => undefined
})
