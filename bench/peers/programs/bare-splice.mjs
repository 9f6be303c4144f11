// The floor of an aggregator, as bare.mjs is that of a proxy: splice.mjs over handlers of undici's own, without promises, streams and fields of
// requests. It is no program that is of use: it ends on the first protocol error.
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(process.env.UPSTREAM)

const PARTS = {
  '/merge': ['/a.json', '/b.json', '/c.json'],
  '/group': ['/a.json', '/16k.json', '/c.json']
}
/** What stands before each part, and after the last one. */
const GROUP = ['{"a":', ',"b":', ',"c":', '}'].map(text => Buffer.from(text))
const [OPEN, COMMA, CLOSE] = ['{', ',', '}'].map(text => Buffer.from(text))
const HEAD = 'application/json; charset=utf-8'

const group = bodies => [GROUP[0], ...bodies[0], GROUP[1], ...bodies[1], GROUP[2], ...bodies[2], GROUP[3]]
const merge = bodies => {
  const [a, b, c] = bodies.map(chunks => (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)).subarray(1, -1))
  return [OPEN, a, COMMA, b, COMMA, c, CLOSE]
}

class Joined {
  constructor(res, join) {
    this.res = res
    this.join = join
    this.bodies = [[], [], []]
    this.open = 3
  }
  end() {
    if (--this.open > 0) return
    const body = Buffer.concat(this.join(this.bodies))
    this.res.writeHead(200, ['Content-Type', HEAD, 'Content-Length', String(body.length)])
    this.res.end(body)
  }
}

class Part {
  constructor(joined, index) {
    this.joined = joined
    this.chunks = joined.bodies[index]
  }
  onConnect() {}
  onHeaders() {
    return true
  }
  onData(chunk) {
    this.chunks.push(chunk)
    return true
  }
  onComplete() {
    this.joined.end()
  }
  onError() {
    this.joined.res.destroy()
  }
}

const server = createServer((req, res) => {
  const joined = new Joined(res, req.url === '/merge' ? merge : group)
  const paths = PARTS[req.url]
  for (let i = 0; i < 3; i++) pool.dispatch({ method: 'GET', path: paths[i] }, new Part(joined, i))
})
server.keepAliveTimeout = 75_000
server.listen(Number(process.env.PORT), '127.0.0.1')
