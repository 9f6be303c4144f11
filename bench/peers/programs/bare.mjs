// The floor: what node:http and undici cost by themselves. Heads and chunks go over raw; no routes, no rules, no deadlines,
// no word about clients that vanish. Not a gateway: it forwards hop-by-hop fields and ends on the first protocol error.
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(process.env.UPSTREAM)

class Transfer {
  constructor(res) {
    this.res = res
    this.resume = undefined
  }
  onConnect() {}
  onHeaders(status, raw, resume) {
    const head = []
    for (let i = 0; i < raw.length; i++) head.push(raw[i].toString('latin1'))
    this.res.writeHead(status, head)
    this.resume = resume
    return true
  }
  onData(chunk) {
    if (this.res.write(chunk)) return true
    this.res.once('drain', this.resume)
    return false
  }
  onComplete() {
    this.res.end()
  }
  onError() {
    this.res.destroy()
  }
}

const server = createServer((req, res) => {
  const body = req.method === 'GET' ? null : req
  pool.dispatch({ method: req.method, path: req.url, headers: req.rawHeaders, body }, new Transfer(res))
})
server.keepAliveTimeout = 75_000
server.listen(Number(process.env.PORT), '127.0.0.1')
