import { createServer } from 'node:http'
import { createGateway } from 'sluice'

const gateway = await createGateway({
  version: 3,
  host: [process.env.UPSTREAM ?? 'http://127.0.0.1:3000'],
  endpoints: [{ endpoint: '/api/products', output_encoding: 'no-op', backend: [{ url_pattern: '/products' }] }]
})

const server = createServer((req, res) => {
  if (req.url === '/') res.end('the server that was there before\n')
  else gateway.handler(req, res)
})

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
})

process.once('SIGTERM', () => server.close(() => gateway.close()))
