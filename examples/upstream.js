// The upstream of all examples: a small shop on port 3000. PORT changes the port; 0 takes a free one.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

const USERS = { ada: { name: 'Ada Lovelace', city: 'London', password_hash: '5f4d' } }
const PRODUCTS = [
  { id: 1, name: 'valve', price: 10, stock: 0 },
  { id: 2, name: 'gate', price: 25.5, stock: 7 }
]
let calls = 0

const routes = {
  '/users/ada': () => json(USERS.ada),
  '/users/ada/orders': () => json([{ id: 7, total: 129.9 }]),
  '/products': () => json({ products: PRODUCTS }),
  '/products/2': () => json(PRODUCTS[1]),
  '/stock.csv': () => ({ type: 'text/csv', body: 'name,stock\nvalve,0\ngate,7\n' }),
  '/events': () => ({ type: 'text/event-stream', body: 'data: one\n\ndata: two\n\n' }),
  // every other call fails
  '/flaky': () => (++calls % 2 === 1 ? { status: 503, type: 'text/plain', body: 'try again' } : json({ call: calls }))
}

function json(value) {
  return { type: 'application/json', body: JSON.stringify(value) }
}

/** Responds to one request; an unknown path is 404. */
export function serve(req, res) {
  const { status = 200, type, body } = routes[req.url]?.() ?? { status: 404, type: 'text/plain', body: 'no such thing' }
  req.resume()
  res.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = createServer(serve).listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
    console.log(`upstream on http://127.0.0.1:${server.address().port}`)
  })
}
