import { optionsOf } from 'sluice/plugin'

/** Calls the backend again when it responds with 503. */
export const ClientRegisterer = {
  registerClients(register) {
    register('again', (context, extra, next) => {
      const { times } = optionsOf(extra, context.name)
      return async request => {
        let response = await next(request)
        for (let i = 0; i < times && response.status === 503; i++) {
          context.logger.warning(`503 from ${request.path}, once more`)
          // what is not sent on is let go, so that its connection is free
          response.discard()
          response = await next(request)
        }
        return response
      }
    })
  }
}
