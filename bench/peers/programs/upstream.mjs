// The upstream where nginx is not on the PATH: the files of one folder from memory, uploads read and dropped.
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'

const files = new Map()
for (const name of readdirSync(process.env.ROOT)) {
  const body = readFileSync(path.join(process.env.ROOT, name))
  const type = name.endsWith('.json') ? 'application/json' : 'text/plain'
  const head = ['Content-Type', type, 'Content-Length', String(body.length)]
  files.set(`/${name}`, { body, head })
  files.set(`/cached/${name}`, { body, head: [...head, 'Cache-Control', 'max-age=3600', 'Date', new Date().toUTCString()] })
}
const server = createServer((req, res) => {
  req.resume()
  if (req.url === '/upload') {
    req.on('end', () => res.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', '2']).end('ok'))
    return
  }
  const file = files.get(req.url)
  if (file === undefined) res.writeHead(404).end()
  else res.writeHead(200, file.head).end(file.body)
})
server.keepAliveTimeout = 75_000
server.listen(Number(process.env.PORT), '127.0.0.1')
