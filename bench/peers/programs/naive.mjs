// The aggregator most people would write: undici's request, JSON.parse, Object.assign, JSON.stringify. No deadlines, no partial responses.
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(process.env.UPSTREAM)

async function fetchJson(path) {
  const { body } = await pool.request({ method: 'GET', path })
  return body.json()
}

const pick = (value, keys) => Object.fromEntries(keys.filter(key => key in value).map(key => [key, value[key]]))

const ROUTES = {
  '/json/150': () => fetchJson('/150.json'),
  '/json/16k': () => fetchJson('/16k.json'),
  '/json/1m': () => fetchJson('/1m.json'),
  '/merge': async () =>
    Object.assign({}, ...(await Promise.all([fetchJson('/a.json'), fetchJson('/b.json'), fetchJson('/c.json')]))),
  '/group': async () => {
    const [a, b, c] = await Promise.all([fetchJson('/a.json'), fetchJson('/16k.json'), fetchJson('/c.json')])
    return { a, b, c }
  },
  '/allow': async () => pick(await fetchJson('/16k.json'), ['id', 'name', 'total'])
}

const server = createServer(async (req, res) => {
  try {
    const text = JSON.stringify(await ROUTES[req.url]())
    res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text) })
    res.end(text)
  } catch {
    res.writeHead(500).end()
  }
})
server.keepAliveTimeout = 75_000
server.listen(Number(process.env.PORT), '127.0.0.1')
