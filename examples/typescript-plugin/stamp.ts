import { defineHandler } from 'sluice/plugin'

interface Options {
  header: string
  value: string
}

/** Marks the responses of a backend. Serves at the service, at an endpoint and around a backend's call. */
const plugin = defineHandler<Options>({
  name: 'stamp',
  needs: 'head',
  schema: {
    type: 'object',
    required: ['header'],
    properties: { header: { type: 'string' }, value: { type: 'string', default: 'yes' } },
    additionalProperties: false
  },
  create:
    ({ header, value }, next) =>
    async request => {
      const response = await next(request)
      response.headers.set(header, value)
      return response
    }
})

export { plugin as ClientRegisterer, plugin as HandlerRegisterer }
