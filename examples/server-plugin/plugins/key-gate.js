import { GatewayResponse, optionsOf } from 'sluice/plugin'

/** Lets requests pass that have one of the configured keys. */
export const HandlerRegisterer = {
  registerHandlers(register) {
    const create = (context, extra, next) => {
      // at start, once per place
      const { keys } = optionsOf(extra, context.name)
      const known = new Set(keys)
      // per request
      return request => {
        if (!known.has(request.headers.get('X-Api-Key'))) return GatewayResponse.text('a key, please\n', { status: 401 })
        request.headers.delete('X-Api-Key')
        return next(request)
      }
    }
    register('key-gate', create, { needs: 'head' })
  }
}
