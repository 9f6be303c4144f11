// naive.mjs without JSON: the bodies are pasted together as bytes, with one write. It checks nothing: no status, no JSON, no equal keys. What it sends
// is JSON only while its upstream sends JSON objects without white space around them.
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(process.env.UPSTREAM)

async function fetchBytes(path) {
  const { body } = await pool.request({ method: 'GET', path })
  return Buffer.from(await body.arrayBuffer())
}

const [OPEN, COMMA, CLOSE] = ['{', ',', '}'].map(text => Buffer.from(text))
const [A, B, C] = ['{"a":', ',"b":', ',"c":'].map(text => Buffer.from(text))
const inside = bytes => bytes.subarray(1, -1)

const ROUTES = {
  '/merge': async () => {
    const [a, b, c] = await Promise.all([fetchBytes('/a.json'), fetchBytes('/b.json'), fetchBytes('/c.json')])
    return [OPEN, inside(a), COMMA, inside(b), COMMA, inside(c), CLOSE]
  },
  '/group': async () => {
    const [a, b, c] = await Promise.all([fetchBytes('/a.json'), fetchBytes('/16k.json'), fetchBytes('/c.json')])
    return [A, a, B, b, C, c, CLOSE]
  }
}

const server = createServer(async (req, res) => {
  try {
    const body = Buffer.concat(await ROUTES[req.url]())
    res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length })
    res.end(body)
  } catch {
    res.writeHead(500).end()
  }
})
server.keepAliveTimeout = 75_000
server.listen(Number(process.env.PORT), '127.0.0.1')
