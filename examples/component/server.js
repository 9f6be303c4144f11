import { createGateway } from 'sluice'
import maintenance from './maintenance.js'

const backend = [{ url_pattern: '/products' }]
const under = until => ({ 'qos/maintenance': { until } })

const gateway = await createGateway(
  {
    version: 3,
    listen_ip: '127.0.0.1',
    host: [process.env.UPSTREAM ?? 'http://127.0.0.1:3000'],
    endpoints: [
      { endpoint: '/closed', output_encoding: 'no-op', backend, extra_config: under('2099-01-01T00:00:00Z') },
      { endpoint: '/open', output_encoding: 'no-op', backend, extra_config: under('2020-01-01T00:00:00Z') }
    ]
  },
  { port: Number(process.env.PORT ?? 8080), components: [maintenance] }
)

const { port } = await gateway.listen()
console.log(`listening on http://127.0.0.1:${port}`)
process.once('SIGTERM', () => gateway.close())
