/**
 * `telemetry/gelf`: the application log and the access log go to Graylog too.
 *
 * The logger is there before any component, so it reads this namespace itself; here its options are declared, and what keeps it from
 * sending is told.
 */

import { defineComponent } from 'sluice/plugin'

const SCHEMA = {
  type: 'object',
  description: 'Sends the log and the access log to Graylog, in GELF 1.1; level and prefix are those of telemetry/logging',
  properties: {
    address: { type: 'string', description: 'host:port of the GELF input; an IPv6 address stands in brackets' },
    enable_tcp: { type: 'boolean', default: false, description: 'TCP, messages ended by a null byte; else UDP' }
  },
  additionalProperties: false
} as const

/** The form that the logger reads. */
const ADDRESS = /^(?:\[[\da-fA-F:.]+\]|[^\s:[\]/]+):(\d{1,5})$/

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[1])
  return port > 0 && port <= 65_535
}

export default defineComponent({
  namespace: 'telemetry/gelf',
  scopes: ['service'],
  slots: {},
  schema: SCHEMA,
  compile(options, context) {
    const address = options.text('address')
    // What only watches never stops a start.
    if (!isAddress(address))
      context.report(
        '/address',
        `'${address}' is no address, nothing is sent to Graylog: write it like "graylog:12201"`,
        'warning'
      )
    if (!context.service.namespaces.includes('telemetry/logging'))
      context.report('', "'telemetry/gelf' needs 'telemetry/logging', nothing is sent to Graylog", 'warning')
    return undefined
  }
})
