import { defineComponent, GatewayResponse } from 'sluice/plugin'

/** `qos/maintenance`: refuses requests of an endpoint until a time. */
export default defineComponent({
  namespace: 'qos/maintenance',
  scopes: ['endpoint'],
  // after authentication, before what comes from the endpoint's lists
  slots: { endpoint: 'router/auth' },
  needs: 'head',
  guard: true,
  schema: {
    type: 'object',
    description: 'Refuses requests while an endpoint is under maintenance',
    properties: {
      until: { type: 'string', description: 'When it ends, as a date: 2030-01-31T12:00:00Z' },
      status: { type: 'integer', default: 503, description: 'The status of the response' }
    },
    required: ['until'],
    additionalProperties: false
  },
  compile(options) {
    const text = options.text('until')
    const until = Date.parse(text)
    if (Number.isNaN(until)) options.fail('/until', `not a date: ${text}`)
    const status = options.integer('status', 503)
    return next => request => {
      const seconds = Math.ceil((until - Date.now()) / 1000)
      if (seconds <= 0) return next(request)
      return Promise.resolve(new GatewayResponse({ status, headers: { 'Retry-After': String(seconds) } }))
    }
  }
})
