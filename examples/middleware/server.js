import { createGateway } from 'sluice'
import { GatewayResponse } from 'sluice/plugin'

const gateway = await createGateway(
  {
    version: 3,
    listen_ip: '127.0.0.1',
    host: [process.env.UPSTREAM ?? 'http://127.0.0.1:3000'],
    endpoints: [
      { endpoint: '/products', output_encoding: 'no-op', backend: [{ url_pattern: '/products' }] },
      { endpoint: '/home/{user}', backend: [{ url_pattern: '/users/{user}', deny: ['password_hash'] }] }
    ]
  },
  {
    port: Number(process.env.PORT ?? 8080),

    // around everything, before routing; called once
    wrapService: next => request => {
      if (request.headers.get('User-Agent')?.startsWith('bad-robot')) return GatewayResponse.text('no\n', { status: 403 })
      return next(request)
    },

    // once per endpoint; undefined = no stage there
    wrapEndpoint: endpoint => {
      if (endpoint.path !== '/products') return undefined
      return next => async request => {
        const response = await next(request)
        response.headers.set('Cache-Control', 'max-age=60')
        return response
      }
    },

    // once per backend: what the upstream gets
    wrapBackend: backend => next => request => {
      request.headers.set('X-Asked-As', backend.urlPattern)
      return next(request)
    }
  }
)

const { port } = await gateway.listen()
console.log(`listening on http://127.0.0.1:${port}`)
process.once('SIGTERM', () => gateway.close())
