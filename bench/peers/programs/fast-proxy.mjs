// fast-proxy over undici, its faster client; no router in front.
import { createServer } from 'node:http'
import fastProxy from 'fast-proxy'

const { proxy } = fastProxy({ base: process.env.UPSTREAM, undici: { connections: 256, pipelining: 1 } })
const server = createServer((req, res) => proxy(req, res, req.url, {}))
server.keepAliveTimeout = 75_000
server.listen(Number(process.env.PORT), '127.0.0.1')
