// @fastify/http-proxy as its README shows it, logger off.
import proxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const app = Fastify({ logger: false, keepAliveTimeout: 75_000 })
app.register(proxy, { upstream: process.env.UPSTREAM })
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
