/**
 * `telemetry/opentelemetry-security`: header fields for exporters of `telemetry/opentelemetry`, such as keys of services that take OTLP.
 *
 * In: names of exporters with their fields. Out: what the other component reads when it is compiled.
 */

import { defineComponent } from 'sluice/plugin'
import { EXPORTER_HEADERS, type Headers, readHeaders } from '../../_shared/otlp/header-options.js'

const SCHEMA = {
  type: 'object',
  description: 'Header fields for the OTLP exporters of telemetry/opentelemetry',
  required: ['otlp'],
  properties: {
    otlp: {
      type: 'array',
      description: 'One entry for each exporter',
      items: {
        type: 'object',
        required: ['name', 'headers'],
        properties: {
          name: { type: 'string', minLength: 1, description: 'The `name` of the exporter' },
          headers: { type: 'object', additionalProperties: { type: 'string' }, description: 'Fields of every request' }
        },
        additionalProperties: false
      }
    }
  },
  additionalProperties: false
} as const

export default defineComponent({
  namespace: EXPORTER_HEADERS,
  scopes: ['service'],
  slots: {},
  needs: 'head',
  schema: SCHEMA,
  compile(options, context) {
    if (!context.service.namespaces.includes('telemetry/opentelemetry'))
      context.report('', 'it does nothing without `telemetry/opentelemetry`', 'warning')
    const headers = new Map<string, Headers>()
    for (const one of options.objects('otlp')) {
      const name = one.text('name')
      headers.set(name, { ...headers.get(name), ...readHeaders(one) })
    }
    context.shared.set(EXPORTER_HEADERS, headers)
    return undefined
  }
})
