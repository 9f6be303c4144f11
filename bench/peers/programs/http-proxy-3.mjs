// http-proxy-3 with a keep-alive agent; without one it opens a connection per request.
import { Agent, createServer } from 'node:http'
import { createProxyServer } from 'http-proxy-3'

const proxy = createProxyServer({ target: process.env.UPSTREAM, agent: new Agent({ keepAlive: true, maxSockets: 256 }) })
proxy.on('error', (_error, _req, res) => res.destroy?.())
const server = createServer((req, res) => proxy.web(req, res))
server.keepAliveTimeout = 75_000
server.listen(Number(process.env.PORT), '127.0.0.1')
