/** The backend of the example: users and their orders. Listens on PORT, 8000 by default. */

import { createServer } from 'node:http'

const server = createServer((req, res) => {
  const [, kind, id] = new URL(req.url, 'http://backend').pathname.split('/')
  res.setHeader('Content-Type', 'application/json')
  if (kind === 'users') return res.end(JSON.stringify({ id, name: `user ${id}` }))
  if (kind === 'orders') return res.end(JSON.stringify({ count: 2, items: [{ id: 1 }, { id: 2 }] }))
  res.writeHead(404).end('{}')
})
server.listen(Number(process.env.PORT ?? 8000), () => console.log(`listening on ${server.address().port}`))
process.once('SIGTERM', () => server.close(() => process.exit(0)))
